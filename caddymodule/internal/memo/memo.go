// Package memo remembers what was asked a moment ago, so that a shopper who clicks again costs no
// look-up.
package memo

import (
	"hash/maphash"
	"sync/atomic"
)

const (
	// slots is how many questions a Set holds.
	slots = 16384
	// ways is how many slots a question may take, so that those of live ones do not collide.
	ways = 8
)

// Set remembers questions that were asked, by 63 bits of a keyed hash: it holds nothing of them,
// and takes one in 2^49 that was not asked for one that was. It has a bound and no locks, and is
// safe for concurrent use.
type Set[Q comparable] struct {
	// hashes stand first: there those of one question lie in one line of the processor's cache.
	hashes [slots]atomic.Uint64
	seed   maphash.Seed
}

// NewSet makes an empty set.
func NewSet[Q comparable]() *Set[Q] { return &Set[Q]{seed: maphash.MakeSeed()} }

// Add adds a question, and reports whether it was there.
func (s *Set[Q]) Add(question Q) (known bool) {
	hash := maphash.Comparable(s.seed, question) | 1 // zero is an empty slot
	first := hash >> 1 % (slots / ways) * ways
	place := first + hash>>56%ways
	for i := first; i < first+ways; i++ {
		switch s.hashes[i].Load() {
		case hash:
			return true
		case 0:
			place = i
		}
	}
	s.hashes[place].Store(hash)
	return false
}

// Clear forgets all questions.
func (s *Set[Q]) Clear() {
	for i := range s.hashes {
		s.hashes[i].Store(0)
	}
}
