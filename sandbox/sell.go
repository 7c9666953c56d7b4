package sandbox

import "crypto/rand"

// Pay does what the Pay button does: the link dies, and the webhooks go out:
// the payment, the new subscription if it is one, the registration. Their first
// try is over when Pay returns (unless they are held); how it went is in
// Events.
//
// Its errors are ErrNoLink, ErrPaid, ErrExpired and ErrNoSubscriber. Of many
// that pay one link at once, one succeeds.
func (s *Sandbox) Pay(linkURL string, opts ...PayOption) (Payment, error) {
	return s.commit(func() (*payment, []*event, error) {
		p, err := s.payLocked(linkURL, opts)
		if err != nil {
			return nil, nil, err
		}
		events := []*event{s.queueLocked(KindPayment, p, paymentBody)}
		if p.PaymentType == Subscription {
			events = append(events, s.queueLocked(KindStatus, p, statusBody(EventNewSubscriber)))
		}
		return p, append(events, s.queueLocked(KindRegistration, p, registrationBody)), nil
	})
}

// commit makes a change under the lock, and sends the webhooks it queued after
// it has let the lock go: the shop may ask the sandbox something meanwhile.
func (s *Sandbox) commit(change func() (*payment, []*event, error)) (Payment, error) {
	s.mu.Lock()
	p, events, err := change()
	if err != nil {
		s.mu.Unlock()
		return Payment{}, err
	}
	done := p.Payment
	s.mu.Unlock()
	s.publish(events)
	return done, nil
}

// payLocked turns an open link into a sale with its first payment. s.mu is held.
func (s *Sandbox) payLocked(linkURL string, opts []PayOption) (*payment, error) {
	l, err := s.openLinkLocked(linkURL)
	if err != nil {
		return nil, err
	}
	sold := &sale{
		fields:     l.export(s.cfg.Now()),
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
		s.lastID++
		sold.subscriptionID = s.lastID
	}
	s.bookLocked(p)
	l.paidBy = p.TransactionID
	return p, nil
}

// bookLocked gives a payment its numbers and dates: a month from now, or the
// seven days of a trial. s.mu is held.
func (s *Sandbox) bookLocked(p *payment) {
	s.lastID++
	p.rowID = s.lastID
	p.TransactionID = rand.Text()
	p.OriginalTransactionID = p.TransactionID
	if p.sale.original != p {
		p.OriginalTransactionID = p.sale.original.TransactionID
	}
	p.At = s.cfg.Now()
	p.expires = p.At.AddDate(0, 1, 0)
	if p.Status == StatusTrial {
		p.expires = p.At.AddDate(0, 0, 7)
	}
	p.sale.last = p
	s.payments.add(p)
}

// Renew charges a subscription again, found by any of its payments: a trial
// becomes paid, a cancelled or passive one becomes active again, any other is
// renewed. It sends the payment and the status webhook. Of the options only
// Charge makes sense here. It does not look at the clock: a test renews when it
// likes. Its errors are ErrNoPayment and ErrNotSubscription.
func (s *Sandbox) Renew(transactionID string, opts ...PayOption) (Payment, error) {
	return s.commit(func() (*payment, []*event, error) {
		before, err := s.subscriptionLocked(transactionID)
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
		s.bookLocked(p)
		sold.note(eventType, p.At)
		return p, []*event{
			s.queueLocked(KindPayment, p, paymentBody),
			s.queueLocked(KindStatus, p, statusBody(eventType)),
		}, nil
	})
}

// Status sends a subscription status webhook of this event type for the
// subscription that a payment belongs to. The published types also change its
// state; any other text is sent as it is. Its errors are ErrNoPayment and
// ErrNotSubscription.
func (s *Sandbox) Status(transactionID, eventType string) error {
	_, err := s.commit(func() (*payment, []*event, error) {
		p, err := s.subscriptionLocked(transactionID)
		if err != nil {
			return nil, nil, err
		}
		p.sale.note(eventType, s.cfg.Now())
		return p, []*event{s.queueLocked(KindStatus, p.sale.last, statusBody(eventType))}, nil
	})
	return err
}

// subscriptionLocked finds a payment that belongs to a subscription. s.mu is
// held.
func (s *Sandbox) subscriptionLocked(transactionID string) (*payment, error) {
	p, ok := s.payments.get(transactionID)
	switch {
	case !ok:
		return nil, ErrNoPayment
	case p.PaymentType != Subscription:
		return nil, ErrNotSubscription
	}
	return p, nil
}
