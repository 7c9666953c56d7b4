package memorycache

import (
	"strconv"
	"sync"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

const (
	// forgottenFor is how long it is known who was forgotten: by then every link made before is
	// dead of age.
	forgottenFor = time.Hour + 5*time.Minute
	// maxForgotten bounds the forgotten subscribers of one shard.
	maxForgotten = 128
)

// epochs tells links made before a Forget from those made after it. A counter goes up with each
// Forget in the shard. A subscriber's epoch is the counter as it stood when they were forgotten
// last, or the floor if they were not. A link is alive if it was made in its subscriber's epoch or
// a later one.
//
// Only the forgotten are kept. When there are too many, the floor is raised instead: all links of
// the shard die, and nobody needs to be remembered. So its size is bounded and it is never wrong.
// The zero value is ready.
type epochs struct {
	mu sync.RWMutex
	// counter is the number of forgettings so far.
	counter uint64
	// floor is the epoch of everyone who is not in forgotten.
	floor     uint64
	floorName linkgen.Epoch // of floor, made once so that Get need not; empty for 0
	forgotten map[linkgen.SubscriberHash]forgotten
}

// forgotten is a subscriber's epoch, and when it began.
type forgotten struct {
	epoch uint64
	name  linkgen.Epoch
	at    time.Duration
}

// of is the subscriber's present epoch, as a number and as linkgen knows it.
func (e *epochs) of(s linkgen.SubscriberHash) (uint64, linkgen.Epoch) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if f, ok := e.forgotten[s]; ok {
		return f.epoch, f.name
	}
	if e.floorName == "" {
		return e.floor, "0"
	}
	return e.floor, e.floorName
}

// epochName is the epoch in base 36, which Set reads.
func epochName(n uint64) linkgen.Epoch { return linkgen.Epoch(strconv.FormatUint(n, 36)) }

// forget begins a new epoch for the subscriber or, where too many are known, for the whole shard.
func (e *epochs) forget(s linkgen.SubscriberHash, now time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, known := e.forgotten[s]; !known && len(e.forgotten) >= maxForgotten {
		e.dropOldLocked(now)
	}
	e.counter++
	if _, known := e.forgotten[s]; !known && len(e.forgotten) >= maxForgotten {
		e.floor, e.floorName = e.counter, epochName(e.counter)
		clear(e.forgotten)
		return
	}
	if e.forgotten == nil {
		e.forgotten = make(map[linkgen.SubscriberHash]forgotten)
	}
	e.forgotten[s] = forgotten{e.counter, epochName(e.counter), now}
}

// dropOldLocked lets go of those whose links from before are dead of age.
func (e *epochs) dropOldLocked(now time.Duration) {
	for s, f := range e.forgotten {
		if now-f.at > forgottenFor {
			delete(e.forgotten, s)
		}
	}
}
