package sandbox

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"time"
)

// Webhooks are the addresses of the webhook kinds, as the Dashboard has one
// field for each (Developer Tools, Webhooks). Each is an absolute URL; to an
// empty one nothing is sent.
type Webhooks struct {
	// Payments gets every payment that succeeded, free trials included.
	Payments string
	// Refunds gets every refund, of all of the money or of a part.
	Refunds string
	// Status gets what happens to subscriptions: a beginning, a renewal, a
	// cancellation. One-time payments have no status.
	Status string
	// Registration gets the user of every checkout that was paid.
	Registration string
}

// WebhooksTo sends every kind to one address.
func WebhooksTo(url string) Webhooks {
	return Webhooks{Payments: url, Refunds: url, Status: url, Registration: url}
}

// Kind is a kind of webhook: which address it goes to, and what its body is.
type Kind string

// The kinds of webhooks.
const (
	KindPayment      Kind = "payment"
	KindRefund       Kind = "refund"
	KindStatus       Kind = "status"
	KindRegistration Kind = "registration"
)

// url is the address of a kind.
func (w Webhooks) url(k Kind) string {
	switch k {
	case KindPayment:
		return w.Payments
	case KindRefund:
		return w.Refunds
	case KindStatus:
		return w.Status
	default:
		return w.Registration
	}
}

// EventState says what became of a webhook.
type EventState string

// The states of a webhook.
const (
	// Pending: not tried so far, or not well, and to be tried again.
	Pending EventState = "pending"
	// Delivered: answered with exactly 200.
	Delivered EventState = "delivered"
	// Dropped: failed to the end of the schedule. Only Send tries it again.
	Dropped EventState = "dropped"
	// Lost: never tried, because Post or LoseNext said so. Only Send tries it.
	Lost EventState = "lost"
)

// Event is one webhook. Its body, requestID included, is the same in every try.
type Event struct {
	// ID is a UUID, and the queue.requestID where the body has one.
	ID   string
	Kind Kind
	// TransactionID is that of the payment it tells of.
	TransactionID string
	// URL is where it goes, as Webhooks said when it was made.
	URL string
	// Body is the JSON that is posted. It is shared: do not change it.
	Body  []byte
	State EventState
	// Due is when a pending one is tried next, on Config.Now.
	Due time.Time
	// Attempts are the tries so far, the first 100 of them.
	Attempts []Attempt
}

// Attempt is one try to deliver a webhook.
type Attempt struct {
	// At is when it began, on Config.Now.
	At time.Time
	// Status is that of the answer; 0 if there was none.
	Status int
	// Err says why there was no answer.
	Err error
}

// The pauses after failed tries: Zotlo repeats after 10 minutes, three times
// after 30 and once after an hour; a registration ten times, hourly.
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/webhooks-overview
// https://docs.zotlo.com/integrations/webhooks/registered-users
var (
	retrySchedule = []time.Duration{
		10 * time.Minute, 30 * time.Minute, 30 * time.Minute, 30 * time.Minute, time.Hour,
	}
	registrationSchedule = slices.Repeat([]time.Duration{time.Hour}, 10)
)

// maxAttempts bounds how many tries of one event are remembered.
const maxAttempts = 100

// ErrNoEvent says that no webhook has this ID.
var ErrNoEvent = errors.New("sandbox: unknown event")

// event is an Event in the hands of the sandbox.
type event struct {
	Event
	tries   int // that count against the schedule
	sending int // tries under way
}

// key is what the store finds an event by.
func (e *event) key() string { return e.ID }

// schedule is the pauses between the tries of an event.
func (e *event) schedule() []time.Duration {
	if e.Kind == KindRegistration {
		return registrationSchedule
	}
	return retrySchedule
}

// copied is the same webhook under another id, never tried so far. Both ids are
// random UUIDs, so the old one stands nowhere in the body but where the
// requestID is.
func (e *event) copied(id string, now time.Time) *event {
	return &event{Event: Event{
		ID:            id,
		Kind:          e.Kind,
		TransactionID: e.TransactionID,
		URL:           e.URL,
		Body:          bytes.Replace(e.Body, []byte(e.ID), []byte(id), 1),
		State:         Pending,
		Due:           now,
	}}
}

// note decides what follows from one try: 200 ends the story, and any other
// answer takes the next pause of the schedule. A delivered or dropped event
// that Send has repeated keeps its state.
func (e *event) note(a Attempt, now time.Time) {
	if len(e.Attempts) < maxAttempts {
		e.Attempts = append(e.Attempts, a)
	}
	if a.Status == http.StatusOK {
		e.State = Delivered
		return
	}
	if e.State != Pending {
		return
	}
	if pauses := e.schedule(); e.tries < len(pauses) {
		e.Due = now.Add(pauses[e.tries])
		e.tries++
		return
	}
	e.State = Dropped
}
