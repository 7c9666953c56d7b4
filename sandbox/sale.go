package sandbox

import (
	"encoding/json"
	"time"
)

// The published event types of a subscription, for [Sandbox.Status].
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/subscription-status-webhooks
const (
	// EventNewSubscriber: the subscription begins, on trial or paid.
	EventNewSubscriber = "newSubscriber"
	// EventRenewal: another period was paid.
	EventRenewal = "renewal"
	// EventActiveToGrace: a charge failed, and is tried again for some time.
	EventActiveToGrace = "activeToGrace"
	// EventGraceToActive: one of those tries succeeded.
	EventGraceToActive = "graceToActive"
	// EventGraceToPassive: none did, and the subscription has ended.
	EventGraceToPassive = "graceToPassive"
	// EventCancel: the subscriber cancelled. What is paid runs to its end.
	EventCancel = "cancel"
	// EventReactivate: an ended or cancelled one goes on.
	EventReactivate = "reactivate"
	// EventPackageUpdate: another package, at once or from the next period on.
	EventPackageUpdate = "package_update"
)

// EventFreeze and EventUnfreeze tell of a pause. Zotlo publishes the calls
// (freeze and unfreeze of its PHP SDK) and freezeEndDate, but no event type:
// these are made up.
const (
	EventFreeze   = "freeze"
	EventUnfreeze = "unfreeze"
)

// sale is one purchase: a one-time one, or a subscription.
type sale struct {
	fields     Link // as it was when it was paid
	parameters json.RawMessage
	product    BaseLink
	terms      terms
	original   *payment
	last       *payment
	clientUUID string

	// of a subscription
	subscriptionID int    // 0: a one-time payment
	status         string // active, grace, passive
	expires        time.Time
	canceled       *time.Time // set from the cancellation on
	paused         *time.Time
	resumes        *time.Time
	waiting        *BaseLink // what a downgrade sells from the next period on
}

// payment is a Payment with what its webhooks need.
type payment struct {
	Payment
	sale  *sale
	rowID int // Zotlo's own number of it
	// The last refund; nil before the first.
	refund *Refund
}

// key is what the store finds a payment by.
func (p *payment) key() string { return p.TransactionID }

// refunded is a refund with its payment, and all that was given back of it by
// then.
type refunded struct {
	Refund
	of  *payment
	sum string
}

// key is what the store finds a purchase by.
func (s *sale) key() string { return s.original.TransactionID }

// note changes the state of a subscription by an event. Types it does not know
// change nothing.
func (s *sale) note(eventType string, now time.Time) {
	switch eventType {
	case EventCancel, "Cancel": // as the older page writes it
		s.canceled = &now
	case EventActiveToGrace:
		s.status = "grace"
	case EventGraceToPassive:
		s.status = "passive"
	case EventGraceToActive, EventReactivate, EventRenewal:
		s.status, s.canceled, s.paused, s.resumes = "active", nil, nil, nil
	case EventPackageUpdate:
		next := s.product
		next.PackageID += "-new"
		s.waiting = &next
	case EventFreeze:
		until := now.AddDate(0, 1, 0)
		s.paused, s.resumes = &now, &until
	case EventUnfreeze:
		s.resume(now)
	}
}

// resume ends a pause. The period is longer by as long as the pause has lasted:
// Zotlo says nothing about it.
func (s *sale) resume(now time.Time) {
	if s.paused != nil {
		s.expires = s.expires.Add(now.Sub(*s.paused))
	}
	s.paused, s.resumes = nil, nil
}

// isCanceled reports whether the subscriber has cancelled.
func (s *sale) isCanceled() bool { return s.canceled != nil }

// isOver reports whether the subscription has ended: a cancelled one does so
// silently when its period is over.
func (s *sale) isOver(now time.Time) bool {
	return s.status == "passive" || s.isCanceled() && !now.Before(s.expires)
}

// isPaused reports whether a pause lasts.
func (s *sale) isPaused(now time.Time) bool {
	return s.resumes != nil && now.Before(*s.resumes)
}

// states are the two words that Zotlo has for a subscription. After a
// cancellation status stays active to the end of what is paid, only realStatus
// turns at once.
func (s *sale) states(now time.Time, d Doubts) (status, realStatus string) {
	switch {
	case s.isOver(now):
		return "passive", "passive"
	case s.isPaused(now) && d.PauseIsPassive:
		return "passive", "passive"
	case s.isCanceled():
		return s.status, "passive"
	}
	return s.status, s.status
}

// unit is the price of one piece with this status.
func (s *sale) unit(status string) string {
	if status == StatusTrial {
		return s.product.TrialPrice
	}
	return s.product.Price
}

// lasts is how long a payment with this status lasts. A one-time payment lasts
// no time.
func (s *sale) lasts(status string) period {
	text := s.product.Period
	switch status {
	case StatusConsumable:
		return period{}
	case StatusTrial:
		text = s.product.TrialPeriod
	}
	p, err := parsePeriod(text)
	if err != nil {
		return period{months: 1}
	}
	return p
}
