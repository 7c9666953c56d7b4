package memorycache

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patrickmn/go-cache"
)

// store is go-cache in shards with a bound over all of them. go-cache alone has no bound, and its
// sweep holds the one lock for as long as a look at every entry takes: 617 ms for a million.
//
// Instants are durations since the start of the owner's clock.
type store struct {
	// max bounds count: the entries of all shards, expired ones included until they are swept.
	max   atomic.Int64
	count atomic.Int64
	next  atomic.Uint32 // where to look first for an old entry to give up
	parts [shards]part
}

// part is one shard. Its queue knows the order in which entries came, which go-cache does not.
type part struct {
	mu sync.RWMutex
	// items finds a slot by its key. The Cache is a pointer itself.
	items cache.Cache
	queue []*slot // oldest first; a replaced or removed one is dead and stays until it is tidied
	dead  int
}

// slot is an entry, in the map and in the queue at once.
//
// The garbage collector follows every pointer of every entry, on the time of everybody's click. So
// key and text are one string, which the map's key is a part of, and link should hold no pointers.
type slot struct {
	// all is the key and, behind it, the text of the entry.
	all   string
	value link
	// until is counted from the start of the owner's clock.
	until     time.Duration
	keyLength uint32
	dead      bool
}

// newSlot joins key and text.
func newSlot(key, text string, v link, until time.Duration) *slot {
	return &slot{all: key + text, value: v, until: until, keyLength: uint32(len(key))}
}

// key is the key alone.
func (sl *slot) key() string { return sl.all[:sl.keyLength] }

// newStore makes a store without room; resize gives it some.
func newStore() *store {
	s := new(store)
	for i := range s.parts {
		// No janitor, and no expiry of go-cache's own: it would go by the wall clock.
		s.parts[i].items = *cache.New(cache.NoExpiration, 0)
	}
	return s
}

// get finds an entry that is not too old: its text, its value, and until when it is good.
func (s *store) get(
	shard int, key string, now time.Duration,
) (text string, v link, until time.Duration, ok bool) {
	p := &s.parts[shard]
	p.mu.RLock()
	defer p.mu.RUnlock()
	item, found := p.items.Get(key)
	if !found {
		return "", v, 0, false
	}
	sl := item.(*slot)
	if sl.until <= now {
		return "", v, 0, false
	}
	return sl.all[sl.keyLength:], sl.value, sl.until, true
}

// put keeps a text and v until an instant, in place of what was there.
func (s *store) put(shard int, key, text string, v link, until time.Duration) {
	s.makeRoom(shard)
	p := &s.parts[shard]
	p.mu.Lock()
	defer p.mu.Unlock()
	s.putLocked(p, newSlot(key, text, v, until))
}

// putLocked adds a slot that makeRoom has counted already.
func (s *store) putLocked(p *part, sl *slot) {
	if old := p.findLocked(sl.key()); old != nil {
		p.buryLocked(old)
		s.count.Add(-1)
	}
	p.items.Set(sl.key(), sl, cache.NoExpiration)
	p.queue = append(p.queue, sl)
	if p.dead > len(p.queue)/2+8 {
		p.tidyLocked()
	}
}

// resize changes the bound and gives up what is too much.
func (s *store) resize(n int) {
	s.max.Store(int64(n))
	for shard := 0; s.count.Load() > int64(n); shard = (shard + 1) % shards {
		s.giveUp(shard)
	}
}

// makeRoom counts one entry more, and gives old ones up until it fits: of the shard it is for or,
// where that has none, of another.
func (s *store) makeRoom(shard int) {
	for {
		n := s.count.Load()
		if n < s.max.Load() {
			if s.count.CompareAndSwap(n, n+1) {
				return
			}
			continue
		}
		if !s.giveUp(shard) {
			shard = int(s.next.Add(1)) % shards
		}
	}
}

// giveUp drops the oldest live entry of a shard, and reports whether there was one.
func (s *store) giveUp(shard int) bool {
	p := &s.parts[shard]
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) > 0 {
		oldest := p.queue[0]
		if !oldest.dead {
			p.dropLocked(oldest)
			s.count.Add(-1)
			return true
		}
		p.queue[0] = nil
		p.queue = p.queue[1:]
		p.dead--
	}
	return false
}

// sweepBatch is how many entries a sweep looks at before it lets others in: about a tenth of a
// millisecond.
const sweepBatch = 256

// sweep removes what is too old in one shard. An entry that moves in the queue meanwhile is found
// in the next round.
func (s *store) sweep(shard int, now time.Duration) {
	p := &s.parts[shard]
	if p.empty() {
		return
	}
	for at, more := 0, true; more; at += sweepBatch {
		p.mu.Lock()
		more = at+sweepBatch < len(p.queue)
		for _, sl := range p.queue[min(at, len(p.queue)):min(at+sweepBatch, len(p.queue))] {
			if !sl.dead && sl.until <= now {
				p.dropLocked(sl)
				s.count.Add(-1)
			}
		}
		if !more {
			p.tidyLocked()
		}
		p.mu.Unlock()
		// On one processor the others would wait for as long as a goroutine may run: 10 ms.
		runtime.Gosched()
	}
}

// clear removes everything.
func (s *store) clear() {
	for i := range s.parts {
		p := &s.parts[i]
		p.mu.Lock()
		s.count.Add(-int64(len(p.queue) - p.dead))
		p.items.Flush()
		p.queue, p.dead = nil, 0
		p.mu.Unlock()
	}
}

// empty reports whether a sweep has nothing to look at.
func (p *part) empty() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.queue) == 0
}

// findLocked returns the slot of a key, too old or not; nil if there is none.
func (p *part) findLocked(key string) *slot {
	if item, found := p.items.Get(key); found {
		return item.(*slot)
	}
	return nil
}

// dropLocked removes a live slot.
func (p *part) dropLocked(sl *slot) {
	p.items.Delete(sl.key())
	p.buryLocked(sl)
}

// buryLocked lets go of what a slot holds; the slot itself stays in the queue for now.
func (p *part) buryLocked(sl *slot) {
	*sl = slot{dead: true}
	p.dead++
}

// tidyLocked takes the dead out of the queue.
func (p *part) tidyLocked() {
	if p.dead == 0 {
		return
	}
	live := p.queue[:0]
	for _, sl := range p.queue {
		if !sl.dead {
			live = append(live, sl)
		}
	}
	clear(p.queue[len(live):])
	p.queue, p.dead = live, 0
}
