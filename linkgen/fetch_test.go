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

// A payment that arrives while a link is being made: anyone who waits gets a link that was made after
// it.
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
func (s *harness) together(n int, order func(int) linkgen.Order) map[linkgen.Source]int {
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
		s.hit("ada", linkgen.FromCache) // the call went on without them
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
