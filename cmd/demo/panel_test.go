package main

import (
	"strings"
	"testing"
)

// The panel must not tell of a token that an anonymous visitor does not have. The same route gives
// a member a link in their name.
func TestPanelTellsAnAnonymousLinkFromAMembers(t *testing.T) {
	d := open(t, false)
	const anAnonymous, aMember = "A link without a name, fresh from Zotlo", "The token was checked"
	guest := arrive(t, d)
	guest.hit("/ref/mira/get")
	outcome(t, d, "link")
	panel := guest.get("/happened")
	says(t, panel, anAnonymous)
	saysNot(t, panel, aMember)

	// Their token is good, but its address was never confirmed.
	sam := arrive(t, d)
	sam.signIn("sam")
	sam.hit("/ref/robin/get")
	happens(t, d, "Sam's link", func(it happening) bool { return it.Path == "/ref/robin/get" })
	saysNot(t, sam.get("/happened"), aMember)

	ada := arrive(t, d)
	ada.signIn("ada")
	ada.hit("/ref/ada/get")
	happens(t, d, "Ada's link", func(it happening) bool { return it.Path == "/ref/ada/get" })
	says(t, ada.get("/happened"), aMember)
}

func TestPanelNamesTheLinesAndHoldsNothingPersonal(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	link := ada.hit("/checkout/plus")
	ada.pay(link)
	outcome(t, d, "link")
	panel := ada.get("/happened")
	says(t, panel, "A personal link, fresh from Zotlo",
		"checkout_link /checkout/plus plus-tr plus {", "campaign plus {", "1 (200)")
	saysNot(t, panel, "ada@kingfisher.example", link[strings.LastIndex(link, "/"):], "JWT")
	for name, secret := range d.secrets {
		for _, address := range []string{"/", "/happened", "/caddyfile", "/account"} {
			if strings.Contains(ada.get(address).body, secret) {
				t.Errorf("%s shows %s", address, name)
			}
		}
	}
}
