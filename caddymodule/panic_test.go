package caddymodule_test

import (
	"net/http"
	"testing"
)

func TestPanicCostsOneShopperOneAnswer(t *testing.T) {
	srv := openServer(t, brokenServer("", `checkout_link /u pro {
		fallback /pricing
	}
	checkout_link /e pro`))
	res, _ := srv.click("/u", by("ann@example.com"))
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/pricing" {
		t.Errorf("%d to %q, want the fallback", res.StatusCode, res.Header.Get("Location"))
	}
	res, _ = srv.click("/e", by("ann@example.com"))
	if res.StatusCode != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", res.StatusCode)
	}
	private(t, res)
	srv.warns(2, "panic while making a link", `"error"`, "brokenMatcher")
	srv.warns(0, "secret.person")
}

func TestPanicCostsAPageItsPriceOnly(t *testing.T) {
	srv := openServer(t, brokenServer("", `checkout_offer pro
	respond "price {http.checkout.price}."`))
	res, body := srv.click("/", by("ann@example.com"))
	if res.StatusCode != http.StatusOK || string(body) != "price ." {
		t.Errorf("%d %q", res.StatusCode, body)
	}
	srv.warns(1, "panic while choosing an offer")
}
