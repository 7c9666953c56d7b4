package zotlo

import (
	"context"
	"time"
)

// This file is for calls that nobody waits for: they go out only where there is plenty of room, and
// never look whether trouble is over.

// Leaving is the patience with which a Bucket gives a token only if n are left after it. Without a
// limit it means nothing.
func (r Rate) Leaving(n int) (patience time.Duration) {
	if !r.Limited() {
		return 0
	}
	return -time.Duration(n) * r.every()
}

// TakeSpareTurn takes a turn, as TakeTurn does, if fewer than half of the rate's are in use. It
// waits for nothing.
func (c *Client) TakeSpareTurn(ctx context.Context) bool {
	_, ok := c.fleet.take(ctx, c.fleet.rate.Leaving(c.fleet.rate.Events/2))
	return ok
}

// Untroubled reports whether nothing holds calls back: no pause, no wrong keys or address, and a
// closed breaker. Blocked says less: it lets the one call pass that looks whether trouble is over.
func (c *Client) Untroubled() bool {
	return !c.account.shoppers.open() && !c.account.shoppers.pause.on(time.Now())
}

// on reports whether there is a pause, be a probe due or not.
func (p *pause) on(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.until) || p.wrong != nil
}
