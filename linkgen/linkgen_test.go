package linkgen_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

func TestSecondClickIsCached(t *testing.T) {
	s := set(t)
	first := s.hit("ada@example.com", linkgen.FromAPI)
	if again := s.hit("ada@example.com", linkgen.FromCache); again != first {
		t.Errorf("the cached link is another one")
	}
	s.hit("bob@example.com", linkgen.FromAPI)
	s.apiCalls(2)
}

func TestLinkIsGivenOutForTTLFromTheStartOfItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, func(c *linkgen.Config) { c.TTL = time.Minute })
		s.api.takes(2 * time.Second)
		start := time.Now()
		r, err := s.g.Link(t.Context(), orderOf("ada"))
		if err != nil || !r.ExpiresAt.Equal(start.Add(time.Hour)) {
			t.Fatalf("expires at %v, %v; want an hour after the start of the call", r.ExpiresAt, err)
		}
		time.Sleep(57 * time.Second)
		s.hit("ada", linkgen.FromCache)
		time.Sleep(time.Second)
		s.hit("ada", linkgen.FromAPI)
		s.memory.Close()
	})
}

func TestShorterTTLHoldsForOldLinksToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, func(c *linkgen.Config) { c.TTL = 50 * time.Minute })
		s.hit("ada", linkgen.FromAPI)
		time.Sleep(2 * time.Minute)
		s.hit("ada", linkgen.FromCache)
		s.reload(func(c *linkgen.Config) { c.TTL = time.Minute })
		s.hit("ada", linkgen.FromAPI)
		s.memory.Close()
	})
}

func TestForgottenLinkIsDead(t *testing.T) {
	s := set(t)
	s.hit("Ada@example.com", linkgen.FromAPI)
	s.hit("bob@example.com", linkgen.FromAPI)
	s.forget("ada@EXAMPLE.com") // the webhook may spell it in another way
	s.hit("Ada@example.com", linkgen.FromAPI)
	s.hit("bob@example.com", linkgen.FromCache)
	s.hit("Ada@example.com", linkgen.FromCache)
}

func TestCachedLinkMustPassTodaysRules(t *testing.T) {
	s := set(t)
	s.hit("ada", linkgen.FromAPI)
	s.reload(func(c *linkgen.Config) { c.Projects[0].LinkHosts = []string{"*.other.example"} })
	s.refused("ada", linkgen.UntrustedLink) // the cached one no longer counts, and the API's new one is no better
	s.apiCalls(2)
	s.reload(func(c *linkgen.Config) { c.Projects[0].LinkHosts = nil })
	s.refusedFrom(orderOf("ada"), "Pay.Example.com.:8443", linkgen.UntrustedLink)
}

func TestLinkToOurselvesIsNotKept(t *testing.T) {
	s := set(t)
	s.refusedFrom(orderOf("ada"), "pay.example.com", linkgen.UntrustedLink)
	if s.memory.Len() != 0 {
		t.Error("it was kept")
	}
}

// brokenCache fails, or lies, on demand.
type brokenCache struct {
	linkgen.Cache
	get, set error
	forget   error
	late     error // of a Get that follows a Set
	unsure   bool  // a Get that follows a Set finds neither link nor epoch: they were forgotten, and again just now
	wasSet   bool
}

func (b *brokenCache) Get(ctx context.Context, k linkgen.Key) (linkgen.Lookup, error) {
	if b.get != nil {
		return linkgen.Lookup{}, b.get
	}
	if b.late != nil && b.wasSet {
		return linkgen.Lookup{}, b.late
	}
	if b.unsure && b.wasSet {
		b.unsure = false
		return linkgen.Lookup{}, nil
	}
	b.wasSet = false
	return b.Cache.Get(ctx, k)
}

func (b *brokenCache) Set(ctx context.Context, k linkgen.Key, g linkgen.Epoch, e linkgen.Entry) error {
	if b.set != nil {
		return b.set
	}
	b.wasSet = true
	return b.Cache.Set(ctx, k, g, e)
}

func (b *brokenCache) Forget(ctx context.Context, s linkgen.SubscriberHash) error {
	if b.forget != nil {
		return b.forget
	}
	return b.Cache.Forget(ctx, s)
}

func TestBrokenCacheIsAMiss(t *testing.T) {
	broken := &brokenCache{}
	s := set(t, func(c *linkgen.Config) { broken.Cache, c.Cache = c.Cache, broken })
	broken.get = errors.New("down")
	s.hit("ada", linkgen.FromAPI)
	s.hit("ada", linkgen.FromAPI)
	broken.get, broken.set = nil, errors.New("read-only")
	s.hit("ada", linkgen.FromAPI)
	broken.set = nil
	s.hit("ada", linkgen.FromAPI)
	s.hit("ada", linkgen.FromCache)
	broken.late = errors.New("gone in between")
	s.forget("ada")
	s.hit("ada", linkgen.FromAPI)
	if len(s.told.cache) != 4 {
		t.Errorf("told of %v, want four failures", s.told.cache)
	}
}

// lateCache lets one Get return what it saw long after it looked.
type lateCache struct {
	linkgen.Cache
	looked, goOn chan struct{}
	asked        atomic.Bool
}

func (l *lateCache) Get(ctx context.Context, k linkgen.Key) (linkgen.Lookup, error) {
	seen, err := l.Cache.Get(ctx, k)
	if l.asked.CompareAndSwap(false, true) {
		close(l.looked)
		<-l.goOn
	}
	return seen, err
}

// A click finds nothing, and before it can join the call that another one has under way, that call
// is over.
func TestWhoLooksJustBeforeTheLinkComesMakesNoOther(t *testing.T) {
	late := &lateCache{looked: make(chan struct{}), goOn: make(chan struct{})}
	s := set(t, func(c *linkgen.Config) { late.Cache, c.Cache = c.Cache, late })
	slow := make(chan string)
	go func() {
		defer close(slow)
		slow <- s.hit("ada", linkgen.FromCache)
	}()
	<-late.looked
	first := s.hit("ada", linkgen.FromAPI)
	close(late.goOn)
	if again := <-slow; again != first {
		t.Errorf("two clicks at once got two links, %s and %s", first, again)
	}
	s.apiCalls(1)
}

// A fleet's cache that finds no epoch was told to forget them while it looked. The link is from
// before.
func TestForgottenTwiceWhileItsLinkIsKept(t *testing.T) {
	unsure := &brokenCache{unsure: true}
	s := set(t, func(c *linkgen.Config) { unsure.Cache, c.Cache = c.Cache, unsure })
	s.hit("ada", linkgen.FromAPI)
	s.apiCalls(2)
}

func TestClosedCacheIsAMiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t)
		s.api.takes(time.Second)
		go s.hit("ada", linkgen.FromAPI)
		synctest.Wait()
		s.memory.Close()
		time.Sleep(2 * time.Second)
		s.hit("ada", linkgen.FromAPI)
		s.apiCalls(2)
	})
}

func TestOrdersThatWouldMakeAWrongCheckout(t *testing.T) {
	s := set(t)
	for name, spoil := range map[string]func(*linkgen.Order){
		"no link id":             func(o *linkgen.Order) { o.LinkID = "" },
		"price without currency": func(o *linkgen.Order) { o.Price = "9.99" },
		"currency without price": func(o *linkgen.Order) { o.Currency = "EUR" },
		"unknown project":        func(o *linkgen.Order) { o.Project = "nobody" },
	} {
		t.Run(name, func(t *testing.T) {
			o := orderOf("ada")
			spoil(&o)
			s.refusedOrder(o, linkgen.Refused)
			if _, err := s.g.Describe(o); err == nil {
				t.Error("it can be described")
			}
		})
	}
	s.apiCalls(0)
}
