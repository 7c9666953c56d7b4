// Package memo remembers what was worked out a moment ago, so that a shopper who clicks again costs
// no hashing and no look-up.
package memo

import (
	"hash/maphash"
	"sync/atomic"
)

// slots is how many answers a Table holds.
const slots = 16384

// Table is a direct-mapped table: bounded, without locks, and a collision only means that the older
// answer is worked out again. It is safe for concurrent use.
//
// An answer must depend on nothing but its question, and must not change afterwards. A question may
// hold pointers to immutable values: one pointer is one value for as long as the table holds it.
type Table[Q comparable, A any] struct {
	seed  maphash.Seed
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
	known := t.slots[maphash.Comparable(t.seed, question)%slots].Load()
	if known == nil || known.question != question {
		return answer, false
	}
	return known.answer, true
}

// Put remembers an answer in the place of whatever stands there.
func (t *Table[Q, A]) Put(question Q, answer A) {
	t.slots[maphash.Comparable(t.seed, question)%slots].Store(&entry[Q, A]{question, answer})
}
