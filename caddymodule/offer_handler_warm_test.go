package caddymodule_test

import (
	"net/http"
	"strings"
	"testing"
)

// warmShop is pricedShop with links that are made in advance.
var warmShop = strings.Replace(pricedShop, "checkout_offer /plans vip sale",
	"checkout_offer /plans vip sale {\n\t\twarm\n\t}", 1)

// openWarmShop starts it. What it returns waits for the next answer of the API.
func openWarmShop(t *testing.T) (s *shop, answered func()) {
	t.Setenv("HOOK_TOKEN", hookToken)
	s = openShop(t, warmShop)
	answers := make(chan struct{}, 100)
	s.api.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.zotlo.ServeHTTP(w, r)
		answers <- struct{}{}
	})
	return s, func() { <-answers }
}

// A shopper reads the page, and their first click costs no call: it finds the link, or waits for the
// call that the page has begun.
func TestFirstClickAfterAWarmPage(t *testing.T) {
	s, answered := openWarmShop(t)
	ann := fresh(t, "ann")
	s.click("/plans", ann)
	answered()
	s.apiCalls(1)
	res := s.click("/upgrade", ann)
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("the click was answered %s", res.Status)
	}
	s.apiCalls(1)
}

// Nobody is there for whom a link could be made, or nobody sees the page.
func TestWhoseLinkIsNotWarmed(t *testing.T) {
	s, answered := openWarmShop(t)
	ben := fresh(t, "ben")
	s.click("/plans")
	s.click("/plans", header("Cookie", "session=no.good.token"))
	s.click("/plans", as(map[string]any{"sub": "no address"}))
	s.click("/plans", ben, method(http.MethodHead))
	s.click("/plans", ben, method(http.MethodOptions))
	s.click("/plans", ben, header("Sec-Purpose", "prefetch;prerender"))
	s.click("/plans", ben, header("HX-Preloaded", "true"))
	s.apiCalls(0)
	s.click("/plans", fresh(t, "ann"))
	answered()
	s.apiCalls(1)
}

// After a payment the link that a page has made is dead.
func TestPaymentKillsAWarmLink(t *testing.T) {
	s, answered := openWarmShop(t)
	s.zotlo.SetWebhooks(hooksTo(s))
	ann := fresh(t, "ann")
	s.click("/plans", ann)
	answered()
	link := s.click("/upgrade", ann).Header.Get("Location")
	s.apiCalls(1)
	if _, err := s.zotlo.Pay(link); err != nil {
		t.Fatal(err)
	}
	s.click("/plans", ann)
	answered()
	s.apiCalls(2)
}
