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
	if plan, _ := user.Claim("plan"); plan != "pro" || user.Issuer != "shop" ||
		user.Expires.IsZero() {
		t.Errorf("plan %q, issuer %q, expires %v", plan, user.Issuer, user.Expires)
	}
}

func TestSignatureOfEveryAlgorithm(t *testing.T) {
	for _, alg := range []string{
		"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
		"ES384", "ES512", "EdDSA",
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

func TestTrusts(t *testing.T) {
	a := newAuth(
		t,
		auth.Config{Secrets: []string{secret}, TrustedClaims: []string{"plan", "app.price"}},
	)
	for path, want := range map[string]bool{
		"plan": true, "app.price": true, "app": false, "price": false, "plan.x": false,
		"Plan": false, "": false, "email": false,
	} {
		if a.Trusts(path) != want {
			t.Errorf("Trusts(%q) is %t", path, !want)
		}
	}
}

func TestUnverifiedUser(t *testing.T) {
	a := newAuth(
		t,
		auth.Config{
			Secrets:  []string{secret},
			Issuer:   "https://id.example.com",
			Audience: []string{"shop"},
		},
	)
	for text, rule := range map[string]string{
		`{}`: good, `{"exp":1,"iss":"x"}`: good, `{"exp":"x"}`: "claims_type",
		`{"iss":1}`: "claims_type", `[]`: "claims_json",
		`{"a":1,"a":2}`: "claims_duplicate", `{"SUB":1}`: "claims_case", ``: "claims_json",
	} {
		user, err := a.UnverifiedUser([]byte(text))
		if rule != good {
			wantRule(t, err, rule)
		} else if err != nil || user == nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
