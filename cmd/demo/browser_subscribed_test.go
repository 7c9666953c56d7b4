package main

import (
	"testing"
	"time"
)

// TestBrowserSubscriptionIsSoldOnce goes through the life of a subscription with the stand-in's own
// buttons. As long as it runs, the shop's button leads to the account; else it sells.
func TestBrowserSubscriptionIsSoldOnce(t *testing.T) {
	d := open(t, false)
	// Zotlo dates by the second, and of two charges in one second nobody can say which was the
	// last: so steps are seconds apart, in the last minute.
	passed := -time.Minute
	later := func() {
		passed += 3 * time.Second
		d.sandbox.Shift(passed)
	}
	later()
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.press("Get Plus")
	b.arrivesAtCheckout()
	b.press("Pay 4.99 EUR")
	b.sees("Paid, in the sandbox")
	b.press("Back to the shop")
	b.arrives("/account")
	sale := "http://" + d.api + "/_sandbox/sales/" +
		d.sandbox.Subscriptions()[0].OriginalTransactionID
	for _, step := range []struct {
		press string
		runs  bool
	}{
		{"Cancel", true}, // until the period ends
		{"Take it back", true},
		{"Charge fails: grace", true},
		{"Grace: charge works", true},
		{"Pause 30 days", true},
		{"Come back", true},
		{"Cancel now", false},
		{"Renew", true},
		{"Expire", false},
		{"Renew", true},
	} {
		later()
		b.pressAt(sale, step.press)
		b.open("/checkout/plus")
		if !step.runs {
			b.arrivesAtCheckout()
			continue
		}
		b.arrives("/account")
	}
	outcome(t, d, "subscribed")
	later()
	latest := d.sandbox.Subscriptions()[0].LastTransactionID
	b.pressAt("http://"+d.api+"/_sandbox/sales/"+latest, "Refund") // all of it
	b.open("/checkout/plus")
	b.arrivesAtCheckout()
}

// pressAt presses a button of the stand-in's page, and waits for the page that comes of it.
func (b *tab) pressAt(address, name string) {
	b.t.Helper()
	b.open(address)
	js[bool](b, "window.before = true")
	b.press(name)
	b.until("the next page", `window.before === undefined && document.readyState === "complete"`)
}
