package sandbox

import (
	"cmp"
	"time"
)

// Renew charges a subscription again, found by any of its payments: a trial
// becomes paid, a cancelled or passive one becomes active again, any other is
// renewed. It sends the payment and the status webhook. Of the options Charge,
// Quantity, WithDiscount and As make sense here. It does not look at the clock: a
// test renews when it likes. Its errors are ErrNoPayment and ErrNotSubscription.
func (b *books) Renew(transactionID string, opts ...PayOption) (Payment, error) {
	return b.commit(func() (*payment, []*event, error) {
		sold, err := b.saleLocked(transactionID)
		if err != nil {
			return nil, nil, err
		}
		status, eventType := StatusRenewal, EventRenewal
		switch {
		case sold.isOver(b.clock.now()) || sold.isCanceled():
			status, eventType = StatusReactive, EventReactivate
		case sold.last.Status == StatusTrial:
			status = StatusTrialToPaid
		}
		if b.doubts.ReactiveIsNew && sold.isOver(b.clock.now()) {
			p, err := b.nextLocked(sold.last, sold.product, opts)
			if err != nil {
				return nil, nil, err
			}
			p.Status = status
			return p, b.tellCharge(p, eventType), nil
		}
		p := b.chargeLocked(sold, status, opts)
		sold.note(eventType, p.At)
		if status == StatusTrialToPaid && b.doubts.TrialEndIsSilent {
			return p, b.tell(KindPayment, p, paymentBody), nil
		}
		return p, b.tellCharge(p, eventType), nil
	})
}

// tellCharge queues the webhooks of a further payment: its own, and that of the
// subscription.
func (b *books) tellCharge(p *payment, eventType string) []*event {
	return append(b.tell(KindPayment, p, paymentBody),
		b.tell(KindStatus, p, statusBody(eventType))...)
}

// Recover charges a subscription in grace with success: the payment has the
// status renewal, the webhook of the subscription says graceToActive. Its errors
// are those of Renew, and ErrEnded.
func (b *books) Recover(transactionID string, opts ...PayOption) (Payment, error) {
	return b.commit(func() (*payment, []*event, error) {
		sold, err := b.runningLocked(transactionID)
		if err != nil {
			return nil, nil, err
		}
		p := b.chargeLocked(sold, StatusRenewal, opts)
		sold.note(EventGraceToActive, p.At)
		return p, b.tellCharge(p, EventGraceToActive), nil
	})
}

// Upgrade sells another package to a subscription at once: a new period begins,
// and next is charged in full unless Charge says otherwise. It sends the payment
// and package_update. Which status and ids such a payment has is not published:
// see [Doubts]. Empty fields of next get the defaults of a BaseLink, the
// currency that of the old package. Its errors are those of Recover.
//
// https://docs.zotlo.com/features/subscriptions/plan-changes
func (b *books) Upgrade(transactionID string, next BaseLink, opts ...PayOption) (Payment, error) {
	return b.commit(func() (*payment, []*event, error) {
		sold, err := b.runningLocked(transactionID)
		if err != nil {
			return nil, nil, err
		}
		product := nextPlan(sold, next)
		var p *payment
		if b.doubts.UpgradeIsNew {
			if p, err = b.nextLocked(sold.last, product, opts); err != nil {
				return nil, nil, err
			}
			sold.status = "passive"
		} else {
			sold.product, sold.waiting = product, nil
			p = b.chargeLocked(sold, StatusRenewal, opts)
		}
		if p.Status = StatusRenewal; b.doubts.UpgradeIsStart {
			p.Status = StatusStartPaid
		}
		return p, b.tellCharge(p, EventPackageUpdate), nil
	})
}

// Downgrade sells another package from the next Renew on: no money moves, and
// package_update announces it in newPackage. Its errors are those of Recover.
func (b *books) Downgrade(transactionID string, next BaseLink) error {
	return b.change(transactionID, EventPackageUpdate, func(sold *sale, _ time.Time) {
		product := nextPlan(sold, next)
		sold.waiting = &product
	})
}

// nextPlan completes what a change of the plan sells: a subscription, in the
// currency of the old one unless it says another.
func nextPlan(sold *sale, next BaseLink) BaseLink {
	next.PaymentType = Subscription
	next.Currency = cmp.Or(next.Currency, sold.product.Currency)
	return *next.complete("of a change of the plan")
}

// chargeLocked makes a further payment of a subscription. b.mu is held.
func (b *books) chargeLocked(sold *sale, status string, opts []PayOption) *payment {
	if sold.waiting != nil {
		sold.product, sold.waiting = *sold.waiting, nil
	}
	sold.terms = sold.terms.with(opts)
	p := &payment{sale: sold, Payment: Payment{
		SubscriberID: cmp.Or(sold.terms.subscriber, sold.original.SubscriberID),
		Status:       status,
	}}
	b.bookLocked(p)
	return p
}
