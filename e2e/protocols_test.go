package e2e_test

import (
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// Every version of HTTP that Caddy speaks gives the redirect, under a certificate of its own
// authority.
func TestProtocols(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, shoptest.OverTLS(plain))
	for proto, client := range s.Protocols(t) {
		t.Run(proto, func(t *testing.T) {
			email := strings.ToLower(proto[:4]+proto[5:]) + "@example.com"
			for range 2 {
				got := shoptest.Ask(t, client, "https://"+shoptest.Host+"/upgrade",
					shoptest.SignedIn(email))
				if got.Proto != proto {
					t.Errorf("answered over %s", got.Proto)
				}
				s.WantLinkOf(t, email, got)
			}
		})
	}
	s.WantCalls(t, 3)
}
