package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

func TestAbuse10UnverifiedAddress(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for _, no := range []any{false, "false", 0, 1, nil2{}, "yes"} {
		token := tokenOf(claims("victim@example.com",
			map[string]any{"email_verified": no, "sub": "4711"}))
		s.Denies(t, fmt.Sprint("email_verified ", no), http.StatusForbidden, "/upgrade",
			bearing(token))
	}
	s.WantCalls(t, 0)
	verified := tokenOf(claims(ann, map[string]any{"email_verified": true}))
	s.WantLinkOf(t, ann, s.Send(t, "/upgrade", bearing(verified)))
}

// nil2 is a claim that is there and null.
type nil2 struct{}

func (nil2) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func TestAbuse11ClaimsOfAnotherType(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for _, email := range []any{
		[]string{ann, ben}, map[string]any{"value": ann}, true, 5550100, 1e300, []any{},
	} {
		token := tokenOf(claims("", map[string]any{"email": email}))
		s.Denies(t, fmt.Sprintf("%v as e-mail", email), http.StatusForbidden, "/upgrade",
			bearing(token))
	}
	for _, sub := range []string{"9007199254740993", "905551234567", "[1]", "{}", "true"} {
		token := tokenOf(claims("", map[string]any{"email": nil, "sub": json.RawMessage(sub)}))
		s.Denies(t, sub+" as sub", http.StatusForbidden, "/upgrade", bearing(token))
	}
	s.WantCalls(t, 0)
	// A list of one says whom it means: some providers write every claim so.
	one := tokenOf(claims("", map[string]any{"email": []string{ann}}))
	s.WantLinkOf(t, ann, s.Send(t, "/upgrade", bearing(one)))
}

func TestAbuse12InvalidAddresses(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for _, email := range []string{
		"a@b@example.com", "ann@", "@example.com", "ann", "ann @example.com",
		"Ann <ann@example.com>", `"a b"@example.com`, "ann@example.com,eve@example.com",
		"аnn@example.com", "ann@exämple.com", "ann@example.com\r\nBcc: eve@example.com",
		"ann\x00@example.com", "a&b@example.com", "a`b@example.com",
		strings.Repeat("a", 250) + "@example.com",
	} {
		token := tokenOf(claims(email))
		s.Denies(t, fmt.Sprintf("%q", email), http.StatusForbidden, "/upgrade", bearing(token))
	}
	s.WantCalls(t, 0)
	// The local part is sent as it is; only comparing goes without case.
	s.WantLinkOf(t, "Ann.B+x@Example.com", s.Send(t, "/upgrade", as("Ann.B+x@Example.com")))
}
