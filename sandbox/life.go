package sandbox

import "time"

// Status sends a subscription status webhook of this event type for the
// subscription that a payment belongs to. The published types also change its
// state (package_update announces a package with "-new" behind its id); any
// other text is sent as it is. It does not ask whether the change makes sense:
// Cancel and the other methods do. Its errors are ErrNoPayment and
// ErrNotSubscription.
func (b *books) Status(transactionID, eventType string) error {
	_, err := b.commit(func() (*payment, []*event, error) {
		sold, err := b.saleLocked(transactionID)
		if err != nil {
			return nil, nil, err
		}
		sold.note(eventType, b.clock.now())
		return sold.last, b.tell(KindStatus, sold.last, statusBody(eventType)), nil
	})
	return err
}

// change changes a running subscription and sends its webhook.
func (b *books) change(id, eventType string, change func(*sale, time.Time)) error {
	_, err := b.commit(func() (*payment, []*event, error) {
		sold, err := b.runningLocked(id)
		if err != nil {
			return nil, nil, err
		}
		change(sold, b.clock.now())
		return sold.last, b.tellLife(sold, eventType), nil
	})
	return err
}

// tellLife queues the status webhook of a change; none of a pause, if doubts say
// so.
func (b *books) tellLife(sold *sale, eventType string) []*event {
	isPause := eventType == EventFreeze || eventType == EventUnfreeze
	if isPause && b.doubts.PauseIsSilent {
		return nil
	}
	return b.tell(KindStatus, sold.last, statusBody(eventType))
}

// Cancel ends a subscription at the end of its period, found by any of its
// payments: realStatus turns passive at once, status when the period is over,
// and of that no webhook tells. Its errors are ErrNoPayment, ErrNotSubscription
// and ErrEnded.
func (b *books) Cancel(transactionID string) error {
	return b.change(transactionID, EventCancel, func(s *sale, now time.Time) {
		s.note(EventCancel, now)
	})
}

// CancelNow is a cancellation by force: both states are passive at once. Its
// errors are those of Cancel.
func (b *books) CancelNow(transactionID string) error {
	return b.change(transactionID, EventCancel, func(s *sale, now time.Time) {
		s.note(EventCancel, now)
		s.status = "passive"
	})
}

// FailRenewal is a renewal that could not be charged: the subscription is in
// grace. Recover, Lapse and Renew end it. Its errors are those of Cancel.
func (b *books) FailRenewal(transactionID string) error {
	return b.change(transactionID, EventActiveToGrace, func(s *sale, now time.Time) {
		s.note(EventActiveToGrace, now)
		if b.doubts.GraceMovesExpiry {
			s.expires = s.expires.AddDate(0, 0, 30)
		}
	})
}

// Lapse ends a subscription, in grace or not, and says so: both states are
// passive, the event type is graceToPassive. Zotlo publishes no event of a
// subscription that ends without grace. Its errors are those of Cancel.
func (b *books) Lapse(transactionID string) error {
	return b.change(transactionID, EventGraceToPassive, func(s *sale, now time.Time) {
		s.note(EventGraceToPassive, now)
	})
}

// Pause freezes a subscription until then: freezeEndDate is set, the states stay
// as they are ([Doubts].PauseIsPassive). It ends by Resume, by Renew, or silently.
// Its event type is made up: EventFreeze. Its errors are those of Cancel.
func (b *books) Pause(transactionID string, until time.Time) error {
	return b.change(transactionID, EventFreeze, func(s *sale, now time.Time) {
		s.paused, s.resumes = &now, &until
	})
}

// Resume ends a pause; the period is longer by as long as it has lasted. Its
// event type is made up: EventUnfreeze. Its errors are those of Cancel.
func (b *books) Resume(transactionID string) error {
	return b.change(transactionID, EventUnfreeze, (*sale).resume)
}

// Reactivate takes a cancellation back while the period still runs: nothing is
// charged, and the status webhook says reactivate. One that has ended comes back
// by Renew, which charges. Its errors are those of Cancel.
func (b *books) Reactivate(transactionID string) error {
	return b.change(transactionID, EventReactivate, func(s *sale, now time.Time) {
		s.note(EventReactivate, now)
	})
}
