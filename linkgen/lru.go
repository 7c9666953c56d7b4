package linkgen

import "sync"

// lru is a map of the size most recently used entries: whatever an anonymous visitor can make us
// remember has a bound.
//
// Its list is made of places in a few large blocks and not of pointers. A hundred thousand
// subscribers in a list of pointers are half a million of them, which the garbage collector follows
// in each of its rounds, on the time of everybody's click.
type lru[K comparable, V any] struct {
	mu   sync.Mutex
	size int
	// places finds the entry of a key.
	places map[K]place
	// blocks hold the entries, and neither move nor shrink. They are linked in a ring from the
	// youngest to the oldest. Place 0 is no entry: it is where the ring begins and ends, so the next
	// older of it is the youngest entry, and the next newer of it the oldest.
	blocks [][]lruEntry[K, V]
	// used is the number of places that are taken or in free, place 0 included.
	used place
	// free are the places of deleted entries.
	free []place
}

// place is where an entry is in the blocks.
type place uint32

// lruBlock is how many entries a block holds.
const lruBlock = 256

// lruEntry is an entry and its neighbours in the ring.
type lruEntry[K comparable, V any] struct {
	newer, older place
	key          K
	value        V
}

// newLRU makes an empty map of at most size entries.
func newLRU[K comparable, V any](size int) *lru[K, V] {
	l := &lru[K, V]{size: size, places: make(map[K]place)}
	l.placeLocked() // place 0 is its own neighbour
	return l
}

// get looks a key up. Looking is using: the entry becomes the youngest.
func (l *lru[K, V]) get(k K) (v V, found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, found := l.places[k]
	if !found {
		return v, false
	}
	l.unlinkLocked(p)
	l.linkLocked(p)
	return l.at(p).value, true
}

// put sets the value of a key, whether or not there was one.
func (l *lru[K, V]) put(k K, v V) { l.use(k, func(value *V) { *value = v }) }

// use hands the value of a key to f, or a zero value if there was none, which is then kept. f must
// be quick: nobody else gets at the map meanwhile. The pointer is f's until it returns.
func (l *lru[K, V]) use(k K, f func(value *V)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, found := l.places[k]
	if found {
		l.unlinkLocked(p)
	} else {
		if len(l.places) >= l.size {
			l.dropLocked(l.at(0).newer)
		}
		p = l.placeLocked()
		l.at(p).key = k
		l.places[k] = p
	}
	l.linkLocked(p)
	f(&l.at(p).value)
}

// delete removes a key, if it is there.
func (l *lru[K, V]) delete(k K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, found := l.places[k]; found {
		l.dropLocked(p)
	}
}

// placeLocked finds an empty place.
func (l *lru[K, V]) placeLocked() place {
	if last := len(l.free) - 1; last >= 0 {
		p := l.free[last]
		l.free = l.free[:last]
		return p
	}
	p := l.used
	if p%lruBlock == 0 {
		l.blocks = append(l.blocks, make([]lruEntry[K, V], lruBlock))
	}
	l.used++
	return p
}

// dropLocked removes an entry, and lets go of what it held.
func (l *lru[K, V]) dropLocked(p place) {
	l.unlinkLocked(p)
	e := l.at(p)
	delete(l.places, e.key)
	*e = lruEntry[K, V]{}
	l.free = append(l.free, p)
}

// linkLocked puts an entry that is not in the ring where the youngest is.
func (l *lru[K, V]) linkLocked(p place) {
	ring, e := l.at(0), l.at(p)
	e.newer, e.older = 0, ring.older
	l.at(ring.older).newer = p
	ring.older = p
}

// unlinkLocked takes an entry out of the ring.
func (l *lru[K, V]) unlinkLocked(p place) {
	e := l.at(p)
	l.at(e.newer).older = e.older
	l.at(e.older).newer = e.newer
}

// at is the entry in a place.
func (l *lru[K, V]) at(p place) *lruEntry[K, V] { return &l.blocks[p/lruBlock][p%lruBlock] }
