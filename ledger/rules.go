package ledger

import (
	"strconv"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/zotlo"
)

// This file holds what follows from a webhook alone: pure rules, whatever keeps the facts.

// identity names what a webhook says, whatever id its delivery bears, within its transaction. A
// payment is one by its status, for a trial that is paid later may keep its transaction; a refund
// by its amount and date as well, since a payment may be given back in parts.
func identity(e zotlo.Event) string {
	switch e.Kind {
	case zotlo.WebhookPayment:
		return charge{Status: text(e.Status)}.once()
	case zotlo.WebhookRefund:
		return refundOf(e, time.Time{}).once()
	}
	// Of two states at one instant, origin.hear chooses in a way that needs no order.
	return "state\x00" + strconv.FormatInt(e.CreatedAt.UnixMicro(), 10)
}

// once names a charge within its transaction. Stores remember these texts, so they are never
// written otherwise.
func (c charge) once() string { return "payment\x00" + string(c.Status) }

// once names a refund within its transaction. Whether refund_price is of this part or of all parts
// so far, Zotlo's page "Refunds Webhook" does not say. The date beside it tells two parts of the
// same amount apart.
func (r refund) once() string {
	return strings.Join([]string{
		"refund", string(r.Status), strconv.FormatInt(int64(r.Said), 10), strconv.FormatInt(r.At, 10),
	}, "\x00")
}

// samePrice reports whether two decimal texts are the same amount: "9.9", "9.90" and "09.900" are.
// Text that is no amount is the same as nothing, not even as itself. Zotlo writes a price as a
// number in one webhook and as text in the other.
func samePrice(a, b string) bool {
	x, ok := money.Parse(a)
	if !ok {
		return false
	}
	y, ok := money.Parse(b)
	return ok && x == y
}

// differences are in what a payment may differ from what its link asked for, or its page said.
// Zotlo may leave any field out. What it leaves out is no difference. The kinds are label values of
// a metric: none is ever renamed.
var differences = [...]struct {
	kind   string
	differ func(paid zotlo.Event, asked source) bool
}{
	{"price", func(paid zotlo.Event, asked source) bool {
		return asked.Price != "" && !costs(paid, asked.Price)
	}},
	{"currency", func(paid zotlo.Event, asked source) bool {
		return asked.Price != "" && paid.Currency != "" && paid.Currency != asked.Currency
	}},
	// A link with a price of its own sells once. What renews was sold otherwise than asked.
	{"payment_type", func(paid zotlo.Event, asked source) bool {
		return asked.Price != "" && paid.PaymentType != "" && paid.PaymentType != "consumable"
	}},
	// Amounts of two currencies cannot be compared.
	{"quote_price", func(paid zotlo.Event, asked source) bool {
		return asked.Quote != "" && paid.Currency == asked.QuoteCur && !costs(paid, asked.Quote)
	}},
	// A page may quote a currency that Zotlo does not charge in the shopper's country.
	{"quote_currency", func(paid zotlo.Event, asked source) bool {
		return asked.Quote != "" && paid.Currency != "" && paid.Currency != asked.QuoteCur
	}},
}

// costs reports whether a payment is of the price of one, times what was bought. A payment that
// does not say its price is. A webhook's price is for all that was bought, a link's for one.
func costs(paid zotlo.Event, one string) bool {
	if paid.Price == "" || samePrice(paid.Price, one) && paid.Quantity <= 1 {
		return true
	}
	whole, ok := money.Parse(paid.Price)
	unit, known := money.Parse(one)
	return ok && known && whole == unit*money.Amount(max(1, paid.Quantity))
}

// MismatchKinds lists every kind of Payment.Mismatches. It is a closed set, fit for a metric's
// label.
func MismatchKinds() []string {
	kinds := make([]string, len(differences), len(differences)+1)
	for i, d := range differences {
		kinds[i] = d.kind
	}
	return append(kinds, offerSpent)
}

// offerSpent is the kind of a sale by a signed offer that another sale had spent. It is in no table:
// the webhook alone does not show it.
const offerSpent = "offer_spent"

// mismatches compares a payment with what its link asked for, or its page said. A discount code is
// the shopper's to use, so a price that it cut is none. A difference is told and refuses nothing,
// for the money has been paid already.
func mismatches(paid zotlo.Event, asked source) (kinds []string) {
	if paid.Discounted {
		return nil
	}
	for _, d := range differences {
		if d.differ(paid, asked) {
			kinds = append(kinds, d.kind)
		}
	}
	return kinds
}
