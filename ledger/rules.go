package ledger

import (
	"strconv"
	"strings"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/zotlo"
)

// This file holds what follows from a webhook alone: pure rules, whatever keeps the facts.

// paymentID names a payment or a refund for counting, whatever id its delivery bears. A payment is
// one by its transaction and status, for a trial that is paid later may keep its transaction. A
// refund is one by its amount and date as well, since a payment may be given back in parts. It is
// empty where the webhook names no transaction, or is neither.
func paymentID(e zotlo.Event) string {
	sale := e.Kind == zotlo.WebhookPayment || e.Kind == zotlo.WebhookRefund
	if !sale || e.TransactionID == "" {
		return ""
	}
	// The status is as Zotlo writes it, so that kinds of payment unknown to us are apart, too.
	parts := []string{e.Kind, e.TransactionID, e.Status}
	if e.Kind == zotlo.WebhookRefund {
		amount := e.RefundPrice
		if exact, ok := money.Parse(amount); ok { // 2.0 and 2.00 are one refund
			amount = strconv.FormatInt(int64(exact), 10)
		}
		date := ""
		if !e.RefundedAt.IsZero() {
			date = e.RefundedAt.String()
		}
		parts = append(parts, amount, date)
	}
	// A zero byte is in none of the parts, so no two lists of parts give one name.
	return strings.Join(parts, "\x00")
}

// givesBack is how much money a refund gives back, and whether that is known to be a part of the
// price. A refund without an amount of its own is of the whole price, and so is one of a price that
// nobody knows: a shopper who got their money back must be able to buy again.
func givesBack(e zotlo.Event) (amount money.Amount, part bool) {
	price, priced := money.Parse(e.Price)
	amount, ok := money.Parse(e.RefundPrice)
	if !ok {
		return price, false
	}
	// The amount of a refund may be written with a minus.
	return max(amount, -amount), priced && max(amount, -amount) < price
}

// samePrice reports whether two decimal texts are the same amount: "9.9", "9.90" and "09.900" are.
// Text that is no amount is the same as nothing, not even as itself.
func samePrice(a, b string) bool {
	x, ok := money.Parse(a)
	if !ok {
		return false
	}
	y, ok := money.Parse(b)
	return ok && x == y
}

// differences are in what a payment may differ from what its link asked for. Zotlo may leave any
// field out. What it leaves out is no difference. The kinds are label values of a metric: none is
// ever renamed.
var differences = [...]struct {
	kind   string
	differ func(paid zotlo.Event, asked Attribution) bool
}{
	{"price", func(paid zotlo.Event, asked Attribution) bool {
		return paid.Price != "" && !samePrice(paid.Price, asked.Price)
	}},
	{"currency", func(paid zotlo.Event, asked Attribution) bool {
		return paid.Currency != "" && paid.Currency != asked.Currency
	}},
	{"payment_type", func(paid zotlo.Event, _ Attribution) bool {
		return paid.PaymentType != "" && paid.PaymentType != "consumable"
	}},
}

// MismatchKinds lists every kind of News.Mismatches. It is a closed set, fit for a metric's label.
func MismatchKinds() []string {
	kinds := make([]string, len(differences))
	for i, d := range differences {
		kinds[i] = d.kind
	}
	return kinds
}

// mismatches compares a payment with the price that its link asked for, if it asked for one. A
// renewal is not compared: the link was for the first payment. A difference is told and refuses
// nothing, for the money has been paid already.
func mismatches(paid zotlo.Event, asked Attribution) (kinds []string) {
	if paid.Kind != zotlo.WebhookPayment || asked.Price == "" || paid.Type == "renewal" {
		return nil
	}
	for _, d := range differences {
		if d.differ(paid, asked) {
			kinds = append(kinds, d.kind)
		}
	}
	return kinds
}
