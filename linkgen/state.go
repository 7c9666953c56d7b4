package linkgen

import (
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/caddy-checkout/checkout/zotlo"
)

// The bounds of what a State remembers. The least recently used goes first.
const (
	// Buckets of Limits.PerSubscriber.
	keptSubscribers = 100_000
	// Buckets of Limits.PerIP, one for each IPv4 address or IPv6 /64.
	keptAddresses = 100_000
	// Orders that the API refused within refusalLife.
	keptRefusals = 10_000
)

// refusalLife is how long a refusal is remembered.
const refusalLife = time.Minute

// State is what outlives a Generator: flights, limits, remembered refusals, and what is known about
// the API. Make it once and give it to every Generator that follows. It is safe for concurrent use,
// by old and new Generators at once; where their limits differ, those of the one that was activated
// last hold. Its memory is bounded.
type State struct {
	// flights are the calls under way, by key and epoch.
	flights singleflight.Group
	// semaphore holds the Limits.MaxInFlight places of all projects together.
	semaphore semaphore
	// warming are the background calls of Warm, and the look-ups that come before them.
	warming atomic.Int64
	// api is what package zotlo knows of each project: pauses, breaker and rate.
	api *zotlo.State
	// subscribers and addresses are the buckets of those who asked for links lately. Anyone who
	// drops out of them begins with a full bucket.
	subscribers *lru[SubscriberHash, zotlo.Bucket]
	addresses   *lru[[17]byte, zotlo.Bucket]
	// refusals are the API's answers to orders that it would refuse again.
	refusals *lru[Key, refusal]
	// unforgotten are those whose old links the cache may still hold.
	unforgotten unforgotten
}

// refusal is what the API said against an order, and until when it is not asked again.
type refusal struct {
	err   *Error
	until time.Time
}

// NewState makes an empty State.
func NewState() *State {
	return &State{
		api:         zotlo.NewState(),
		subscribers: newLRU[SubscriberHash, zotlo.Bucket](keptSubscribers),
		addresses:   newLRU[[17]byte, zotlo.Bucket](keptAddresses),
		refusals:    newLRU[Key, refusal](keptRefusals),
	}
}

// take takes a token for a link that is about to be made for a subscriber or, for guests, an
// address. A caller that gets no link gives it back.
func (s *State) take(p *Prepared, l Limits, now time.Time) (e *Error) {
	s.bucket(p, l, func(b *zotlo.Bucket, rate zotlo.Rate) {
		if wait, ok := b.Take(rate, now, 0); !ok {
			e = failed(Limited, "too many links were made for this subscriber or address")
			e.RetryAfter = wait
		}
	})
	return e
}

// takeSpare is take for a link that nobody has asked for yet: at least half of the tokens must be
// left for those that the subscriber asks for.
func (s *State) takeSpare(p *Prepared, l Limits, now time.Time) (ok bool) {
	s.bucket(p, l, func(b *zotlo.Bucket, rate zotlo.Rate) {
		_, ok = b.Take(rate, now, rate.Leaving((rate.Events+1)/2))
	})
	return ok
}

// giveBack returns the token of a link that did not come about. Without a limit none was taken.
func (s *State) giveBack(p *Prepared, l Limits) {
	s.bucket(p, l, func(b *zotlo.Bucket, rate zotlo.Rate) {
		if rate.Limited() {
			b.GiveBack()
		}
	})
}

// bucket hands f the bucket that an order is counted in, and the rate that holds for it: a
// subscriber's own or, for guests, that of their network. One that was not there is full.
func (s *State) bucket(p *Prepared, l Limits, f func(*zotlo.Bucket, zotlo.Rate)) {
	if p.order.guest() {
		s.addresses.use(addressName(&p.order), func(b *zotlo.Bucket) { f(b, l.PerIP) })
		return
	}
	s.subscribers.use(p.key.Subscriber, func(b *zotlo.Bucket) { f(b, l.PerSubscriber) })
}

// addressName is the address by network; the first byte tells IPv4, IPv6 and no address apart.
func addressName(o *Order) (name [17]byte) {
	if ip := network(o.IP); ip.IsValid() {
		name[0] = byte(ip.BitLen())
		a := ip.As16()
		copy(name[1:], a[:])
	}
	return name
}

// refuse remembers that the API refused an order. Others are not affected.
func (s *State) refuse(k Key, e *Error, now time.Time) {
	s.refusals.put(k, refusal{e, now.Add(refusalLife)})
}

// refused is the error of an order that was refused less than refusalLife ago; nil otherwise.
func (s *State) refused(k Key, now time.Time) *Error {
	r, found := s.refusals.get(k)
	if !found {
		return nil
	}
	if now.After(r.until) {
		s.refusals.delete(k)
		return nil
	}
	return r.err.again("the API refused this order less than a minute ago")
}
