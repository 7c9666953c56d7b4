package linkgen_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

// away is a cache that can still be read, and forgets nobody: a Redis that is full or read-only.
func away(b *brokenCache) func(*linkgen.Config) {
	return func(c *linkgen.Config) { b.Cache, c.Cache = c.Cache, b }
}

func (s *harness) cannotForget(id string) {
	s.t.Helper()
	if err := s.g.Forget(context.Background(), s.g.SubscriberHash(id)); err == nil {
		s.t.Fatal("it was forgotten")
	}
}

// What could not be forgotten is not given out by this node until it is.
func TestWhatCouldNotBeForgottenIsNotServed(t *testing.T) {
	cache := new(brokenCache)
	inBubble(t, func(_ *testing.T, s *harness) {
		paid := s.hit("ada", linkgen.FromAPI)
		s.hit("bob", linkgen.FromAPI)
		cache.forget = errors.New("read-only")
		s.cannotForget("ADA")
		for range 2 {
			if got := s.hit("ada", linkgen.FromAPI); got == paid {
				s.t.Fatal("the paid link was given out again")
			}
		}
		s.reload() // does not make it forgotten
		s.hit("ada", linkgen.FromAPI)
		s.hit("bob", linkgen.FromCache)
		if len(s.told.cache) == 0 {
			s.t.Error("nobody was told")
		}

		cache.forget = nil
		s.hit("ada", linkgen.FromAPI)
		s.hit("ada", linkgen.FromCache)
		s.forget("ada")
		s.hit("ada", linkgen.FromAPI)
	}, away(cache))
}

// A call from before the payment is under way, and nobody who comes after it waits for that one.
func TestNobodyWaitsForACallFromBefore(t *testing.T) {
	cache := new(brokenCache)
	inBubble(t, func(t *testing.T, s *harness) {
		cache.get = errors.New("no answer")
		cache.forget = errors.New("no answer")
		s.api.takes(3 * time.Second)
		before, after := make(chan string, 1), make(chan string, 1)
		click := func(link chan string) {
			r, _ := s.g.Link(t.Context(), orderOf("ada"))
			link <- r.URL
		}
		go click(before)
		synctest.Wait()
		s.cannotForget("ada") // takes its time, too
		go click(after)
		if a, b := <-before, <-after; a == b {
			t.Error("the link of a call from before the payment was given out after it")
		}
	}, away(cache))
}

// What nobody comes back for is dropped when its links are dead of age.
func TestWhatCouldNotBeForgottenIsBounded(t *testing.T) {
	cache := &brokenCache{forget: errors.New("read-only")}
	inBubble(t, func(t *testing.T, s *harness) {
		for i := range 100 {
			s.cannotForget(fmt.Sprint("user", i))
		}
		time.Sleep(2 * time.Hour)
		s.cannotForget("ada")
		if n := s.g.Unforgotten(); n != 1 {
			t.Errorf("%d are remembered, want 1", n)
		}
	}, away(cache))
}
