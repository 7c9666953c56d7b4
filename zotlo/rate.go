package zotlo

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is a number of events per duration: Events at once, then one each Per/Events. The zero Rate
// means no limit or, where there is one, the default; negative Events mean no limit.
type Rate struct {
	Events int
	Per    time.Duration
}

// Limited reports whether r limits anything.
func (r Rate) Limited() bool { return r.Events > 0 }

func (r Rate) every() rate.Limit { return rate.Limit(float64(r.Events) / r.Per.Seconds()) }

// Bucket counts the events of one rate. Its zero value is ready, and safe for concurrent use.
type Bucket struct {
	mu sync.Mutex
	l  *rate.Limiter
}

// Take takes one event that comes at most patience from now, and tells when; or takes none, and tells
// how long that would have been. What is used up stays used up when the rate changes with a reload.
func (b *Bucket) Take(r Rate, now time.Time, patience time.Duration) (wait time.Duration, ok bool) {
	if !r.Limited() {
		return 0, true
	}
	turn := b.limiter(r, now).ReserveN(now, 1)
	if wait = turn.DelayFrom(now); wait > patience {
		turn.CancelAt(now)
		return wait, false
	}
	return wait, true
}

func (b *Bucket) limiter(r Rate, now time.Time) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.l == nil:
		b.l = rate.NewLimiter(r.every(), r.Events)
	case b.l.Burst() != r.Events || b.l.Limit() != r.every():
		b.l.SetLimitAt(now, r.every())
		b.l.SetBurstAt(now, r.Events)
	}
	return b.l
}
