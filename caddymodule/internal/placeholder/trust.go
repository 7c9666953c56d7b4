package placeholder

import "strings"

// claims begins the placeholders of verified claims.
const claims = Ours + "claim."

// trustedFamilies are the placeholders that a visitor cannot write: Caddy's, and what stands in an
// offer that the site has signed.
var trustedFamilies = []string{
	"env.", "file.", "time.", "system.",
	"http.auth.user.", Upstream, Ours + "signed.",
	Event, // the site's backend alone tells of events
	// What the operator's table says. A visitor chooses a row at most.
	Ours + Partner + ".",
}

// Trusted reports whether a visitor cannot write the placeholder, on a route whose identity trusts
// these claims. Providers put what users edit into signed tokens, so no claim is trusted by itself.
func Trusted(key string, trustsClaim func(claim string) bool) bool {
	if claim, ok := strings.CutPrefix(key, claims); ok {
		return trustsClaim(claim)
	}
	if key == Ours+Partner {
		return true // the code as the table writes it
	}
	for _, family := range trustedFamilies {
		if strings.HasPrefix(key, family) {
			return true
		}
	}
	return false
}

// IsVerifiedUser reports whether the placeholder can hold a user whom an earlier handler verified.
func IsVerifiedUser(key string) bool {
	return strings.HasPrefix(key, "http.auth.user.") || strings.HasPrefix(key, Upstream)
}
