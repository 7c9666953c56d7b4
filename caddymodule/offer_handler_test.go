package caddymodule_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// offered is the offer that a page got, as the header line of pricedShop.
func offered(res *http.Response) string { return res.Header.Get("X-Offer") }

func TestPageAndCheckoutQuoteTheSamePrice(t *testing.T) {
	s := openPricedShop(t)
	seen := map[string]bool{}
	for _, email := range []string{
		"a@example.com", "b@example.com", "c@example.com",
		"d@example.com", "e@example.com", "f@example.com",
	} {
		page := s.click("/plans", by(email))
		text, err := io.ReadAll(page.Body)
		if err != nil {
			t.Fatal(err)
		}
		link := s.getsLink(s.click("/upgrade", by(email)), email)
		if got := link.Fields["customPrice"]; got != string(text) {
			t.Errorf("%s: the page says %q, the checkout %v", email, text, got)
		}
		if want := string(text) + " EUR Pro"; !strings.HasSuffix(offered(page), want) {
			t.Errorf("%s: the header says %q, want …%q", email, offered(page), want)
		}
		seen[string(text)] = true
	}
	if !seen["19.99"] || !seen["14.99"] {
		t.Errorf("six people saw only %v", seen)
	}
}

func TestAnonymousVisitorSeesTheFirstVariant(t *testing.T) {
	s := openPricedShop(t)
	page := s.click("/plans")
	if offered(page) != "sale control 19.99 EUR Pro" {
		t.Errorf("offered %q", offered(page))
	}
	link := s.getsLink(s.click("/upgrade"), "")
	if got := link.Fields["customPrice"]; got != "19.99" {
		t.Errorf("the checkout says %v", got)
	}
}

func TestOfferOfAMatchingClaim(t *testing.T) {
	s := openPricedShop(t)
	vip := as(map[string]any{"email": "v@example.com", "plan": "vip"})
	if got := offered(s.click("/plans", vip)); !strings.HasPrefix(got, "vip  4.99 EUR") {
		t.Errorf("offered %q", got)
	}
	if got := s.getsLink(s.click("/upgrade", vip),
		"v@example.com").Fields["customPrice"]; got != nil {
		t.Errorf("a quote was sent as a price: %v", got)
	}
}
