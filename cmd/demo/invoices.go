package main

import (
	"net/http"
)

// invoice is a bill of an amount that only the backend knows.
type invoice struct {
	Number string
	For    string
	Price  string
	Paid   bool
}

var invoiceBook = []invoice{
	{Number: "2026-017", For: "Guided dawn walk, two people", Price: "38.50"},
	{Number: "2026-021", For: "Parabolic microphone, hire for a week", Price: "124.00"},
}

func (s *shop) invoices() []invoice {
	list := make([]invoice, len(invoiceBook))
	for i, inv := range invoiceBook {
		inv.Paid = s.members.isPaid(inv.Number)
		list[i] = inv
	}
	return list
}

// priceInvoice is the tiny backend: it names a campaign and a price in its answer, and Caddy does
// the rest. Its own page is what the visitor gets when that campaign is not active.
func (s *shop) priceInvoice(w http.ResponseWriter, r *http.Request) {
	number := r.PathValue("number")
	for _, inv := range s.invoices() {
		if inv.Number != number {
			continue
		}
		if inv.Paid {
			http.Redirect(w, r, "/invoices", http.StatusSeeOther)
			return
		}
		w.Header().Set("X-Checkout-Campaign", "invoice")
		w.Header().Set("X-Checkout-Price", inv.Price)
		w.Header().Set("X-Checkout-Invoice", inv.Number)
		s.show(w, r, http.StatusOK, "later", "The checkout is taking a rest")
		return
	}
	s.notFound(w, r)
}
