package main

import "testing"

// TestBrowserPaysOnThePage: as somebody who is known, and as a guest.
func TestBrowserPaysOnThePage(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.open("/form")
	b.press("Pay 4.99 EUR")
	b.sees("Thank you! Your payment has arrived.")
	outcome(t, d, "embed")
	if sold := d.sandbox.Payments(); len(sold) != 1 || sold[0].PackageID != planPlus ||
		sold[0].SubscriberID != "ada@kingfisher.example" {
		t.Errorf("sold %+v", sold)
	}
	b = sit(t, d)
	b.open("/form")
	b.until("a field for the address", `!!document.querySelector("#form input:enabled")`)
}
