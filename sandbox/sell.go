package sandbox

import (
	"cmp"
	"crypto/rand"
)

// Pay does what the Pay button does: the link dies, and the webhooks go out:
// the payment, the new subscription if it is one, the registration. Their first
// try is over when Pay returns (unless they are held or lost); how it went is in
// Events.
//
// Its errors are ErrNoLink, ErrPaid, ErrExpired, ErrNoSubscriber and
// ErrSubscribed. Of many that pay one link at once, one succeeds.
func (b *books) Pay(linkURL string, opts ...PayOption) (Payment, error) {
	return b.commit(func() (*payment, []*event, error) {
		l, err := b.openLinkLocked(linkURL)
		if err != nil {
			return nil, nil, err
		}
		now := b.clock.now()
		fields := l.export(now)
		sold := &sale{
			fields:     fields,
			parameters: l.parameters(),
			product:    fields.product(),
			terms:      terms{testMode: l.testMode},
			clientUUID: newUUID(),
		}
		p, err := b.beginLocked(sold, opts)
		if err != nil {
			return nil, nil, err
		}
		l.paidBy = p.TransactionID
		return p, append(b.tellBegin(p), b.tell(KindRegistration, p, registrationBody)...), nil
	})
}

// beginLocked makes the first payment of a purchase. b.mu is held.
func (b *books) beginLocked(sold *sale, opts []PayOption) (*payment, error) {
	t := sold.terms.with(opts)
	p := &payment{sale: sold, Payment: Payment{
		SubscriberID: cmp.Or(t.subscriber, sold.fields.SubscriberID),
		Status:       StatusStartPaid,
	}}
	switch {
	case sold.product.PaymentType == Consumable:
		p.Status = StatusConsumable
	case t.trial:
		p.Status = StatusTrial
	}
	switch {
	case p.SubscriberID == "":
		return nil, ErrNoSubscriber
	case b.doubts.RefuseSecond && b.hasLocked(p.SubscriberID, sold.product.PackageID):
		return nil, ErrSubscribed
	}
	sold.terms, sold.original, sold.status = t, p, "active"
	if p.Status != StatusConsumable {
		b.lastID++
		sold.subscriptionID = b.lastID
	}
	b.bookLocked(p)
	if sold.subscriptionID != 0 {
		b.subscriptions.add(sold)
	}
	return p, nil
}

// hasLocked reports whether somebody has a running subscription to a package.
// b.mu is held.
func (b *books) hasLocked(subscriber, packageID string) bool {
	now := b.clock.now()
	for s := range b.subscriptions.all() {
		if s.last.SubscriberID == subscriber && s.product.PackageID == packageID &&
			!s.isOver(now) {
			return true
		}
	}
	return false
}

// bookLocked gives a payment its price, numbers and dates. b.mu is held.
func (b *books) bookLocked(p *payment) {
	sold := p.sale
	p.LinkURL = sold.fields.URL
	p.PackageID, p.PaymentType = sold.product.PackageID, sold.product.PaymentType
	p.TestMode = sold.terms.testMode
	if sold.terms.bill(&p.Payment, sold.unit(p.Status), sold.product.Currency) &&
		!sold.terms.discount.Recurring {
		sold.terms.discount = nil // it is used
	}
	b.lastID++
	p.rowID = b.lastID
	p.TransactionID = rand.Text()
	p.OriginalTransactionID = p.TransactionID
	if sold.original != p {
		p.OriginalTransactionID = sold.original.OriginalTransactionID
	}
	p.At = b.clock.now()
	p.ExpiresAt = sold.lasts(p.Status).after(p.At)
	sold.last, sold.expires = p, p.ExpiresAt
	b.payments.add(p)
}

// Upsell sells another product under the link that a payment has paid, as the
// offer of the page after a payment does: a purchase of its own, with its own
// transaction ids, the same custom parameters and the same payer. Empty fields
// of offer get the defaults of a BaseLink, the currency that of the payment. It
// sends the payment and, of a subscription, the status webhook. Its errors are
// ErrNoPayment and ErrSubscribed. See [Doubts] for the other shapes that it may
// have.
func (b *books) Upsell(transactionID string, offer BaseLink, opts ...PayOption) (Payment, error) {
	return b.commit(func() (*payment, []*event, error) {
		before, ok := b.payments.get(transactionID)
		if !ok {
			return nil, nil, ErrNoPayment
		}
		offer.Currency = cmp.Or(offer.Currency, before.Currency)
		p, err := b.nextLocked(before, *offer.complete("of an upsell"), opts)
		if err != nil {
			return nil, nil, err
		}
		if b.doubts.UpsellSharesOriginal {
			p.OriginalTransactionID = before.OriginalTransactionID
		}
		if b.doubts.UpsellIsBare {
			p.sale.parameters = nil
		}
		return p, b.tellBegin(p), nil
	})
}

// nextLocked begins another purchase under the link of a payment. b.mu is held.
func (b *books) nextLocked(before *payment, product BaseLink, opts []PayOption) (*payment, error) {
	first := before.sale
	sold := &sale{
		fields:     first.fields,
		parameters: first.parameters,
		product:    product,
		terms: terms{
			atTop: first.terms.atTop, old: first.terms.old,
			marked: first.terms.marked, testMode: first.terms.testMode,
		},
		clientUUID: first.clientUUID,
	}
	return b.beginLocked(sold, append([]PayOption{As(before.SubscriberID)}, opts...))
}

// tellBegin queues the webhooks of a first payment.
func (b *books) tellBegin(p *payment) []*event {
	events := b.tell(KindPayment, p, paymentBody)
	if p.sale.subscriptionID != 0 {
		events = append(events, b.tell(KindStatus, p, statusBody(EventNewSubscriber))...)
	}
	return events
}
