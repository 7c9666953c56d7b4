package ledger

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// This file decides what a payment is attributed to, and whether it is the sale that its link was
// made for.

// attributionLife is how long after a link was made a first charge may be bought under it. A link
// lives for an hour, a form on a page somewhat longer. What is bought later came by a text that
// left its link.
const attributionLife = 3 * time.Hour

// typeUpsell is the type of what is sold after something else, under the same link.
const typeUpsell = "upsell"

// PaymentTypes are the values that Payment.Type may have. It is a closed set, fit for a metric's
// label.
func PaymentTypes() []string { return append(zotlo.PaymentTypes(), typeUpsell) }

// first reports whether a payment can be the first one of a sale. What comes later goes back to
// another transaction, or is of a type that only a later payment has. Only a first payment has an
// attribution of its own: what follows may repeat the text of a link that is years old.
func first(e zotlo.Event) bool {
	return e.Kind == zotlo.WebhookPayment && !later(e.Type) &&
		(e.OriginalID == "" || e.OriginalID == e.TransactionID)
}

// later reports whether a type is that of a payment which another one went before.
func later(kind string) bool {
	return kind == "renewal" || kind == "reactive" || kind == "trial_to_paid"
}

// class is what is decided of a delivery before it is written.
type class struct {
	by source
	// Its attribution was too old, or another payer's.
	stale  bool
	upsell bool
	// With what link or page said.
	compared bool
	// What the partner gets of it, in hundredths of a percent.
	share uint16
}

// mark puts what was decided on a charge.
func (k class) mark(c charge) charge {
	if k.upsell {
		c.Type = typeUpsell
	}
	if k.stale {
		c.Marks |= markStale
	}
	c.Share = k.share
	return c
}

// classify reads what is known of the transaction and of the one that it goes back to. Attribution
// is read on the first charge; what follows has that of the original transaction, and its own only
// where that one is unknown.
func (l *Ledger) classify(s Steps, key Key, d Delivery) (class, error) {
	e := d.Event
	// A transaction that is known was decided by its first delivery. Asked again, the claim of its
	// link might give another answer, and sums would no longer fit.
	var sold sale
	if found, err := look(l.codec, s.Read, key, &sold); err != nil {
		return class{}, err
	} else if found && len(sold.Charges) > 0 {
		upsell := sold.Charges[0].Type == typeUpsell
		return class{by: sold.By, compared: comparable(e) && !upsell}, nil
	}
	var root origin
	if e.OriginalID != "" {
		_, err := look(l.codec, s.Read, l.originKey(d.Project, e.OriginalID), &root)
		if err != nil {
			return class{}, err
		}
	}
	// By is final from the first charge on, also where it is empty: no renewal may bring in a
	// campaign that did not sell the subscription.
	if root.Begun {
		if later(e.Type) && !comparable(e) { // nobody will ask its document what the link said
			root.By.Price, root.By.Currency, root.By.Quote, root.By.QuoteCur = "", "", "", ""
		}
		return class{by: root.By, compared: comparable(e) && !root.Upsell}, nil
	}
	by, err := l.soldTo(s, d)
	if err != nil {
		return class{}, err
	}
	k := class{by: by, compared: comparable(e)}
	if !first(e) {
		if !root.By.empty() { // another one that goes back to it was heard of
			k.by = root.By
		}
		return k, nil
	}
	// The purchase decides, not the arrival: a webhook that is repeated comes hours later.
	bought := time.Unix(chargeOf(e, l.now()).Bought, 0)
	made := d.Attribution.At()
	if made.IsZero() {
		return k, nil // no link of ours, or one of version 1
	}
	if bought.After(made.Add(attributionLife)) {
		return class{stale: true}, nil
	}
	return l.claim(s, d, bought, k)
}

// comparable reports whether a payment is the one that a price was shown for: the first that costs
// money. A renewal is not, for the link was for the first payment, and a trial has its own price.
func comparable(e zotlo.Event) bool {
	switch e.Type {
	case "start_paid", "consumable":
		return first(e)
	case "trial_to_paid":
		return e.Kind == zotlo.WebhookPayment
	}
	return false
}

// claim looks who paid under the link first: by the instant of the purchase, since webhooks come in
// any order. Another payer has a text that left its link; the same one who buys another package was
// sold it after the payment.
func (l *Ledger) claim(s Steps, d Delivery, bought time.Time, k class) (class, error) {
	if d.Attribution.Random == "" {
		return k, nil
	}
	original := d.Event.OriginalID
	if original == "" {
		original = d.Event.TransactionID
	}
	mine := claimant{
		payer:    l.part("payer", d.Payer),
		original: l.part("original", original),
		pack:     l.part("package", d.Event.PackageID),
		bought:   min(max(0, bought.Unix()), math.MaxUint32), // until 2106
	}
	// Each link has its own Random, so the hash names the link.
	key := Key{kindClaim, string(short(l.codec.hash("claim", d.Attribution.Random)))}
	var first claimant
	err := alter(s, key, func(old Doc) (Doc, error) {
		first = mine
		if read, ok := readClaimant(old.Value); ok && read.bought <= mine.bought {
			first = read
			return Doc{}, errUnchanged
		}
		// An earlier purchase takes the claim away from a later one that was heard of first. What
		// was counted for that one stays counted.
		return Doc{Value: mine.bytes(), Until: l.now().Add(l.keep)}, nil
	})
	if err != nil {
		return class{}, err
	}
	// A secret that was replaced between two purchases makes nobody another payer.
	samePayer := first.payer == mine.payer || slices.ContainsFunc(d.Former, func(hash string) bool {
		return first.payer == l.part("payer", hash)
	})
	switch {
	// The same once more, or a trial and what is paid after it.
	case first.original == mine.original:
	case !samePayer:
		return class{stale: true}, nil
	case first.pack != mine.pack:
		k.upsell, k.compared = true, false
	}
	return k, nil
}

// part is a short hash of a text; nothing is zero. Four bytes tell the few apart who pay under one
// link: it is keyed, so each guess at another payer with the same one costs a payment.
func (l *Ledger) part(use, text string) (part [4]byte) {
	if text != "" {
		copy(part[:], l.codec.hash(use, text))
	}
	return part
}

// claimant is who paid under a link first, and what for: three short hashes and an instant, which
// need no seal.
type claimant struct {
	payer, original, pack [4]byte
	// Unix seconds.
	bought int64
}

// claimantSize is the length of a claimant, in bytes: the instant has four.
const claimantSize = 4 * 4

// bytes has a fixed form, which an export may carry as it is.
func (c claimant) bytes() []byte {
	b := slices.Concat(c.payer[:], c.original[:], c.pack[:])
	return binary.BigEndian.AppendUint32(b, uint32(c.bought))
}

// readClaimant reads what bytes wrote. A value of another length is none: then the next purchase
// claims the link.
func readClaimant(value []byte) (c claimant, ok bool) {
	if len(value) != claimantSize {
		return claimant{}, false
	}
	return claimant{
		[4]byte(value), [4]byte(value[4:]), [4]byte(value[8:]),
		int64(binary.BigEndian.Uint32(value[12:])),
	}, true
}
