package caddymodule_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/caddymodule"
)

// With pass_through the backend's answer is the answer, but for a success while our work is undone:
// then both hear it again.
func TestBackendsSuccessDoesNotEndTheWork(t *testing.T) {
	for name, next := range map[string]string{
		"a backend that says nothing": "",
		"a backend that says 200":     "\trespond /hooks/zotlo thanks 200\n",
		"a backend that says 204":     "\trespond /hooks/zotlo 204\n",
	} {
		for _, op := range []string{"forget", "read", "do"} {
			t.Run(name+", "+op, func(t *testing.T) {
				s := openTill(t, strings.NewReplacer("{env.HOOK_TOKEN}\n", "{env.HOOK_TOKEN}\n\t\tpass_through\n",
					"\tcheckout_webhook", next+"\tcheckout_webhook").Replace(subscriptionShop))
				stumble(op, 3)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, s.webhook(t.Context(), "TransactionInsert", "1"))
				if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" ||
					strings.Contains(w.Body.String(), "thanks") {
					t.Errorf("answered %d %q", w.Code, w.Body)
				}
				s.counted(0)
				stumble("", 0)
				w = httptest.NewRecorder()
				s.ServeHTTP(w, s.webhook(t.Context(), "TransactionInsert", "1"))
				if w.Code >= 300 {
					t.Errorf("the repeat is answered %d", w.Code)
				}
				s.counted(1)
				s.leadsTo("/account")
			})
		}
	}
}

// A repeat does what the first delivery left, with pass_through as well.
func TestRepeatBehindABackendDoesWhatIsLeft(t *testing.T) {
	// to forget is tried three times by itself
	for op, n := range map[string]int{"forget": 3, "read": 1, "do": 1} {
		t.Run(op, func(t *testing.T) {
			s := openTill(t, failingBackend)
			stumble(op, n)
			for range 3 {
				s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
			}
			s.counted(1)
			s.leadsTo("/account")
		})
	}
}

// While Redis is down and the backend with it, a payment is repeated, and it counts once when it
// can be written down.
func TestRepeatsCountOnceThoughNothingCanBeWritten(t *testing.T) {
	s := openTill(t, failingBackend)
	caddymodule.Stumbles.Set(map[string]int{"forget": 99, "read": 99, "do": 99})
	for range 3 {
		s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	}
	s.counted(0)
	stumble("", 0)
	for range 2 {
		s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
		s.counted(1)
	}
	s.leadsTo("/account")
}
