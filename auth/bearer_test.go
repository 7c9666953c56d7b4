package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

// TestBearerAnywhere: frameworks write the scheme into whatever place holds the token.
func TestBearerAnywhere(t *testing.T) {
	token := hs256().token(t, claims(ada))
	bob := hs256().token(t, claims(`"email":"bob@example.com"`))
	from := []auth.Source{
		{In: "cookie", Name: "session"},
		{In: "header", Name: "X-Auth-Token"},
		{In: "header", Name: "Authorization"},
	}
	for line, want := range map[string]string{
		`Cookie: session="Bearer ` + token + `"`:                 "",
		"Cookie: session=Bearer " + token:                        "",
		"Cookie: session=bearer%20" + token:                      "",
		"Cookie: session=BEARER+" + token + "; a=b":              "", // as forms write a blank
		"Cookie: session=Bearer%20%20" + token:                   "",
		"Cookie: session=Bearer " + token + "; session=" + token: "", // the same token
		"Cookie: session=Bearer " + token + "; session=" + bob:   "ambiguous",
		"Cookie: session=Bearer" + token:                         "charset-free",
		"Cookie: session=Basic " + token:                         "charset",
		"Cookie: session=Bearer Bearer " + token:                 "charset",
		"Cookie: session=Bearer%09" + token:                      "charset",
		"Cookie: session=Bearer " + token + " " + token:          "charset",
		"Cookie: session=Bearer":                                 "none",
		"Cookie: session=Bearer%20":                              "none",
		"X-Auth-Token: Bearer " + token:                          "",
		"X-Auth-Token: bEaReR   " + token:                        "",
		"X-Auth-Token: Bearer%20" + token:                        "",
		"X-Auth-Token: Token " + token:                           "charset",
		"X-Auth-Token: Bearer " + token + ", Bearer " + bob:      "charset",
		"X-Auth-Token: Bearer":                                   "none",
		"Authorization: Bearer%20" + token:                       "",
		"Authorization: Token " + token:                          "none",
	} {
		name, _, _ := strings.Cut(strings.ReplaceAll(line, token, "TOKEN"), bob)
		t.Run(name, func(t *testing.T) {
			a := newAuth(t, auth.Config{Secrets: []string{secret}, From: from})
			user, err := a.Authenticate(request(line))
			switch want {
			case "":
				if err != nil || user.Subscriber.ID != "ada@example.com" {
					t.Errorf("user %v, error %v", user, err)
				}
			case "none":
				if !errors.Is(err, auth.ErrNoToken) {
					t.Errorf("error %v, want ErrNoToken", err)
				}
			case "charset-free": // glued to the scheme it is another token
				wantRule(t, err, "")
			default:
				wantRule(t, err, want)
			}
		})
	}
}
