package sandbox

import "crypto/rand"

// Pay does what the Pay button does: the link dies, and the webhooks go out:
// the payment, the new subscription if it is one, the registration. Their first
// try is over when Pay returns (unless they are held); how it went is in
// Events.
//
// Its errors are ErrNoLink, ErrPaid, ErrExpired and ErrNoSubscriber. Of many
// that pay one link at once, one succeeds.
func (b *books) Pay(linkURL string, opts ...PayOption) (Payment, error) {
	return b.commit(func() (*payment, []*event, error) {
		p, err := b.payLocked(linkURL, opts)
		if err != nil {
			return nil, nil, err
		}
		events := []*event{b.tell(KindPayment, p, paymentBody)}
		if p.PaymentType == Subscription {
			events = append(events, b.tell(KindStatus, p, statusBody(EventNewSubscriber)))
		}
		return p, append(events, b.tell(KindRegistration, p, registrationBody)), nil
	})
}

// payLocked turns an open link into a sale with its first payment. b.mu is held.
func (b *books) payLocked(linkURL string, opts []PayOption) (*payment, error) {
	l, err := b.openLinkLocked(linkURL)
	if err != nil {
		return nil, err
	}
	sold := &sale{
		fields:     l.export(b.clock.now()),
		parameters: l.parameters(),
		clientUUID: newUUID(),
		status:     "active",
	}
	p := &payment{sale: sold, Payment: sold.fields.offer()}
	for _, opt := range opts {
		opt(p)
	}
	if p.SubscriberID == "" {
		return nil, ErrNoSubscriber
	}
	sold.original = p
	if p.PaymentType == Subscription {
		b.lastID++
		sold.subscriptionID = b.lastID
	}
	b.bookLocked(p)
	l.paidBy = p.TransactionID
	return p, nil
}

// bookLocked gives a payment its numbers and dates: a month from now, or the
// seven days of a trial. b.mu is held.
func (b *books) bookLocked(p *payment) {
	b.lastID++
	p.rowID = b.lastID
	p.TransactionID = rand.Text()
	p.OriginalTransactionID = p.TransactionID
	if p.sale.original != p {
		p.OriginalTransactionID = p.sale.original.TransactionID
	}
	p.At = b.clock.now()
	p.expires = p.At.AddDate(0, 1, 0)
	if p.Status == StatusTrial {
		p.expires = p.At.AddDate(0, 0, 7)
	}
	p.sale.last = p
	b.payments.add(p)
}

// Renew charges a subscription again, found by any of its payments: a trial
// becomes paid, a cancelled or passive one becomes active again, any other is
// renewed. It sends the payment and the status webhook. Of the options only
// Charge makes sense here. It does not look at the clock: a test renews when it
// likes. Its errors are ErrNoPayment and ErrNotSubscription.
func (b *books) Renew(transactionID string, opts ...PayOption) (Payment, error) {
	return b.commit(func() (*payment, []*event, error) {
		before, err := b.subscriptionLocked(transactionID)
		if err != nil {
			return nil, nil, err
		}
		sold := before.sale
		p := &payment{sale: sold, Payment: sold.fields.offer()}
		p.SubscriberID = sold.original.SubscriberID
		eventType := EventRenewal
		switch {
		case sold.status == "passive" || sold.canceled != nil:
			p.Status, eventType = StatusReactive, EventReactivate
		case sold.last.Status == StatusTrial:
			p.Status = StatusTrialToPaid
		default:
			p.Status = StatusRenewal
		}
		for _, opt := range opts {
			opt(p)
		}
		b.bookLocked(p)
		sold.note(eventType, p.At)
		return p, []*event{
			b.tell(KindPayment, p, paymentBody),
			b.tell(KindStatus, p, statusBody(eventType)),
		}, nil
	})
}

// Status sends a subscription status webhook of this event type for the
// subscription that a payment belongs to. The published types also change its
// state; any other text is sent as it is. Its errors are ErrNoPayment and
// ErrNotSubscription.
func (b *books) Status(transactionID, eventType string) error {
	_, err := b.commit(func() (*payment, []*event, error) {
		p, err := b.subscriptionLocked(transactionID)
		if err != nil {
			return nil, nil, err
		}
		p.sale.note(eventType, b.clock.now())
		return p, []*event{b.tell(KindStatus, p.sale.last, statusBody(eventType))}, nil
	})
	return err
}

// subscriptionLocked finds a payment that belongs to a subscription. b.mu is
// held.
func (b *books) subscriptionLocked(transactionID string) (*payment, error) {
	p, ok := b.payments.get(transactionID)
	switch {
	case !ok:
		return nil, ErrNoPayment
	case p.PaymentType != Subscription:
		return nil, ErrNotSubscription
	}
	return p, nil
}
