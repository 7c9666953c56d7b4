package caddymodule

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

// recall remembers orders and their cache keys, so that a shopper who clicks again costs no hashing. It is a
// direct-mapped table: bounded, without locks, and a collision only means that the older order is worked out again.
//
// An order depends on nothing but its question: users and shared offers are immutable, and one pointer is one value for as long as
// the table holds it.
type recall struct {
	seed  maphash.Seed
	slots [recallSlots]atomic.Pointer[recalled]
}

const recallSlots = 16384

// question is all that an order of a plain campaign depends on.
type question struct {
	user     *auth.User
	offer    *campaign.Offer
	ip       netip.Addr
	language string // the raw Accept-Language header, where it matters
}

type recalled struct {
	question
	order linkgen.Order
	key   linkgen.Key
}

func newRecall() *recall { return &recall{seed: maphash.MakeSeed()} }

// find returns the remembered answer or makes it.
func (t *recall) find(q question, answer func() (linkgen.Order, linkgen.Key)) (linkgen.Order, linkgen.Key) {
	slot := &t.slots[maphash.Comparable(t.seed, q)%recallSlots]
	if known := slot.Load(); known != nil && known.question == q {
		return known.order, known.key
	}
	order, key := answer()
	slot.Store(&recalled{question: q, order: order, key: key})
	return order, key
}
