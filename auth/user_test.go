package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

func TestClaim(t *testing.T) {
	a := newAuth(t, withSecret())
	user, err := a.UnverifiedUser([]byte(`{
		"plan": "pro", "n": 9007199254740993, "f": 1.50, "e": 1E3, "yes": true, "no": false,
		"null": null, "empty": "", "o.p": null, "o": {"p": "path"},
		"list": ["a", {"b": 1}],
		"object": {"a": {"b": "deep"}, "empty": "", "null": null, "x.y": "dotted"},
		"a.b": "exact", "a": {"b": "path", "c.d": {"e": "far"}}, "a.c": {"d.e": "longest"},
		"": "nameless",
		"escaped": "line\nbreak \u00e9 \ud83d\ude00", "https://shop.example.com/plan": "gold"
	}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"plan": "pro", "n": "9007199254740993", "f": "1.50", "e": "1E3", "yes": "true",
		"no":   "false",
		"list": `["a", {"b": 1}]`, "object.a": `{"b": "deep"}`, "object.a.b": "deep",
		"object.x.y": "dotted",
		"a.b":        "exact", "a.c.d.e": "longest", "o.p": "path", "escaped": "line\nbreak é 😀",
		"https://shop.example.com/plan": "gold", "": "nameless",
	} {
		if got, ok := user.Claim(path); !ok || got != want {
			t.Errorf("%q is %q, %t; want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{
		"null", "empty", "object.empty", "object.null", "missing", "object.missing", "list.0",
		"list.1.b", "plan.x", "n.x", ".", "..",
		"object.", ".object", "object..a", "object.a.b.c", "PLAN", "Plan",
	} {
		if got, ok := user.Claim(path); ok || got != "" {
			t.Errorf("%q is %q, want nothing", path, got)
		}
	}
	if got, ok := (&auth.User{}).Claim("plan"); ok || got != "" {
		t.Error("a zero User has no claims")
	}
}

// A user printed by mistake tells nothing.
func TestUsersDoNotPrintThemselves(t *testing.T) {
	user := accepted(t, newAuth(t, withSecret()), hs256().token(t, claims(ada)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{user, user.Subscriber} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "ada") ||
				strings.Contains(text, "example.com") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
	if text := (auth.Subscriber{}).String(); text != nobody {
		t.Errorf("the zero Subscriber is %q", text)
	}
}

// TestUnconfirmed: an address that is there and not confirmed is told apart from none.
func TestUnconfirmed(t *testing.T) {
	for _, test := range []struct {
		contact, claims string
		want            bool
	}{
		{"", `"email":"ada@example.com","email_verified":false`, true},
		{"", `"email":"ada@example.com","email_verified":null`, true},
		{"", `"phone_number":"+905551112233","phone_number_verified":"false"`, true},
		{"", `"email":"ada@example.com","email_verified":false,"sub":"4711"`, true},
		{"required", `"email":"ada@example.com"`, true},
		{"required", `"phone_number":"+1 (425) 555-1212"`, true},
		{"required", `"email":["ada@example.com"]`, true},

		{"", `"email":"ada@example.com"`, false}, // taken
		{"", `"email":"ada@example.com","email_verified":false,"sub":"` + aUUID + `"`, false},
		{"", `"email":"nonsense","email_verified":false`, false},
		{"", `"email_verified":false`, false},
		{"", `"sub":"4711"`, false},
		{"", ``, false},
		{"ignore", `"email":"ada@example.com","email_verified":false`, false},
	} {
		a := newAuth(t, auth.Config{Secrets: []string{secret}, VerifiedContact: test.contact})
		user := accepted(t, a, hs256().token(t, claims(test.claims)))
		if user.Unconfirmed != test.want {
			t.Errorf("%s %s: unconfirmed is %t", test.contact, test.claims, user.Unconfirmed)
		}
		if user.Unconfirmed && user.Subscriber.Known() {
			t.Errorf("%s: a subscriber that is not confirmed", test.claims)
		}
	}
}
