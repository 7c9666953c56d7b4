package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/caddy-checkout/checkout/zotlo"
)

const (
	// markLife is how long it is known what was processed: longer than Zotlo repeats a webhook.
	markLife = 24 * time.Hour
	// An operation that fails is tried again: Zotlo repeats later than a link is kept, and nobody
	// stands at a checkout and waits for a webhook's work.
	tries      = 3
	pauseAfter = 200 * time.Millisecond
)

// Delivery is one webhook as it came, and what its receiver knows beyond it.
type Delivery struct {
	Event zotlo.Event
	Body  []byte // identifies a delivery that bears no id
	// Subscribers are the keyed hashes of whom the webhook names, and whom the link was made for: a
	// shopper may change their address on the checkout page.
	Subscribers []string
	// Campaign is the one that sold the payment, by the receiver's own names.
	Campaign string
	// Matters is how long a payment for Campaign is of interest; zero means not at all.
	Matters time.Duration
	// Unfinished is why work that goes before the record failed. Then the delivery is not marked as
	// processed, so that a repeat does what is left.
	Unfinished error
	// Anyway counts the delivery, once in this process, even if it cannot be recorded: perhaps nobody
	// repeats it.
	Anyway bool
}

// News says what was new in a delivery. Metrics, log and events follow it, so nothing is counted by
// who asks first.
type News struct {
	// Counted is set when the delivery counts: it was not processed before, by anybody of the fleet.
	Counted bool
	// Repeated is set when it was.
	Repeated bool
	// Mismatches are in what a payment differs from what its link asked for, by their kinds.
	Mismatches []string
}

// Record does what may be done twice, then sets the delivery's mark, then says what counts: anyone
// who sets the mark counts. So a crash or a failing store before the mark leaves all of it to the
// repeat, and what comes after the mark cannot fail.
func (l *Ledger) Record(ctx context.Context, d Delivery) (News, error) {
	key := deliveryKey(d.Event, d.Body)
	failed := d.Unfinished
	seen, err := l.shared.Seen(ctx, key)
	if !seen {
		failed = errors.Join(failed, err, l.note(ctx, d))
	}
	if failed != nil {
		l.failed(failed)
	}
	switch {
	case failed != nil && (seen || !d.Anyway):
		return News{}, failed
	case seen, !l.mark(ctx, key, failed == nil):
		return News{Repeated: true}, failed
	}
	return News{Counted: true, Mismatches: mismatches(d.Event, AttributionOf(d.Event))}, failed
}

// mark reports whether the delivery has not been counted, and marks it: for the fleet when all of
// its work is done, for this process in any case. A mark that may be set or not counts as not: to
// count twice is better than never.
func (l *Ledger) mark(ctx context.Context, key string, done bool) bool {
	if done {
		first, err := l.shared.Once(ctx, key, markLife)
		if err != nil {
			l.failed(err)
		} else if !first {
			return false
		}
	}
	// Only now: of two copies at once, the one that has the fleet's mark must find this one free.
	first, err := l.local.Once(ctx, key, markLife)
	return first || err != nil
}

// deliveryKey identifies a delivery: by its kind and request id, else by what it says.
func deliveryKey(event zotlo.Event, body []byte) string {
	if event.RequestID != "" {
		return "webhook:" + event.Kind + ":" + event.RequestID
	}
	digest := sha256.Sum256(body)
	return "webhook:" + hex.EncodeToString(digest[:])
}

// note writes a payment down for PaidRecently, or takes it back: a shopper who got their money back
// may buy again at once.
func (l *Ledger) note(ctx context.Context, d Delivery) (err error) {
	if d.Matters == 0 {
		return nil
	}
	for _, subscriber := range d.Subscribers {
		err = cmp.Or(err, again(ctx, func() error {
			switch d.Event.Kind {
			case zotlo.WebhookPayment:
				return l.notePayment(ctx, subscriber, d, time.Now())
			case zotlo.WebhookRefund:
				return l.noteRefund(ctx, subscriber, d)
			}
			return nil
		}))
	}
	return err
}

// again does something, and tries again what failed.
func again(ctx context.Context, do func() error) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, do() },
		backoff.WithMaxTries(tries),
		backoff.WithBackOff(backoff.NewConstantBackOff(pauseAfter)))
	return err
}
