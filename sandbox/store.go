package sandbox

import "iter"

// How much is remembered, unless Config says otherwise.
const (
	keepRequests = 10_000
	keepLinks    = 100_000
	keepPayments = 10_000
	keepEvents   = 10_000
)

// orDefault is n, if it is a size.
func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// ring holds the newest values, up to its size. It is not safe for concurrent
// use.
type ring[T any] struct {
	size   int
	next   int // where the next value goes once the ring is full
	values []T
}

// newRing returns a ring for so many values. One of size 0 holds none.
func newRing[T any](size int) ring[T] { return ring[T]{size: size} }

// push adds a value and returns the one that had to give way, if the ring was
// full.
func (r *ring[T]) push(v T) (evicted T, full bool) {
	if r.size == 0 {
		return v, true
	}
	if len(r.values) < r.size {
		r.values = append(r.values, v)
		return evicted, false
	}
	evicted, r.values[r.next] = r.values[r.next], v
	r.next = (r.next + 1) % r.size
	return evicted, true
}

// all walks from the oldest value to the newest.
func (r *ring[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range r.values {
			if !yield(r.values[(r.next+i)%len(r.values)]) {
				return
			}
		}
	}
}

// named is a value that a store finds again by its key. Keys never change.
type named interface{ key() string }

// store is a ring whose values can be looked up.
type store[T named] struct {
	ring[T]
	byKey map[string]T
}

// newStore returns a store for so many values.
func newStore[T named](size int) store[T] {
	return store[T]{ring: newRing[T](size), byKey: make(map[string]T)}
}

// add puts a value in, and the oldest out if there is no room.
func (s *store[T]) add(v T) {
	if old, full := s.push(v); full {
		delete(s.byKey, old.key())
	}
	s.byKey[v.key()] = v
}

// get finds a value that is still there.
func (s *store[T]) get(key string) (T, bool) {
	v, ok := s.byKey[key]
	return v, ok
}
