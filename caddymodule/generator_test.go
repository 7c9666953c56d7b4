package caddymodule_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestGuestLimit(t *testing.T) {
	s := openFailingShop(t)
	for range 2 {
		s.getsLink(s.click("/guest"), "")
	}
	limited := s.click("/guest")
	s.fails(limited, http.StatusTooManyRequests)
	if limited.Header.Get("Retry-After") == "" {
		t.Error("Retry-After is missing")
	}
	s.apiCalls(2)
}

// TestBreakerGaugeClosesWhenTheAddressIsFixed: nobody asks the old address any more, so nobody
// would ever say that it works again.
func TestBreakerGaugeClosesWhenTheAddressIsFixed(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, "checkout_link /u pro\n\tmetrics /metrics"))
	srv.zotlo.Fail(sandbox.ServerError())
	for _, who := range []string{
		"a@example.com", "b@example.com", "c@example.com", "d@example.com",
		"e@example.com", "f@example.com",
	} {
		srv.click("/u", by(who))
	}
	gauge := func(want string) {
		t.Helper()
		_, body := srv.click("/metrics")
		if !strings.Contains(string(body), `caddy_checkout_breaker_open{project="default"} `+want) {
			t.Errorf("the breaker's gauge is not %s", want)
		}
	}
	gauge("1")
	srv.zotlo.Heal()
	fixed := strings.Replace(serverWith(proCampaign, "checkout_link /u pro\n\tmetrics /metrics"),
		"{$API}", strings.Replace(srv.api.URL, "127.0.0.1", "localhost", 1), 1)
	if err := srv.reload(fixed); err != nil {
		t.Fatal(err)
	}
	gauge("0")
}

func TestBadCredentialsAreOneLogLine(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, "checkout_link /u pro"))
	srv.zotlo.Fail(sandbox.BadCredentials())
	for _, who := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		srv.click("/u", by(who))
	}
	srv.warns(1, "the API refused our keys", `"error"`, `"code":"401002"`)
	if calls := srv.zotlo.Calls(); calls != 1 {
		t.Errorf("%d calls with bad credentials, want 1", calls)
	}
}
