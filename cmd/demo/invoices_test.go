package main

import "testing"

func TestBackendPricesAnInvoice(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	p := ada.send("/invoices/2026-021/pay", nil)
	link, ok := d.sandbox.Link(p.to())
	if !ok {
		t.Fatalf("answered %d to %q", p.StatusCode, p.to())
	}
	if link.CustomPrice != "124.00" || link.PackageName != "Invoice 2026-021" {
		t.Errorf("the link asks %s for %q", link.CustomPrice, link.PackageName)
	}
	if p.Header.Get("X-Checkout-Price") != "" {
		t.Error("the backend's header reached the browser")
	}
	ada.pay(link.URL)
	happens(t, d, "the payment", func(it happening) bool {
		return it.Kind == kindPayment && it.Package == packageInvoice
	})
	says(t, ada.get("/invoices"), `<p class="have">Paid</p>`)
	sentTo(t, ada.send("/invoices/2026-021/pay", nil), "/invoices")
}
