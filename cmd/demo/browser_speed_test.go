package main

import (
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// TestBrowserTimeFromClickToCheckout measures and prints; it judges nothing, since a busy machine
// would only be blamed.
func TestBrowserTimeFromClickToCheckout(t *testing.T) {
	const rounds = 7
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.open("/checkout/plus") // the browser, and the link, get warm
	median := func(address string) time.Duration {
		var took []time.Duration
		for range rounds {
			begin := time.Now()
			b.do(chromedp.Navigate(d.place.shop + address))
			took = append(took, time.Since(begin))
			b.arrivesAtCheckout()
		}
		slices.Sort(took)
		return took[rounds/2].Round(time.Millisecond / 10)
	}
	d.sandbox.Fail(sandbox.Latency(200 * time.Millisecond))
	cached := median("/checkout/plus")
	b.open("/")
	b.press("Sign out")
	b.until("nobody to be signed in", `!document.querySelector("form[action='/sign-out']")`)
	uncached := median("/ref/mira/get") // links of anonymous visitors are never cached
	t.Logf("from click to the loaded checkout page, median of %d: %v cached, %v uncached with an "+
		"API that takes 200 ms", rounds, cached, uncached)
	if calls := d.sandbox.Calls(); calls != 1+rounds {
		t.Errorf("%d API calls were made, want %d: something else was measured", calls, 1+rounds)
	}
}
