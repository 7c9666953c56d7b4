package linkgen

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

// maxWaiting bounds the shoppers who wait for a call. Each costs a goroutine.
const maxWaiting = 100_000

// errNoPlace is the cause for anyone who waited in vain, or found maxWaiting others before them.
var errNoPlace = errors.New("no free call in time")

// semaphore gives out a number of places that may change, first come, first served.
type semaphore struct {
	mu sync.Mutex
	// max is the number of places; zero until the first resize. Fewer places take none away: busy
	// may be above max until enough are released.
	max int
	// busy is the number of places that are taken.
	busy    int
	waiting list.List // of chan struct{}: closed when the place is theirs
}

// open reports whether there are places at all.
func (s *semaphore) open() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.max > 0
}

// resize changes the number of places, and admits at once those whom new ones suffice for.
func (s *semaphore) resize(max int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.max = max
	s.admitLocked()
}

// acquire waits for a place, at most until ctx ends. Anyone who got one must release it. Its one
// error is errNoPlace.
func (s *semaphore) acquire(ctx context.Context) error {
	s.mu.Lock()
	if s.busy < s.max && s.waiting.Len() == 0 {
		s.busy++
		s.mu.Unlock()
		return nil
	}
	if s.waiting.Len() >= maxWaiting {
		s.mu.Unlock()
		return errNoPlace
	}
	turn := make(chan struct{})
	place := s.waiting.PushBack(turn)
	s.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-turn: // the place came in the same moment
		return nil
	default:
		s.waiting.Remove(place)
		return errNoPlace
	}
}

// acquireSpare takes a place if fewer than half are taken, and waits for none. Anyone who got one
// must release it.
func (s *semaphore) acquireSpare() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if 2*s.busy >= s.max || s.waiting.Len() > 0 {
		return false
	}
	s.busy++
	return true
}

// release returns a place, which goes to the one who has waited longest.
func (s *semaphore) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	s.admitLocked()
}

// admitLocked hands free places to those who wait, in the order in which they came.
func (s *semaphore) admitLocked() {
	for s.busy < s.max && s.waiting.Len() > 0 {
		s.busy++
		close(s.waiting.Remove(s.waiting.Front()).(chan struct{}))
	}
}
