package ledger

import "github.com/caddy-checkout/checkout/zotlo"

// differences are in what a payment may differ from what its link asked for. Zotlo may leave any
// field out.
var differences = [...]struct {
	kind   string
	differ func(paid zotlo.Event, asked Attribution) bool
}{
	{"price", func(paid zotlo.Event, asked Attribution) bool {
		return paid.Price != "" && !SamePrice(paid.Price, asked.Price)
	}},
	{"currency", func(paid zotlo.Event, asked Attribution) bool {
		return paid.Currency != "" && paid.Currency != asked.Currency
	}},
	{"payment_type", func(paid zotlo.Event, _ Attribution) bool {
		return paid.PaymentType != "" && paid.PaymentType != "consumable"
	}},
}

// MismatchKinds lists every kind of News.Mismatches.
func MismatchKinds() []string {
	kinds := make([]string, len(differences))
	for i, d := range differences {
		kinds[i] = d.kind
	}
	return kinds
}

// mismatches compares a payment with the price that its link asked for, if it asked for one. A
// renewal is not compared: the link was for the first payment.
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
