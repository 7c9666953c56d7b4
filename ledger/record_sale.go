package ledger

import (
	"cmp"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// This file writes payments and refunds into the document of their transaction, and finishes what
// an earlier process began.

// recordSale writes a payment or refund into its transaction, and has its effects follow. The order
// makes a crash harmless: first the row of what is outstanding names the document, so that the next
// start finds it; then the sale is written with its marks; then the effects follow; then the marks
// go, and the row last.
func (l *Ledger) recordSale(s Steps, d Delivery) (news News, err error) {
	key := l.saleKey(d)
	known, err := l.classify(s, key, d)
	if err != nil {
		return News{}, err
	}
	// It is that of the day: a payment is recorded on the day on which it is heard of.
	if known.by.Partner != "" {
		known.share = uint16(min(max(l.share(known.by.Partner), 0), 100_00)) //nolint:gosec // bounded
	}
	// Two copies of a delivery have one once, so the row goes up and down by one for both.
	once := identity(d.Event)
	if err := l.outstanding(s, key, "begin "+once, 1); err != nil {
		return News{}, err
	}
	var sold sale
	entered := false
	err = change(l.codec, s, key, func(doc *sale) (time.Time, error) {
		entered = doc.enter(d, known, l.subjects(d), d.Heard)
		sold = *doc
		return l.now().Add(l.keep), nil
	})
	if err != nil {
		return News{}, err
	}
	if err := l.settle(s, key, &sold); err != nil {
		return News{}, err
	}
	twice, err := l.spentBefore(s, key, &sold)
	if err != nil {
		return News{}, err
	}
	// Only what settle has seen loses its marks: another delivery may have come in between.
	waits := false
	err = change(l.codec, s, key, func(doc *sale) (time.Time, error) {
		news, waits = doc.finish(&sold, d), doc.waits(d.Event)
		if news.Payment != nil {
			news.Payment.compare(d.Event, known)
			if twice && first(d.Event) {
				news.Payment.Mismatches = append(news.Payment.Mismatches, offerSpent)
			}
		}
		return l.now().Add(l.keep), nil
	})
	if err != nil {
		return News{}, err
	}
	// A refund that waits for its payment counts as a delivery: there is nothing to repeat. All else
	// that was entered here and was told by a copy meanwhile is the copy's.
	news.Counted = news.Counted || entered && waits && !d.Unfinished
	news.Repeated = !news.Counted && !d.Unfinished
	return news, l.outstanding(s, key, "end "+once, -1)
}

// enter writes what a delivery says into the document of its transaction, and reports whether it
// was not there.
func (d *sale) enter(by Delivery, known class, subjects [][]byte, now time.Time) (entered bool) {
	e := by.Event
	d.Version++
	d.Project, d.Transaction = by.Project, text(e.TransactionID)
	// A first payment names itself as its original. That is not stored, so that an empty Original
	// says that nothing went before.
	if e.OriginalID != e.TransactionID && e.OriginalID != "" {
		d.Original = text(e.OriginalID)
	}
	// Of a payment the first delivery decides whom it touches; a repeat changes nothing.
	switch {
	case e.Kind == zotlo.WebhookPayment && d.find(text(e.Status)) == nil:
		d.Subjects = with(d.Subjects, subjects)
		d.PaymentType, d.By = text(e.PaymentType), known.by
		d.enterCharge(known.mark(chargeOf(e, now)), text(e.PackageID))
		entered = true
	case e.Kind == zotlo.WebhookRefund && d.findRefund(refundOf(e, now)) == nil:
		r := refundOf(e, now)
		// No payment will ever be found for it. It is settled here, by what it says itself.
		if e.TransactionID == "" {
			d.Subjects = with(d.Subjects, subjects)
			d.By, d.PaymentType = known.by, "consumable"
			r.nameless(e)
			r.Share = known.share
		}
		d.Refunds = append(d.Refunds, r)
		entered = true
	}
	// A payment may be what a refund has waited for, and a refund may find its payment here.
	d.settleRefunds()
	return entered
}

// finish takes the marks of what is settled away, and says what counts. What came meanwhile is for
// the one who brought it. settled is the document as its effects were done.
func (d *sale) finish(settled *sale, by Delivery) (news News) {
	for i := range d.Charges {
		c := &d.Charges[i]
		if settled.find(c.Status) == nil {
			continue
		}
		// The marks go one by one: any node may do the effects, but only a delivery that succeeded
		// may count.
		c.Marks &^= markOpen
		if by.Unfinished || c.Marks&markUntold == 0 || !by.tells(*c) {
			continue
		}
		c.Marks &^= markUntold
		p := d.payment(*c)
		news.Counted, news.Payment = true, &p
	}
	for i := range d.Refunds {
		r := &d.Refunds[i]
		if old := settled.findRefund(*r); old == nil || old.Marks&markWaiting != 0 {
			continue
		}
		r.Marks &^= markOpen
		if by.Unfinished || r.Marks&markUntold == 0 {
			continue
		}
		r.Marks &^= markUntold
		news.Counted = true
		news.Refunds = append(news.Refunds, d.refund(*r))
	}
	return news
}

// waits reports whether a webhook is of a refund whose payment is not known yet. Webhooks come in
// any order, so that is no error.
func (d *sale) waits(e zotlo.Event) bool {
	if e.Kind != zotlo.WebhookRefund {
		return false
	}
	r := d.findRefund(refundOf(e, time.Time{}))
	return r != nil && r.Marks&markWaiting != 0
}

// tells reports whether a delivery tells of a charge, so that it is counted with it. One whose
// webhook was not finished waits for its own repeat. What is imported was counted elsewhere.
func (d Delivery) tells(c charge) bool {
	return d.Event.Kind == "" ||
		d.Event.Kind == zotlo.WebhookPayment && text(d.Event.Status) == c.Status
}

// source is what the sale is for, as the outside names it.
func (s source) source() Source {
	return Source{s.Campaign, s.Experiment, s.Variant, s.Partner}
}

// payment is a charge as the outside sees it.
func (d *sale) payment(c charge) Payment {
	return Payment{
		Source: d.By.source(), Type: c.label(), Amount: c.Amount, Currency: c.Currency,
		Stale: c.Marks&markStale != 0,
	}
}

// compare says in what a first charge differs from what was said before it. It is asked when the
// payment is written already, so that it can refuse none.
func (p *Payment) compare(paid zotlo.Event, known class) {
	if !known.compared || paid.Kind != zotlo.WebhookPayment {
		return
	}
	p.Discounted = paid.Discounted
	p.Mismatches = mismatches(paid, known.by)
}

// refund is a refund as the outside sees it.
func (d *sale) refund(r refund) Refund {
	of := d.refunded(r)
	return Refund{
		Source: d.By.source(), Type: of.label(), Amount: r.Counted,
		Currency: cmp.Or(of.Currency, r.Currency),
		Whole:    r.Marks&markWhole != 0,
	}
}
