package auth_test

import (
	"slices"
	"strings"
	"testing"

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
