package sandbox

import (
	"sync"
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
