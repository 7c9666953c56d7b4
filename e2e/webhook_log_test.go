package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// Caddy logs an error with the request's address, and a webhook's address holds its token. So a
// webhook is never an error of Caddy's.
func TestRefusedWebhookLogsNoToken(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling) // with debug, which logs every error
	const known = "?token=" + shoptest.HookToken
	for _, tt := range []struct {
		method, query, body string
		want                int
	}{
		{http.MethodPost, "?token=guessed-by-a-visitor", "{}", http.StatusUnauthorized},
		{http.MethodGet, known, "", http.StatusMethodNotAllowed},
		{http.MethodPost, known, "{", http.StatusBadRequest},
		{http.MethodPost, known, strings.Repeat(" ", 70_000), http.StatusRequestEntityTooLarge},
	} {
		if got := s.SendHook(t, tt.method, tt.query, tt.body); got != tt.want {
			t.Errorf("%s %.10q is answered %d, want %d", tt.method, tt.body, got, tt.want)
		}
	}
	shoptest.WantNone(t, "the log", s.Log.String(), shoptest.HookToken, "guessed-by-a-visitor")
}

func TestWebhookThatItsBackendFailsLogsNoToken(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	// With debug, reverse_proxy logs whole requests.
	s := shoptest.OpenSelling(t, strings.Replace(passing(b), "\tdebug\n", "", 1))
	b.Close()
	got := s.SendHook(t, http.MethodPost, "?token="+shoptest.HookToken, "{}")
	if got != http.StatusBadGateway {
		t.Errorf("without a backend: %d", got)
	}
	if !s.Logged("a webhook's next handler failed") {
		t.Error("nobody is told that the backend failed")
	}
	shoptest.WantNone(t, "the log", s.Log.String(), shoptest.HookToken)
}
