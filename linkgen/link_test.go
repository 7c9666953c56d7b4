package linkgen_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
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

// A payment that arrives while a link is being made: whoever waits gets a link that was made after it.
func TestForgottenWhileBeingMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t)
		s.api.takes(time.Second)
		links := make(chan string, 2)
		go func() { links <- s.hit("ada", linkgen.FromAPI) }()
		time.Sleep(500 * time.Millisecond)
		s.forget("ada")
		go func() { links <- s.hit("ada", linkgen.FromAPI) }() // does not join the call from before
		synctest.Wait()
		s.apiCalls(2)
		for range 2 {
			if link := <-links; strings.HasSuffix(link, "/1") {
				t.Errorf("the link of the first call was given out after the payment")
			}
		}
		s.apiCalls(3)
		s.memory.Close()
	})
}

// The same, but the shopper who came after the payment is served before the one who came earlier.
func TestForgottenAndOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t)
		s.api.takes(2 * time.Second)
		early := make(chan string, 1)
		go func() { early <- s.hit("ada", linkgen.FromAPI) }()
		synctest.Wait()
		s.forget("ada")
		s.api.takes(time.Second)
		late := s.hit("ada", linkgen.FromAPI)
		if <-early != late {
			t.Error("the link of the first call was given out after the payment")
		}
		s.apiCalls(2)
		s.memory.Close()
	})
}

func TestManyClicksOfOneUserAreOneCall(t *testing.T) {
	const clicks = 10_000
	synctest.Test(t, func(t *testing.T) {
		s := set(t)
		s.api.takes(200 * time.Millisecond)
		sources := s.together(clicks, func(int) linkgen.Order { return orderOf("ada") })
		if sources[linkgen.FromAPI] != 1 || sources[linkgen.FromShared] != clicks-1 {
			t.Errorf("sources %v, want one from the API and the rest shared", sources)
		}
		s.apiCalls(1)
		s.memory.Close()
	})
}

func TestManyUsersAtOnce(t *testing.T) {
	const users, most = 10_000, 1000
	synctest.Test(t, func(t *testing.T) {
		s := set(t, limits(linkgen.Limits{MaxInFlight: most}))
		s.api.takes(200 * time.Millisecond)
		start := time.Now()
		sources := s.together(users, func(i int) linkgen.Order { return orderOf(fmt.Sprint("user", i)) })
		if sources[linkgen.FromAPI] != users {
			t.Errorf("sources %v, want all from the API", sources)
		}
		s.apiCalls(users)
		if got := s.api.most.Load(); got > most {
			t.Errorf("%d calls at once, want %d at most", got, most)
		}
		if took := time.Since(start); took != users/most*200*time.Millisecond {
			t.Errorf("took %v: the places were not all used", took)
		}
		s.memory.Close()
	})
}

// together makes n calls of Link at once and counts their sources; each must bring a link.
func (s *stage) together(n int, order func(int) linkgen.Order) map[linkgen.Source]int {
	s.t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	sources := make(map[linkgen.Source]int)
	for i := range n {
		wg.Go(func() {
			o := order(i)
			r, err := s.g.Link(context.Background(), o)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				s.t.Errorf("click %d: %v (%v)", i, err, cause(err))
			case !strings.Contains(r.URL, "/"+o.Subscriber.ID+"/"):
				s.t.Errorf("click %d got somebody else's link", i)
			}
			sources[r.Source]++
		})
	}
	wg.Wait()
	return sources
}

func TestStarterLeavesAndTheOthersGetTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t)
		s.api.takes(time.Second)
		ctx, leave := context.WithCancel(t.Context())
		starter := make(chan error, 1)
		go func() { _, err := s.g.Link(ctx, orderOf("ada")); starter <- err }()
		synctest.Wait()
		follower := make(chan string, 1)
		go func() { follower <- s.hit("ada", linkgen.FromShared) }()
		synctest.Wait()
		leave()
		err := <-starter
		var e *linkgen.Error
		if !errors.As(err, &e) || e.Reason != linkgen.Left || !errors.Is(err, context.Canceled) {
			t.Errorf("the starter got %v, want Left", err)
		}
		<-follower
		s.hit("ada", linkgen.FromCache)
		s.apiCalls(1)
		s.memory.Close()
	})
}

func TestCallerWithADeadlineGetsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t)
		s.api.takes(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := s.g.Link(ctx, orderOf("ada"))
		var e *linkgen.Error
		if !errors.As(err, &e) || e.Reason != linkgen.Timeout {
			t.Errorf("got %v, want Timeout", err)
		}
		time.Sleep(time.Second)
		s.hit("ada", linkgen.FromCache) // the call went on without him
		s.memory.Close()
	})
}

func TestWhoHasLeftStartsNothing(t *testing.T) {
	s := set(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.g.Link(ctx, orderOf("ada")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.apiCalls(0)
}

func TestGuestLinksAreNeverShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t)
		s.api.takes(time.Second)
		links := make(chan string, 3)
		for range 3 {
			go func() { links <- s.hit("", linkgen.FromAPI) }()
		}
		seen := map[string]bool{<-links: true, <-links: true, <-links: true}
		if len(seen) != 3 {
			t.Errorf("guests share links")
		}
		s.apiCalls(3)
		if s.memory.Len() != 0 {
			t.Errorf("a guest's link was cached")
		}
		s.memory.Close()
	})
}

func TestPanicCostsOneShopperOneError(t *testing.T) {
	s := set(t)
	s.api.does(func(*http.Request, string) (*http.Response, error) { panic("a bug") })
	s.refused("ada", linkgen.Panicked)
	s.api.does(nil)
	s.hit("ada", linkgen.FromAPI)
	if len(s.told.panics) != 1 || s.told.inFlight.Load() != 0 || s.told.results["panic"] != 1 {
		t.Errorf("panics %v, in flight %d, results %v", s.told.panics, s.told.inFlight.Load(), s.told.results)
	}
}

func TestReloadSharesFlightsAndCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t)
		s.api.takes(time.Second)
		go s.hit("ada", linkgen.FromAPI)
		synctest.Wait()
		s.reload()
		s.hit("ada", linkgen.FromShared)
		s.hit("ada", linkgen.FromCache)
		s.apiCalls(1)
		s.memory.Close()
	})
}

func TestCachedLinkMustPassTodaysRules(t *testing.T) {
	s := set(t)
	s.hit("ada", linkgen.FromAPI)
	s.reload(func(c *linkgen.Config) { c.Projects[0].LinkHosts = []string{"*.other.example"} })
	s.refused("ada", linkgen.UntrustedLink) // the cached one no longer counts, and the API's new one is no better
	s.apiCalls(2)
	s.reload(func(c *linkgen.Config) { c.Projects[0].LinkHosts = nil })
	own := orderOf("ada")
	own.OwnHost = "Pay.Example.com.:8443"
	s.refusedOrder(own, linkgen.UntrustedLink)
}

func TestLinkToOurselvesIsNotKept(t *testing.T) {
	s := set(t)
	o := orderOf("ada")
	o.OwnHost = "pay.example.com"
	s.refusedOrder(o, linkgen.UntrustedLink)
	if s.memory.Len() != 0 {
		t.Error("it was kept")
	}
}

// brokenCache fails, or lies, on demand.
type brokenCache struct {
	linkgen.Cache
	get, set error
	late     error // of a Get that follows a Set
	wasSet   bool
}

func (b *brokenCache) Get(ctx context.Context, k linkgen.Key) (linkgen.Lookup, error) {
	if b.get != nil {
		return linkgen.Lookup{}, b.get
	}
	if b.late != nil && b.wasSet {
		return linkgen.Lookup{}, b.late
	}
	b.wasSet = false
	return b.Cache.Get(ctx, k)
}

func (b *brokenCache) Set(ctx context.Context, k linkgen.Key, g linkgen.Generation, e linkgen.Entry) error {
	if b.set != nil {
		return b.set
	}
	b.wasSet = true
	return b.Cache.Set(ctx, k, g, e)
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
