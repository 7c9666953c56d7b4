package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestEveryPageAnswers(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	for range 2 { // anonymous, and signed in
		for _, address := range shopPages {
			p := ada.get(address)
			if p.StatusCode != http.StatusOK {
				t.Errorf("%s is answered %d", address, p.StatusCode)
			}
			says(t, p, "</html>", "What just happened")
		}
		ada.signIn("ada")
	}
	says(t, ada.get("/ref/%C3%BCmit"), "Ümit hears it too")
	p := ada.get("/nowhere")
	if p.StatusCode != http.StatusNotFound {
		t.Errorf("/nowhere is answered %d", p.StatusCode)
	}
	says(t, p, "Not found")
}

// shopPages are the pages that the shop can show to anybody.
var shopPages = []string{
	"/", "/sign-in", "/account", "/ref/mira", "/form", "/invoices",
	"/later?next=/checkout/plus", "/trouble", "/not-a-click", "/caddyfile",
}

func TestVisitorsCannotWriteTheBackendsHeaders(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	home := ada.get("/", "X-Offer-Plus-Price", "0.01", "X-Offer-Forever-Price", "0.01",
		"X-Error-Message", "forged")
	saysNot(t, home, "0.01", "forged")
	saysNot(t, ada.get("/invoices", "X-Offer-Plus-Price", "0.01"), "0.01")
	saysNot(t, ada.get("/error", "X-Error-Status", "500", "X-Error-Message", "forged"), "forged")
	p := ada.do(http.MethodPost, "/invoices/2026-021/pay", "", "X-Checkout-Price", "0.01")
	if link, _ := d.sandbox.Link(p.to()); link.CustomPrice != "124.00" {
		t.Errorf("the link asks %q", link.CustomPrice)
	}
}

func TestErrorWithoutWordsStillHasAPage(t *testing.T) {
	d := open(t, false)
	r := httptest.NewRequest(http.MethodGet, "/error", nil)
	r.Header.Set("X-Error-Status", "503")
	w := httptest.NewRecorder()
	d.shop.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable ||
		!strings.Contains(w.Body.String(), "Service Unavailable") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

func TestLocalhostLeadsToTheShop(t *testing.T) {
	d := open(t, false)
	p := arrive(t, d).get(d.pay + "/")
	if p.to() != d.place.shop {
		t.Errorf("answered %d to %q", p.StatusCode, p.to())
	}
}
