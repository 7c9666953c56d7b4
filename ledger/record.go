package ledger

import (
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

// This file takes a webhook in: it decides whether a delivery is new to the fleet, and has it
// noted. The order of its steps is what makes a crash at any point harmless; see Record.

// Delivery is one webhook as it came, and what its receiver knows beyond it.
type Delivery struct {
	Event zotlo.Event
	Body  []byte // identifies a delivery that bears no id
	// Subscribers are the keyed hashes of whom the webhook names, and whom the link was made for: a
	// shopper may change their address on the checkout page.
	Subscribers []string
	// Keep is how long it is to be known who paid, if longer than a month.
	Keep time.Duration
	// Unfinished is why work that goes before the record failed, the question whether it is a
	// repeat among it. Then the delivery is not marked as processed, so that a repeat does what is
	// left.
	Unfinished error
}

// News says what was new in a delivery. Metrics, log and events follow it, so nothing is counted by
// who asks first.
type News struct {
	// Counted is set when the delivery counts: what it says was not processed before, by anybody of
	// the fleet, whatever id it came under.
	Counted bool
	// Repeated is set when it was.
	Repeated bool
	// Part is set for a refund of a part of the price.
	Part bool
	// Mismatches are in what a payment differs from what its link asked for, by their kinds.
	Mismatches []string
}

// Repeated reports whether a delivery was processed before, by anybody of the fleet: then nothing
// is left to be done for it, and nothing of it is to be done again.
func (l *Ledger) Repeated(ctx context.Context, d Delivery) (bool, error) {
	// One mark is enough: each of them is set only by a delivery that was processed.
	for _, key := range marks(d) {
		if seen, err := l.shared.Seen(ctx, key); seen || err != nil {
			return seen, err
		}
	}
	return false, nil
}

// Record does what may be done twice, then sets the delivery's marks, then says what counts: anyone
// who sets them counts. So a crash or a failing store before the marks leaves all of it to the
// repeat, and what comes after them cannot fail. Of what was processed before, it does nothing.
func (l *Ledger) Record(ctx context.Context, d Delivery) (News, error) {
	failed := d.Unfinished
	if failed == nil {
		repeated, err := l.Repeated(ctx, d)
		if repeated {
			return News{Repeated: true}, nil
		}
		failed = err
	}
	// A repeat cannot be told from news while the store fails, so the notes are written: writing
	// them twice changes nothing.
	failed = errors.Join(failed, l.note(ctx, d))
	if failed != nil {
		l.failed(failed)
		return News{}, failed
	}
	// Another node may have marked the same payment in the meantime. Then that one counts it.
	if !l.mark(ctx, marks(d)) {
		return News{Repeated: true}, nil
	}
	_, part := givesBack(d.Event)
	return News{
		Counted:    true,
		Part:       part && d.Event.Kind == zotlo.WebhookRefund,
		Mismatches: mismatches(d.Event, AttributionOf(d.Event)),
	}, nil
}

// mark reports whether nobody has counted what the keys name, and marks it for the fleet. The keys
// are marked in their order, and no more once one is taken: else each of two copies at once could
// hold one of them, and neither would count. A mark that may be set or not counts as not: to count
// twice is better than never. Of two copies at once that meet such a failure, this process counts
// one.
func (l *Ledger) mark(ctx context.Context, keys []string) bool {
	for _, key := range keys {
		mine, err := l.shared.Once(ctx, key, markLife)
		if err != nil {
			l.failed(err)
			if mine, err = l.local.Once(ctx, key, markLife); err != nil {
				mine = true
			}
		}
		if !mine {
			return false
		}
	}
	return true
}

// marks name what a delivery says, and the delivery itself: by its kind and request id, else by its
// text. The first is what counts; the second guards what names no transaction.
func marks(d Delivery) (keys []string) {
	if id := paymentID(d.Event); id != "" {
		keys = append(keys, "payment:"+digest(id))
	}
	if d.Event.RequestID != "" {
		return append(keys, "webhook:"+d.Event.Kind+":"+d.Event.RequestID)
	}
	return append(keys, "webhook:"+digest(string(d.Body)))
}

// digest is the first half of a SHA-256, in hexadecimal. It makes keys short and keeps what a
// webhook says out of the store's key names; 128 bits are enough that no two texts meet.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// again does something, and tries again what failed. It tries three times in all, with a fifth of a
// second between them, and stops when ctx ends. It returns the last error.
func again(ctx context.Context, do func() error) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, do() },
		backoff.WithMaxTries(tries),
		backoff.WithBackOff(backoff.NewConstantBackOff(pauseAfter)))
	return err
}
