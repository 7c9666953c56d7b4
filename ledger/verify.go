package ledger

import (
	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/zotlo"
)

// This file compares what a webhook says with what Zotlo answers when it is asked for the same
// transaction. Zotlo signs nothing, so that is how a webhook is proved. The token in the address of
// a webhook proves less: a proxy's log may hold it.

// Proof is what comes of asking Zotlo.
type Proof int

// The proofs. A refund that Zotlo does not know yet is Unproven: it will be repeated. Forged is for
// ever, since two answers about one transaction contradict each other.
const (
	Proven Proof = iota
	Unproven
	Forged
)

// Prove compares a payment or refund with the transaction that was read. What either leaves out is
// no difference.
func Prove(said, read zotlo.Event) Proof {
	switch {
	case said.TransactionID != read.TransactionID,
		differ(said.OriginalID, read.OriginalID),
		differ(said.PackageID, read.PackageID),
		differ(said.PaymentType, read.PaymentType),
		differ(said.Currency, read.Currency),
		differ(said.SubscriberID, read.SubscriberID):
		return Forged
	}
	// A refund is compared by what was given back. The status of its payment may have moved.
	if said.Kind == zotlo.WebhookRefund {
		return proveRefund(said, read)
	}
	// A trial that was paid since is read as what it is now.
	moved := said.Type == "trial" && read.Type != "trial"
	if !moved && (differ(said.Status, read.Status) ||
		said.Price != "" && read.Price != "" && !samePrice(said.Price, read.Price)) {
		return Forged
	}
	return Proven
}

// proveRefund looks for the refund among those that were read. Where Zotlo did not say how refunds
// stand, a transaction that is known is all the proof there is.
func proveRefund(said, read zotlo.Event) Proof {
	if !read.RefundsKnown {
		return Proven
	}
	if !read.Refunded {
		return Unproven
	}
	amount, given := money.Parse(said.RefundPrice)
	// Without an amount on either side, all that can be compared is that money was given back.
	if !given || len(read.Refunds) == 0 {
		return Proven
	}
	// Whether an amount is that of a part or the sum of all parts so far, Zotlo does not say.
	var sum money.Amount
	for _, part := range read.Refunds {
		one, _ := money.Parse(part.Price)
		sum += max(one, -one)
		if max(one, -one) == max(amount, -amount) || sum == max(amount, -amount) {
			return Proven
		}
	}
	return Unproven
}

// differ reports whether both texts are there and are not the same. Zotlo leaves fields out in
// older webhooks and in reads, so only two texts can disagree.
func differ(a, b string) bool { return a != "" && b != "" && a != b }
