package auth_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

func TestCookieGivesUser(t *testing.T) {
	a := newAuth(t, withSecret())
	token := hs256().token(t, claims(ada+`,"iss":"shop","plan":"pro"`))
	user, err := a.Authenticate(request("Cookie: theme=dark; session=" + token))
	if err != nil {
		t.Fatal(err)
	}
	if want := (auth.Subscriber{Kind: auth.Email, ID: "ada@example.com"}); user.Subscriber != want {
		t.Errorf("subscriber %#v, want Ada", user.Subscriber)
	}
	if plan, _ := user.Claim("plan"); plan != "pro" || user.Issuer != "shop" || user.Expires.IsZero() {
		t.Errorf("plan %q, issuer %q, expires %v", plan, user.Issuer, user.Expires)
	}
}

func TestSignatureOfEveryAlgorithm(t *testing.T) {
	for _, alg := range []string{
		"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
	} {
		t.Run(alg, func(t *testing.T) {
			a, s := authFor(t, alg)
			token := s.token(t, claims(ada))
			accepted(t, a, token)
			refused(t, a, token[:len(token)-8]+"AAAAAAAA", "")
			refused(t, a, s.token(t, claims(ada))[:len(token)-20], "")
		})
	}
}
