package ledger

import (
	"context"
	"time"
)

// exposureLife is how long a subscriber counts once per experiment, variant and place.
const exposureLife = 24 * time.Hour

// Exposure is a subscriber who was shown a variant.
type Exposure struct {
	At         string // where
	Experiment string
	Variant    string
	Subscriber string // a keyed hash
}

// Expose reports whether the exposure is the first of its day, in the whole fleet.
//
// This process is asked first, so that a fleet's store is asked once per exposure and process; when
// that one fails, this process's answer stands. A shopper who leaves was shown the variant all the
// same, so the question outlives ctx; the store bounds it.
func (l *Ledger) Expose(ctx context.Context, e Exposure) (first bool) {
	// The key holds all that makes an exposure another one. The subscriber stands in it as a hash
	// only.
	key := "exposure:" + e.At + ":" + e.Experiment + ":" + e.Variant + ":" + e.Subscriber
	if first, err := l.local.Once(ctx, key, exposureLife); err == nil && !first {
		return false
	}
	first, err := l.shared.Once(context.WithoutCancel(ctx), key, exposureLife)
	// The local store said that it is new to this process, and that is the best answer left.
	if err != nil {
		l.failed(err)
		return true
	}
	return first
}
