// Package refusals says which of many refused tokens is worth a line in the log.
package refusals

import (
	"sync"
	"time"
)

// quiet is how long one kind of refusal says nothing after it was told.
const quiet = time.Minute

// Kind is what one line tells of. Both words come from the code or the configuration, never from a
// token, so there are few kinds.
type Kind struct{ Rule, Identity string }

// Tally counts refusals by kind. The zero Tally is ready. It is safe for concurrent use, and holds
// no goroutine and no timer.
type Tally struct {
	mu    sync.Mutex
	kinds map[Kind]*count
}

// count is what was not told yet.
type count struct {
	told   time.Time // when a line was due
	untold int
}

// Add counts one refusal at the instant now. due is for how many refusals a line stands that is to
// be written now, this one included. It is 0 within a minute of the line before. What was counted
// in that minute waits for the next refusal, however late that comes: the metric has it at once.
func (t *Tally) Add(kind Kind, now time.Time) (due int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.kinds[kind]
	switch {
	case c == nil:
		if t.kinds == nil {
			t.kinds = make(map[Kind]*count)
		}
		c = new(count)
		t.kinds[kind] = c
	case now.Sub(c.told) < quiet:
		c.untold++
		return 0
	}
	due = c.untold + 1
	*c = count{told: now}
	return due
}
