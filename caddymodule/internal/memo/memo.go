// Package memo remembers what was worked out a moment ago, so that a shopper who clicks again costs
// no hashing and no look-up.
package memo

import (
	"hash/maphash"
	"sync/atomic"
)

const (
	// slots is how many answers a Table holds, and how many questions a Set.
	slots = 16384
	// ways is how many slots a question may take, so that those of live ones do not collide.
	ways = 8
)

// Table is a table with a bound and without locks: an answer that had to make room is only worked
// out again. It is safe for concurrent use.
//
// An answer must depend on nothing but its question, and must not change afterwards. A question may
// hold pointers to immutable values: one pointer is one value for as long as the table holds it.
type Table[Q comparable, A any] struct {
	seed maphash.Seed
	// marks are parts of the questions' hashes: a look at one cache line finds the slot.
	marks [slots]atomic.Uint32
	slots [slots]atomic.Pointer[entry[Q, A]]
}

type entry[Q comparable, A any] struct {
	question Q
	answer   A
}

// New makes an empty table.
func New[Q comparable, A any]() *Table[Q, A] { return &Table[Q, A]{seed: maphash.MakeSeed()} }

// Get returns the remembered answer.
func (t *Table[Q, A]) Get(question Q) (answer A, ok bool) {
	hash := maphash.Comparable(t.seed, question)
	first, mark := split(hash)
	for i := first; i < first+ways; i++ {
		if t.marks[i].Load() != mark {
			continue
		}
		if known := t.slots[i].Load(); known != nil && known.question == question {
			return known.answer, true
		}
	}
	return answer, false
}

// Put remembers an answer.
func (t *Table[Q, A]) Put(question Q, answer A) {
	hash := maphash.Comparable(t.seed, question)
	_, mark := split(hash)
	i := t.place(hash, question)
	t.marks[i].Store(mark)
	t.slots[i].Store(&entry[Q, A]{question, answer})
}

// place is the slot of a question, else an empty one, else any: the newcomer's hash says which.
func (t *Table[Q, A]) place(hash uint64, question Q) uint64 {
	first, _ := split(hash)
	place := first + hash>>56%ways
	for i := first; i < first+ways; i++ {
		switch known := t.slots[i].Load(); {
		case known == nil:
			place = i
		case known.question == question:
			return i
		}
	}
	return place
}

// Set remembers questions that were asked, by 63 bits of a keyed hash: it holds nothing of them,
// and takes one in 2^49 that was not asked for one that was. It has a bound and no locks, and is
// safe for concurrent use.
type Set[Q comparable] struct {
	seed   maphash.Seed
	hashes [slots]atomic.Uint64
}

// NewSet makes an empty set.
func NewSet[Q comparable]() *Set[Q] { return &Set[Q]{seed: maphash.MakeSeed()} }

// Add adds a question, and reports whether it was there.
func (s *Set[Q]) Add(question Q) (known bool) {
	hash := maphash.Comparable(s.seed, question) | 1 // zero is an empty slot
	first, _ := split(hash)
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

// split cuts a hash into the first of the slots that a question may take, and a mark of it.
func split(hash uint64) (first uint64, mark uint32) {
	return hash >> 1 % (slots / ways) * ways, uint32(hash >> 24)
}
