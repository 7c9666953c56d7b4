package linkgen

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/caddy-checkout/checkout/zotlo"
)

// A link that outlives its payment is a dead end for a shopper, and anyone who reports a payment
// repeats it later than a link is kept. So a cache that stumbles is asked again.
const (
	forgetTries = 3
	forgetPause = 200 * time.Millisecond
)

// Forget makes every link made for the subscriber dead at once, for all who share the cache: kept
// ones and those being made. What fails is tried again, twice at most. After an error this State's
// generators give out no link from before until the cache has forgotten it; they ask it again
// whenever the subscriber comes.
func (g *Generator) Forget(ctx context.Context, s SubscriberHash) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, g.cache.Forget(ctx, s)
	}, backoff.WithMaxTries(forgetTries), backoff.WithBackOff(backoff.NewConstantBackOff(forgetPause)))
	if err != nil {
		g.state.unforgotten.add(s, time.Now())
		return err
	}
	g.state.unforgotten.remove(s)
	return nil
}

// forgotten reports whether nothing is left to be forgotten of the subscriber, or can be now.
func (g *Generator) forgotten(ctx context.Context, s SubscriberHash) bool {
	if g.state.unforgotten.since(s).IsZero() {
		return true
	}
	if err := g.cache.Forget(ctx, s); err != nil {
		if ctx.Err() == nil {
			g.hooks.cacheError(err)
		}
		return false
	}
	g.state.unforgotten.remove(s)
	return true
}

// keptUnforgotten bounds those who could not be forgotten. They matter for as long as links live.
const keptUnforgotten = 100_000

// unforgotten are the subscribers whom the cache could not forget, and since when. Its zero value
// is ready.
type unforgotten struct {
	count atomic.Int64 // of them; read on every click without the lock
	mu    sync.Mutex
	// at holds at most keptUnforgotten; nil until the first failure.
	at map[SubscriberHash]time.Time
}

// add remembers a subscriber, or the newer instant for one who is there already.
func (u *unforgotten) add(s SubscriberHash, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.at == nil {
		u.at = make(map[SubscriberHash]time.Time)
	}
	u.dropLocked(now)
	u.at[s] = now
	u.count.Store(int64(len(u.at)))
}

// dropLocked makes room: of those whose links are dead of age, else of anybody.
func (u *unforgotten) dropLocked(now time.Time) {
	for s, at := range u.at {
		if now.Sub(at) > zotlo.LinkLife {
			delete(u.at, s)
		}
	}
	for s := range u.at {
		if len(u.at) < keptUnforgotten {
			return
		}
		delete(u.at, s)
	}
}

// remove is for a subscriber whom the cache has forgotten after all.
func (u *unforgotten) remove(s SubscriberHash) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.at, s)
	u.count.Store(int64(len(u.at)))
}

// since is when the subscriber could not be forgotten, for the last time; zero if they were, or if
// nobody has asked for it.
func (u *unforgotten) since(s SubscriberHash) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.at[s]
}
