package main

import "testing"

// The panel must not tell of a token that a stranger does not have. The same route gives a member a link in his name.
func TestPanelTellsAStrangersLinkFromAMembers(t *testing.T) {
	d := open(t, false)
	const aStrangers, aMembers = "A link without a name, fresh from Zotlo", "The token was checked"
	stranger := visit(t, d)
	stranger.hit("/ref/mira/get")
	outcome(t, d, "link")
	panel := stranger.get("/happened")
	says(t, panel, aStrangers)
	saysNot(t, panel, aMembers)

	// His token is good, but its address was never confirmed.
	sam := visit(t, d)
	sam.signIn("sam")
	sam.hit("/ref/robin/get")
	happens(t, d, "Sam's link", func(it happening) bool { return it.Path == "/ref/robin/get" })
	saysNot(t, sam.get("/happened"), aMembers)

	ada := visit(t, d)
	ada.signIn("ada")
	ada.hit("/ref/ada/get")
	happens(t, d, "Ada's link", func(it happening) bool { return it.Path == "/ref/ada/get" })
	says(t, ada.get("/happened"), aMembers)
}
