package ledger

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/caddy-checkout/checkout/internal/money"
)

// This file is the document of a transaction: its payments, its refunds, and what it is attributed
// to. All else that a ledger holds of money follows from it, so it is written first.

// sale is a transaction. Mostly it is one payment; a trial that is paid later may keep its
// transaction, and a refund may come before what it gives back. It is found by a keyed hash of its
// id, so the store's file does not show which transactions there are. Charges are told apart by
// their status, because a trial and what is paid after it may share all else.
type sale struct {
	Project string `cbor:"1,keyasint,omitempty" json:"project,omitempty"`
	// Empty where the webhook named none.
	Transaction text `cbor:"2,keyasint,omitzero" json:"transaction,omitempty"`
	// Empty where it is Transaction.
	Original text `cbor:"3,keyasint,omitzero" json:"original,omitempty"`
	// Of the first of Charges.
	Package     text `cbor:"4,keyasint,omitzero" json:"package,omitempty"`
	PaymentType text `cbor:"5,keyasint,omitzero" json:"payment_type,omitempty"`
	// Ids of the persons it touches.
	Subjects [][]byte `cbor:"6,keyasint,omitempty" json:"subjects,omitempty"`
	By       source   `cbor:"7,keyasint,omitzero" json:"by,omitzero"`
	Charges  []charge `cbor:"8,keyasint,omitempty" json:"charges,omitempty"`
	Refunds  []refund `cbor:"9,keyasint,omitempty" json:"refunds,omitempty"`
	// Grows with every change of this document.
	Version uint `cbor:"10,keyasint,omitempty" json:"version,omitempty"`
	// Of the written form alone (compact.go).
	AsCharged asCharged `cbor:"20,keyasint,omitempty" json:"-"`
}

// source is what a sale is attributed to: an Attribution without what only its link needed. It is
// decided when a charge comes, and renewals inherit it through their origin. Price and quote are
// kept so that a difference can be shown later, when the link is long gone.
type source struct {
	Campaign   string `cbor:"1,keyasint,omitempty" json:"campaign,omitempty"`
	Experiment string `cbor:"2,keyasint,omitempty" json:"experiment,omitempty"`
	Variant    string `cbor:"3,keyasint,omitempty" json:"variant,omitempty"`
	Partner    string `cbor:"4,keyasint,omitempty" json:"partner,omitempty"`
	Offer      string `cbor:"5,keyasint,omitempty" json:"offer,omitempty"`
	// When the link was made, in Unix minutes.
	Made int64 `cbor:"6,keyasint,omitempty" json:"made,omitempty"`
	// What the link asked for, or.
	Price    string `cbor:"7,keyasint,omitempty" json:"price,omitempty"`
	Currency string `cbor:"8,keyasint,omitempty" json:"currency,omitempty"`
	// What the page said.
	Quote    string `cbor:"9,keyasint,omitempty" json:"quote,omitempty"`
	QuoteCur string `cbor:"10,keyasint,omitempty" json:"quote_currency,omitempty"`
	// Person is the id of the person whom the link was for. In a document it is a place among the
	// subjects, where it is one of them.
	Person []byte `cbor:"11,keyasint,omitempty" json:"person,omitempty"`
}

// empty reports whether the sale is attributed to nothing.
func (s source) empty() bool { return reflect.ValueOf(s).IsZero() }

// charge is one payment of a transaction. It is never changed after it was written, but for its
// marks. A repeat of its webhook finds it by its status.
type charge struct {
	// As Zotlo wrote it.
	Status text `cbor:"1,keyasint,omitzero" json:"status,omitempty"`
	// The label; empty where it is Status.
	Type     text         `cbor:"2,keyasint,omitzero" json:"type,omitempty"`
	Amount   money.Amount `cbor:"3,keyasint,omitempty" json:"amount,omitempty"`
	Currency string       `cbor:"4,keyasint,omitempty" json:"currency,omitempty"`
	// Unix seconds.
	Bought int64 `cbor:"5,keyasint,omitempty" json:"bought,omitempty"`
	// Unix seconds.
	Heard int64 `cbor:"6,keyasint,omitempty" json:"heard,omitempty"`
	// When Zotlo said so, in microseconds.
	Created int64 `cbor:"7,keyasint,omitempty" json:"created,omitempty"`
	// Unix seconds.
	Expires int64 `cbor:"8,keyasint,omitempty" json:"expires,omitempty"`
	Marks   marks `cbor:"9,keyasint,omitempty" json:"marks,omitempty"`
	// Of all but the first: a plan may change between a trial and what is paid after it.
	Package text `cbor:"10,keyasint,omitzero" json:"package,omitempty"`
	// What its partner gets of it, in hundredths of a percent. It is that of its own day, and stays.
	// The numbers from 11 to 13 are those of chargeForm.
	Share uint16 `cbor:"14,keyasint,omitempty" json:"share,omitempty"`
}

// refund is a part of a transaction's money that was given back, or all of it. Zotlo gives refunds
// no id of their own. Status, amount and date together stand in for one: a repeat has all three,
// and a second part of the money differs in one.
type refund struct {
	Status text `cbor:"1,keyasint,omitzero" json:"status,omitempty"`
	// What the webhook said; 0 for all of it.
	Said money.Amount `cbor:"2,keyasint,omitempty" json:"said,omitempty"`
	// Unix seconds.
	At int64 `cbor:"3,keyasint,omitempty" json:"at,omitempty"`
	// What there was left to give back.
	Counted money.Amount `cbor:"4,keyasint,omitempty" json:"counted,omitempty"`
	// Microseconds.
	Created int64 `cbor:"5,keyasint,omitempty" json:"created,omitempty"`
	Marks   marks `cbor:"6,keyasint,omitempty" json:"marks,omitempty"`
	// Currency is set where the refund names no transaction, which would know it.
	Currency string `cbor:"7,keyasint,omitempty" json:"currency,omitempty"`
	// Share, too; else it is that of the payment.
	Share uint16 `cbor:"8,keyasint,omitempty" json:"share,omitempty"`
}

// marks say how far a payment or refund has come. They are bits, since they are set and taken away
// one at a time, by different processes. Their values stand in files and servers.
type marks uint8

const (
	// Its effects on other documents are outstanding.
	markOpen marks = 1 << iota
	// Nobody has counted it yet.
	markUntold
	// A refund whose payment is not known yet.
	markWaiting
	// A refund that takes its payment back.
	markWhole
	// A payment whose attribution was too old, or another payer's.
	markStale
)

// original is the transaction that this one goes back to. Zotlo's first payments name themselves,
// or leave the field out. Both mean that nothing went before.
func (d *sale) original() string {
	if d.Original == "" {
		return string(d.Transaction)
	}
	return string(d.Original)
}

// typeConsumable is the payment type, and the status, of a one-time purchase.
const typeConsumable = "consumable"

// subscription reports whether the sale is of one. Either of the two words may be missing. In doubt
// it is: an origin that nothing ever renews costs a document, and a renewal without one would lose
// its campaign.
func (d *sale) subscription() bool {
	return d.PaymentType != typeConsumable && d.find(typeConsumable) == nil
}

// enterCharge writes a charge of this package down. The first package is the sale's own, and most
// sales have no other, so it is written once.
func (d *sale) enterCharge(c charge, pack text) {
	if len(d.Charges) == 0 {
		d.Package, c.Package = pack, ""
	} else {
		c.Package = pack
	}
	d.Charges = append(d.Charges, c)
}

// packageOf is the package of the i-th charge.
func (d *sale) packageOf(i int) text {
	if i == 0 {
		return d.Package
	}
	return d.Charges[i].Package
}

// begins reports whether the sale holds a first charge, which others go back to. The label decides
// and not the order of arrival, for a renewal may be heard of first.
func (d *sale) begins() bool {
	return d.Original == "" &&
		slices.ContainsFunc(d.Charges, func(c charge) bool { return !later(c.label()) })
}

// find is the charge of a status, or nil. The status is what tells charges of one transaction
// apart: each of them happens once.
func (d *sale) find(status text) *charge {
	i := slices.IndexFunc(d.Charges, func(c charge) bool { return c.Status == status })
	if i < 0 {
		return nil
	}
	return &d.Charges[i]
}

// findRefund is the refund that says the same as r, or nil. The amount is compared as it was said.
// What was counted of it depends on what else was here.
func (d *sale) findRefund(r refund) *refund {
	i := slices.IndexFunc(d.Refunds, func(old refund) bool {
		return old.Status == r.Status && old.Said == r.Said && old.At == r.At
	})
	if i < 0 {
		return nil
	}
	return &d.Refunds[i]
}

// price is what the transaction cost: the sum of its charges. A trial and what is paid after it
// may be one transaction.
func (d *sale) price() (sum money.Amount) {
	for _, c := range d.Charges {
		sum += c.Amount
	}
	return sum
}

// given is what was given back of it. Refunds that wait are in it with 0, so they take nothing from
// the ones that come after.
func (d *sale) given() (sum money.Amount) {
	for _, r := range d.Refunds {
		sum += r.Counted
	}
	return sum
}

// takenBack reports whether nothing of the payment is left: then it is as if nobody had paid. The
// mark is asked and not the sums: a refund without an amount takes back a payment without a price
// too.
func (d *sale) takenBack() bool {
	return slices.ContainsFunc(d.Refunds, func(r refund) bool { return r.Marks&markWhole != 0 })
}

// takenBackAt is when the last of the price was given back, in microseconds, in whatever order the
// parts were heard of.
func (d *sale) takenBackAt() (at int64) {
	parts := slices.Clone(d.Refunds)
	slices.SortFunc(parts, func(a, b refund) int { return cmp.Compare(a.Created, b.Created) })
	left := d.price()
	for _, r := range parts {
		at = r.Created
		if left -= r.Said; r.Said == 0 || left <= 0 {
			break
		}
	}
	return at
}

// settleRefunds counts the refunds that waited for a payment. A refund never gives back more than
// is left; the one that reaches the price takes the payment back.
func (d *sale) settleRefunds() {
	for i := range d.Refunds {
		r := &d.Refunds[i]
		if r.Marks&markWaiting == 0 || !d.knows(*r) {
			continue
		}
		left := d.price() - d.given()
		r.Counted = left
		if r.Said > 0 {
			r.Counted = min(r.Said, left)
		}
		r.Marks &^= markWaiting
		if r.Counted == left && !d.takenBack() {
			r.Marks |= markWhole
		}
	}
}

// knows reports whether the payment that a refund gives back is here. The free trial of a
// transaction is not what money was given back of.
func (d *sale) knows(r refund) bool {
	return d.find(r.Status) != nil || len(d.Charges) > 0 && (d.price() > 0 || r.Said == 0)
}

// refunded is the charge that a refund gives back. A refund bears the status of its payment. Where
// that status is not here, the newest charge is the one that is most likely meant; without any, what
// the refund says itself has to do.
func (d *sale) refunded(r refund) charge {
	if c := d.find(r.Status); c != nil {
		return *c
	}
	if len(d.Charges) == 0 {
		return charge{Share: r.Share}
	}
	return d.last()
}

// last is the newest charge. Newest is by the purchase, and of two in one second the one that was
// written later. Without any charge it is the zero charge.
func (d *sale) last() charge {
	var last charge
	for _, c := range d.Charges {
		if c.Bought >= last.Bought {
			last = c
		}
	}
	return last
}

// label is the payment's type as metrics and sums name it. The label is from a fixed list, so it
// can be a metric's value. The status is whatever Zotlo wrote.
func (c charge) label() string {
	if c.Type == "" {
		return string(c.Status)
	}
	return string(c.Type)
}
