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

type lruEntry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](size int) *lru[K, V] {
	return &lru[K, V]{size: size, order: list.New(), items: make(map[K]*list.Element)}
}

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

func (l *lru[K, V]) put(k K, v V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.putLocked(k, v)
}

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

func (l *lru[K, V]) delete(k K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, found := l.items[k]; found {
		l.order.Remove(e)
		delete(l.items, k)
	}
}
