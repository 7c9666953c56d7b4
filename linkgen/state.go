package linkgen

import (
	"crypto/sha256"
	"time"

	"golang.org/x/sync/singleflight"
)

// The bounds of what a State remembers. The least recently used goes first.
const (
	keptUpstreams   = 256
	keptSubscribers = 100_000
	keptAddresses   = 100_000
	keptRefusals    = 10_000
)

// State is what outlives a Generator: flights, breakers, pauses, limiters, remembered refusals. Make it once and
// give it to every Generator that follows. It is safe for concurrent use, by old and new Generators at once; where
// their limits differ, those of the one that took over last hold. Its memory is bounded.
type State struct {
	flights     singleflight.Group
	line        line
	upstreams   *lru[[32]byte, *upstream]
	subscribers buckets[SubscriberHash]
	addresses   buckets[[17]byte]
	refusals    *lru[Key, refusal]
}

type refusal struct {
	err   *Error
	until time.Time
}

// NewState makes an empty State.
func NewState() *State {
	return &State{
		upstreams:   newLRU[[32]byte, *upstream](keptUpstreams),
		subscribers: newBuckets[SubscriberHash](keptSubscribers),
		addresses:   newBuckets[[17]byte](keptAddresses),
		refusals:    newLRU[Key, refusal](keptRefusals),
	}
}

// upstream is shared by all projects with the same keys at the same address: the API counts their calls together. The
// secret is part of the identity, so that a corrected one is not held back by what the wrong one was told.
func (s *State) upstream(api string, p Project) *upstream {
	var b []byte
	for _, part := range []string{api, p.AccessKey, p.AccessSecret} {
		b = appendText(b, part)
	}
	return s.upstreams.getOrMake(sha256.Sum256(b), newUpstream)
}

// refuse remembers that the API refused an order. Others are not affected.
func (s *State) refuse(k Key, e *Error, now time.Time) {
	s.refusals.put(k, refusal{e, now.Add(refusalLife)})
}

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
