package zotlo

import (
	"sync"
	"time"
)

// Rate is a number of events per duration: Events at once, then one each Per/Events. The zero Rate
// means no limit or, where there is one, the default; negative Events mean no limit.
type Rate struct {
	Events int
	Per    time.Duration
}

// Limited reports whether r limits anything.
func (r Rate) Limited() bool { return r.Events > 0 }

// every is the time between two events, rounded up. Rounded down, a rate would let more through
// than it says.
func (r Rate) every() time.Duration {
	return (r.Per + time.Duration(r.Events) - 1) / time.Duration(r.Events)
}

// Bucket counts the events of one rate. Its zero value is full of tokens, and safe for concurrent
// use.
//
// It is built here because of what golang.org/x/time/rate does with a refusal: that one reserves a
// token and cancels it, and a cancelled reservation gives back only what nobody has reserved after
// it. Refusals that overlap lose tokens, so impatient callers lock everybody out. A Bucket takes
// nothing from a caller that it refuses, and gets back exactly what was taken.
type Bucket struct {
	mu   sync.Mutex
	rate Rate
	full time.Time // when all tokens are there again (GCRA's theoretical arrival time)
}

// Take takes one token that is there at most patience from now, and tells when; or takes none, and
// tells how long that would have been. A negative patience leaves so much of the rate unused, and
// what is told is in how long that may be so: see Rate.Leaving.
func (b *Bucket) Take(r Rate, now time.Time, patience time.Duration) (wait time.Duration, ok bool) {
	if !r.Limited() {
		return 0, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.adoptLocked(r, now)
	// A bucket that is full earns nothing while nobody calls.
	full := b.full
	if full.Before(now) {
		full = now
	}
	full = full.Add(r.every())
	wait = full.Sub(now) - time.Duration(r.Events)*r.every()
	if wait > patience {
		return wait - min(patience, 0), false
	}
	b.full = full
	return max(wait, 0), true
}

// GiveBack returns a token of which nothing came.
func (b *Bucket) GiveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate.Limited() {
		b.full = b.full.Add(-b.rate.every())
	}
}

// adoptLocked changes the rate with a reload. The tokens that are there stay, and no others come.
func (b *Bucket) adoptLocked(r Rate, now time.Time) {
	if b.rate == r {
		return
	}
	if missing := b.full.Sub(now); b.rate.Limited() && missing > 0 {
		left := float64(b.rate.Events) - float64(missing)/float64(b.rate.every())
		missing = time.Duration((float64(r.Events) - left) * float64(r.every()))
		b.full = now.Add(max(missing, 0))
	}
	b.rate = r
}
