package auth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/caddy-checkout/checkout/auth"
)

func TestRulesAreAClosedSet(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range auth.Rules() {
		if seen[rule] || strings.Trim(rule, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("rule %q", rule)
		}
		seen[rule] = true
	}
	if slices.Contains(auth.RefreshResults(), "") || !slices.Contains(auth.RefreshResults(), "ok") {
		t.Error("the results of a refresh")
	}
}

// No error of a refusal holds anything of the token.
func TestRefusalsQuoteNothing(t *testing.T) {
	a := newAuth(t, withSecret())
	for _, token := range []string{
		"canary", "canary.canary.canary", hs256().sign(t, `{"alg":"canary"}`, "canary"),
		hs256().sign(t, `{"alg":"HS256","typ":"canary"}`, "canary"),
		hs256().token(t, `{"exp":"canary"}`),
		hs256().token(t, `{"exp":1,"email":"canary@example.com"}`), hs256().token(t, `canary`),
	} {
		_, err := a.Verify(t.Context(), token)
		wantRule(t, err, "")
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error is %q", err)
		}
	}
}

// TestRefusalsOfParties: what was expected and what was given stand beside the rules of iss and
// aud, and beside no other.
func TestRefusalsOfParties(t *testing.T) {
	const issuer = "https://id.example.com"
	a := newAuth(t, auth.Config{
		Secrets: []string{secret}, Issuer: issuer, Audience: []string{"shop", "store"},
	})
	long := strings.Repeat("é", 5000/4)
	for _, test := range []struct{ claims, rule, expected, given string }{
		{`"iss":"https://id.example.com/","aud":"shop"`, "issuer", issuer, issuer + "/"},
		{`"iss":"accounts.google.com","aud":"shop"`, "issuer", issuer, "accounts.google.com"},
		{`"aud":"shop"`, "issuer", issuer, ""},
		{`"iss":null,"aud":"shop"`, "issuer", issuer, ""},
		{`"iss":"` + issuer + `","aud":"blog"`, "audience", "shop store", "blog"},
		{`"iss":"` + issuer + `","aud":["blog","wiki"]`, "audience", "shop store", "blog wiki"},
		{`"iss":"` + issuer + `"`, "audience", "shop store", ""},
		{
			`"iss":"` + issuer + `","aud":"x ann@example.com"`, "audience", "shop store",
			"(an address, not shown)",
		},
		{`"iss":"` + issuer + `","aud":"` + long + `"`, "audience", "shop store", long[:256]},
		{`"iss":"` + issuer + `","aud":42`, "claims_type", "", ""},
		{`"iss":"` + issuer + `","aud":"shop","nbf":9000000000`, "far_future", "", ""},
	} {
		_, err := a.Verify(t.Context(), hs256().token(t, claims(test.claims)))
		wantRule(t, err, test.rule)
		refusal, _ := errors.AsType[*auth.RefusedError](err)
		if refusal.Expected != test.expected || refusal.Given != test.given {
			t.Errorf("%.80s: expected %q, given %q", test.claims, refusal.Expected, refusal.Given)
		}
		if !utf8.ValidString(refusal.Given) || strings.Contains(err.Error(), "blog") {
			t.Errorf("%.80s: the error is %q", test.claims, err)
		}
		if pointed := strings.Contains(
			err.Error(), "docs/troubleshooting.md#",
		); pointed != (test.rule == "issuer") {
			t.Errorf("%s points to the docs: %t", test.rule, pointed)
		}
	}

	// The signature comes first: a forged token chooses nothing that is logged.
	_, err := a.Verify(t.Context(), signer{alg: "HS256", private: []byte("not ours")}.token(t,
		claims(`"iss":"chosen by the attacker"`)))
	if refusal, _ := errors.AsType[*auth.RefusedError](err); refusal.Given != "" {
		t.Errorf("a forged token gives %q", refusal.Given)
	}
}
