package linkgen

import (
	"container/list"
	"sync"
)

// lru is a map of the size most recently used entries: whatever an anonymous visitor can make us
// remember has a bound.
type lru[K comparable, V any] struct {
	mu    sync.Mutex
	size  int
	order *list.List // of lruEntry, the most recently used in front
	items map[K]*list.Element
}

// lruEntry is what an element of the list holds. The key is in it so that the oldest entry can be
// found in the map.
type lruEntry[K comparable, V any] struct {
	key   K
	value V
}

// newLRU makes an empty map of at most size entries.
func newLRU[K comparable, V any](size int) *lru[K, V] {
	return &lru[K, V]{size: size, order: list.New(), items: make(map[K]*list.Element)}
}

// get looks a key up. Looking is using: the entry becomes the youngest.
func (l *lru[K, V]) get(k K) (v V, found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, found := l.items[k]
	if !found {
		return v, false
	}
	l.order.MoveToFront(e)
	return e.Value.(*lruEntry[K, V]).value, true
}

// put sets the value of a key, whether or not there was one.
func (l *lru[K, V]) put(k K, v V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.putLocked(k, v)
}

// getOrMake returns the value of a key, and makes it if there is none, in one step: two callers
// get the same value.
func (l *lru[K, V]) getOrMake(k K, newValue func() V) V {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, found := l.items[k]; found {
		l.order.MoveToFront(e)
		return e.Value.(*lruEntry[K, V]).value
	}
	v := newValue()
	l.putLocked(k, v)
	return v
}

// putLocked is put for callers that hold the lock. Where there are too many, the entry goes that
// was not used for longest.
func (l *lru[K, V]) putLocked(k K, v V) {
	if e, found := l.items[k]; found {
		e.Value.(*lruEntry[K, V]).value = v
		l.order.MoveToFront(e)
		return
	}
	l.items[k] = l.order.PushFront(&lruEntry[K, V]{k, v})
	if l.order.Len() > l.size {
		oldest := l.order.Remove(l.order.Back()).(*lruEntry[K, V])
		delete(l.items, oldest.key)
	}
}

// delete removes a key, if it is there.
func (l *lru[K, V]) delete(k K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, found := l.items[k]; found {
		l.order.Remove(e)
		delete(l.items, k)
	}
}
