package memorycache

import (
	"maps"
	"strconv"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

const (
	// forgottenFor is how long it is known who was forgotten: by then every link made before is
	// dead of age.
	forgottenFor = time.Hour + 5*time.Minute
	// maxForgotten bounds the forgotten subscribers of one part.
	maxForgotten = 128
)

// epochs tells links made before a Forget from those made after it. A counter goes up with each
// Forget in the part. A subscriber's epoch is the counter as it stood when they were forgotten
// last, or the floor if they were not. A link is alive if it was made in its subscriber's epoch or
// a later one.
//
// Only the forgotten are kept. When there are too many, the floor is raised instead: all links of
// the part die, and nobody needs to be remembered. So its size is bounded and it is never wrong.
//
// Every click reads it, and only a payment changes it: so a change makes a new one, and nobody who
// reads waits. Nil is that of a part in which nobody was forgotten.
type epochs struct {
	// counter is the number of forgettings so far.
	counter uint64
	// floor is the epoch of everyone who is not in forgotten.
	floor     uint64
	floorName linkgen.Epoch // of floor, made once so that Get need not
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
	if e == nil {
		return 0, "0" // as epochName writes it
	}
	if f, ok := e.forgotten[s]; ok {
		return f.epoch, f.name
	}
	return e.floor, e.floorName
}

// epochName is the epoch in base 36, which Set reads.
func epochName(n uint64) linkgen.Epoch { return linkgen.Epoch(strconv.FormatUint(n, 36)) }

// forgetting begins a new epoch for the subscriber or, where too many are known, for the whole
// part.
func (e *epochs) forgetting(s linkgen.SubscriberHash, now time.Duration) *epochs {
	after := &epochs{floorName: epochName(0)}
	if e != nil {
		*after = *e
	}
	after.counter++
	name := epochName(after.counter)
	after.forgotten = maps.Clone(after.forgotten)
	delete(after.forgotten, s)
	if len(after.forgotten) >= maxForgotten {
		after.dropOld(now)
	}
	switch {
	case len(after.forgotten) >= maxForgotten:
		after.floor, after.floorName, after.forgotten = after.counter, name, nil
		return after
	case after.forgotten == nil:
		after.forgotten = make(map[linkgen.SubscriberHash]forgotten)
	}
	after.forgotten[s] = forgotten{after.counter, name, now}
	return after
}

// dropOld lets go of those whose links from before are dead of age.
func (e *epochs) dropOld(now time.Duration) {
	maps.DeleteFunc(e.forgotten, func(_ linkgen.SubscriberHash, f forgotten) bool {
		return now-f.at > forgottenFor
	})
}
