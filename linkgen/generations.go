package linkgen

import (
	"strconv"
	"sync"
	"time"
)

const (
	// forgottenFor is how long it is known who was forgotten: by then every link made before is dead of age.
	forgottenFor = time.Hour + 5*time.Minute
	// maxForgotten bounds the forgotten subscribers of one shard.
	maxForgotten = 128
)

// generations tells links made before a Forget from those made after it. A counter goes up with each Forget in the
// shard; a subscriber's generation is the counter as it stood when he was forgotten last, or the floor if he was not. A
// link is alive if it was made in its subscriber's generation or a later one.
//
// Only the forgotten are kept. When there are too many, the floor is raised instead: all links of the shard die, and
// nobody needs to be remembered. So its size is bounded and it is never wrong. The zero value is ready.
type generations struct {
	mu        sync.RWMutex
	counter   uint64
	floor     uint64
	floorName Generation // of floor, made once so that Get need not
	forgotten map[Subject]forgotten
}

type forgotten struct {
	generation uint64
	name       Generation
	at         time.Duration
}

func (g *generations) of(s Subject) (uint64, Generation) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if f, ok := g.forgotten[s]; ok {
		return f.generation, f.name
	}
	if g.floorName == "" {
		return g.floor, generationName(g.floor)
	}
	return g.floor, g.floorName
}

// generationName allocates nothing for the 0 of a shard where nobody was ever forgotten.
func generationName(n uint64) Generation { return Generation(strconv.FormatUint(n, 36)) }

func (g *generations) forget(s Subject, now time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.forgotten[s]; !known && len(g.forgotten) >= maxForgotten {
		g.dropOldLocked(now)
	}
	g.counter++
	if _, known := g.forgotten[s]; !known && len(g.forgotten) >= maxForgotten {
		g.floor, g.floorName = g.counter, generationName(g.counter)
		clear(g.forgotten)
		return
	}
	if g.forgotten == nil {
		g.forgotten = make(map[Subject]forgotten)
	}
	g.forgotten[s] = forgotten{g.counter, generationName(g.counter), now}
}

func (g *generations) dropOldLocked(now time.Duration) {
	for s, f := range g.forgotten {
		if now-f.at > forgottenFor {
			delete(g.forgotten, s)
		}
	}
}
