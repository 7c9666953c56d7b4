package caddymodule_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// TestURLsInJSONAreAbsolute: a script that reads the JSON may belong to another origin, or to an
// app that has none.
func TestURLsInJSONAreAbsolute(t *testing.T) {
	at := func(host string) func(*request) { return func(r *request) { r.Host = host } }
	for i, host := range []string{"shop.example.com", "shop.example.com:8443", "[::1]:8080"} {
		t.Run(host, func(t *testing.T) {
			s := openShop(t, scriptShop)
			s.zotlo.SetWebhooks(hooksTo(s))
			ann := by(fmt.Sprintf("ann-%d@json.example.com", i))
			bob := by(fmt.Sprintf("bob-%d@json.example.com", i))

			res := s.click("/upgrade?a=1", wantJSON, at(host))
			s.fails(res, http.StatusUnauthorized)
			want := "http://" + host + "/login?next=%2Fupgrade%3Fa%3D1"
			if got := s.body(res)["login"]; got != want {
				t.Errorf("login %v, want %s", got, want)
			}

			link := s.click("/account-or-buy", ann, at(host)).Header.Get("Location")
			if _, err := s.zotlo.Pay(link); err != nil {
				t.Fatal(err)
			}
			res = s.click("/account-or-buy", ann, wantJSON, at(host))
			if got := s.body(res)["url"]; got != "http://"+host+"/account" {
				t.Errorf("url after a payment %v", got)
			}

			s.zotlo.Fail(sandbox.BadRequest(400008))
			res = s.click("/upgrade", bob, wantJSON, at(host))
			s.fails(res, http.StatusBadGateway)
			if got := s.body(res)["fallback"]; got != "http://"+host+"/pricing" {
				t.Errorf("fallback %v", got)
			}
		})
	}
}
