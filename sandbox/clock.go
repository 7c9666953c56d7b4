package sandbox

import (
	"sync"
	"sync/atomic"
	"time"
)

// Clock is a clock that moves only when it is told to. Give its Now to
// Config.Now, and to the code under test, so that both agree when a link has
// expired. Make one with NewClock.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at start.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

// Now returns the time the clock stands at.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock by d. It sends no webhook by itself: call
// [Sandbox.Deliver] for those that have fallen due.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// ticker is the time in the sandbox: Config.Now, moved by Shift.
type ticker struct {
	source  func() time.Time
	shifted atomic.Int64 // nanoseconds
}

// newTicker reads the clock of the machine if cfg has none.
func newTicker(cfg Config) *ticker {
	if cfg.Now == nil {
		return &ticker{source: time.Now}
	}
	return &ticker{source: cfg.Now}
}

// now is the time in the sandbox.
func (t *ticker) now() time.Time {
	return t.source().Add(time.Duration(t.shifted.Load()))
}

// Shift lets the sandbox live d later than Config.Now says (earlier, if d is
// negative), until the next Shift: sales, webhooks and links are dated by it.
// A process on the real clock sells the past with it. It sends no webhook by
// itself.
func (t *ticker) Shift(d time.Duration) { t.shifted.Store(int64(d)) }
