package token_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/caddymodule/internal/token"
)

func TestSet(t *testing.T) {
	var s token.Set
	if s.Knows("") || s.Knows("anything at all, however long") {
		t.Error("an empty set lets somebody in")
	}
	if err := s.Add("fifteen letters"); err == nil || !strings.Contains(err.Error(), "it has 15 characters") {
		t.Errorf("a short one: %v", err)
	}
	const first, second = "sixteen letters!", "another token of the same"
	for _, text := range []string{first, second, second} {
		if err := s.Add(text); err != nil {
			t.Fatal(err)
		}
	}
	for given, want := range map[string]bool{
		first: true, second: true, "": false, first + " ": false, first[:15]: false, "fifteen letters": false,
	} {
		if s.Knows(given) != want {
			t.Errorf("%q is known: %v", given, !want)
		}
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer abc": "abc", "bearer abc": "abc", "BEARER  abc": "abc", "Bearer a b": "a b",
		"Bearer": "", "Bearer ": "", "Basic abc": "", "abc": "", "": "", "Bearerabc": "",
	} {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		if got := token.Bearer(r); got != want {
			t.Errorf("%q bears %q, want %q", header, got, want)
		}
	}
	two := &http.Request{Header: http.Header{"Authorization": {"Bearer abc", "Bearer abc"}}}
	if got := token.Bearer(two); got != "" {
		t.Errorf("two headers bear %q", got)
	}
	if got := token.Bearer(new(http.Request)); got != "" {
		t.Errorf("no header bears %q", got)
	}
}
