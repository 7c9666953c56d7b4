package ledger

import (
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/zotlo"
)

// This file reads a payment or refund of Zotlo's into the document of its transaction. Zotlo may
// leave any field out, so each has a meaning where it is missing.

// chargeOf reads a payment. Zotlo may leave any field out. A price that is missing or cannot be
// read counts as 0, for the payment has happened all the same. Without an instant of Zotlo's the
// arrival stands in, so that later news is still later.
func chargeOf(e zotlo.Event, heard time.Time) charge {
	amount, _ := money.Parse(e.Price)
	c := charge{
		Status: text(e.Status), Amount: amount, Currency: e.Currency,
		Bought: unix(e.PurchasedAt), Heard: heard.Unix(), Created: e.CreatedAt.UnixMicro(),
		Expires: unix(e.ExpiresAt),
		Marks:   markOpen | markUntold,
	}
	if e.Status != e.Type {
		c.Type = text(e.Type)
	}
	if e.CreatedAt.IsZero() {
		c.Created = heard.UnixMicro()
	}
	if c.Bought == 0 {
		c.Bought = c.Created / 1e6
	}
	return c
}

// refundOf reads a refund. Its amount may be written with a minus. It begins as one that waits:
// whether its payment is here is for settleRefunds to find out.
func refundOf(e zotlo.Event, heard time.Time) refund {
	amount, _ := money.Parse(e.RefundPrice)
	r := refund{
		Status: text(e.Status), Said: max(amount, -amount), At: unix(e.RefundedAt),
		Created: e.CreatedAt.UnixMicro(),
		Marks:   markOpen | markUntold | markWaiting,
	}
	if e.CreatedAt.IsZero() {
		r.Created = heard.UnixMicro()
	}
	return r
}

// nameless settles a refund that names no transaction, and so waits for none. It is of the price
// that its own webhook tells.
func (r *refund) nameless(e zotlo.Event) {
	price, priced := money.Parse(e.Price)
	r.Marks &^= markWaiting
	r.Counted, r.Currency = r.Said, e.Currency
	if r.Said == 0 {
		r.Counted = price
	}
	if !priced || r.Counted >= price {
		r.Marks |= markWhole
	}
}

// unix is 0 for no time. The zero time.Time is a large negative number of seconds, and 0 is left
// out of a document.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// soldTo is what a sale was sold by. A payer who takes part in the experiment under a former hash
// still does.
func (l *Ledger) soldTo(s Steps, d Delivery) (source, error) {
	a := d.Attribution
	if a.Subscriber == d.Payer && a.Experiment != "" {
		former, err := l.tookPart(s, a.Campaign, a.Experiment, d.Former)
		if err != nil {
			return source{}, err
		}
		if former != "" {
			a.Subscriber = former
		}
	}
	return l.sourceOf(a), nil
}

// sourceOf keeps of an attribution what a sale needs. The random part and the proof are dropped,
// having done their work. The subscriber's hash becomes the id of their document, so that it can be
// compared with the subjects.
func (l *Ledger) sourceOf(a Attribution) source {
	by := source{
		Campaign: a.Campaign, Experiment: a.Experiment, Variant: a.Variant,
		Partner: a.Partner, Offer: a.Offer, Made: unix(a.At()) / 60,
		Price: a.Price, Currency: a.Currency, Quote: a.Quote, QuoteCur: a.QuoteCurrency,
	}
	if a.Subscriber != "" {
		by.Person = []byte(l.codec.personKey(a.Subscriber).ID)
	}
	return by
}
