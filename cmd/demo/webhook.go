package main

import (
	"encoding/json"
	"net/http"
)

// packageInvoice is the package of the base link that invoices are paid with. The other packages
// are the plans.
const packageInvoice = "invoice"

// payment is what the shop wants to know of a payment webhook.
type payment struct {
	TransactionID string `json:"transaction_id"`
	Package       string `json:"package_id"`
	Subscriber    string `json:"subscriber_id"`
	Price         string `json:"price"`
	Currency      string `json:"currency"`
	Bill          string `json:"-"`
	Custom        struct {
		Merchant struct {
			Bill string `json:"bill"`
		} `json:"merchantParameters"`
	} `json:"custom_parameters"`
}

// webhook is the shop's own end of Zotlo's webhooks. It answers 200 to what it does not need, or it
// would come again.
func (s *shop) webhook(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Queue struct {
			Type string `json:"type"`
		} `json:"queue"`
		Parameters payment `json:"parameters"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&body)
	if err != nil || body.Queue.Type != "TransactionInsert" {
		return
	}
	p := body.Parameters
	p.Bill = p.Custom.Merchant.Bill
	booked, err := s.members.book(p)
	if err != nil {
		http.Error(w, "the payment could not be booked, please repeat it",
			http.StatusServiceUnavailable)
		return
	}
	if booked {
		s.history.add(happening{
			Kind: kindPayment, Package: p.Package, Price: p.Price + " " + p.Currency,
		})
	}
}
