package linkgen_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// begin warms a link and returns where its result will be.
func (s *harness) begin(o linkgen.Order) <-chan string {
	results := make(chan string, 1)
	s.g.Warm(context.Background(), s.g.Prepare(o), "shop.example.com",
		func(result string) { results <- result })
	return results
}

// warm warms a link and expects a result.
func (s *harness) warm(id, want string) { s.t.Helper(); s.warmOrder(orderOf(id), want) }

func (s *harness) warmOrder(o linkgen.Order, want string) {
	s.t.Helper()
	if got := <-s.begin(o); got != want {
		s.t.Fatalf("the link was %q, want %q", got, want)
	}
	if !slices.Contains(linkgen.WarmResults(), want) {
		s.t.Errorf("%q is not among the results", want)
	}
}

// idle expects that no place is taken.
func (s *harness) idle() {
	s.t.Helper()
	if n := s.told.inFlight.Load(); n != 0 {
		s.t.Errorf("%d places are taken", n)
	}
}

func TestFirstClickFindsAWarmLink(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.warm("ada", "made")
		s.hit("ada", linkgen.FromCache)
		s.warm("ada", "cached")
		s.apiCalls(1)
		s.idle()
	})
}

func TestNothingIsMadeInAdvance(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		guest := s.begin(orderOf(""))
		synctest.Wait()
		select {
		case result := <-guest:
			t.Errorf("for a guest: %q", result)
		default:
		}
		nameless := orderOf("ada")
		nameless.LinkID = ""
		s.warmOrder(nameless, "failed")
		elsewhere := orderOf("ada")
		elsewhere.Project = "elsewhere"
		s.warmOrder(elsewhere, "failed")
		s.memory.Close() // which keeps nothing; the link is lost, and nobody is harmed
		s.apiCalls(0)
	})
}

// A link for each of a thousand pages a second: never more than half of max_in_flight are under way,
// and the other half is there for those who click.
func TestWarmLinksLeaveHalfOfThePlaces(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.takes(200 * time.Millisecond)
		made := s.pages(5*time.Second, time.Millisecond)
		if most := s.api.most.Load(); most != 8 {
			t.Errorf("%d calls at once, want 8", most)
		}
		if made["made"] < 100 || made["busy"] < 1000 || int64(made["made"]) != s.api.calls.Load() {
			t.Errorf("%v, and %d calls", made, s.api.calls.Load())
		}
		end := s.storm(time.Millisecond)
		time.Sleep(time.Second)
		s.clickAtOnce(8, 200*time.Millisecond)
		end()
		if most := s.api.most.Load(); most > 16 {
			t.Errorf("%d calls at once, want 16 at most", most)
		}
	}, limits(linkgen.Limits{MaxInFlight: 16}))
}

// The same with a rate: whenever somebody comes, half of it is there.
func TestWarmLinksLeaveHalfOfTheRate(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.takes(200 * time.Millisecond)
		end := s.storm(time.Millisecond)
		time.Sleep(3 * time.Second)
		// No more than the rate, beginning with half of it at once.
		if calls := s.api.calls.Load(); calls < 100 || calls > 20+3*40 {
			t.Errorf("%d calls in three seconds at 40 a second", calls)
		}
		s.clickAtOnce(20, 200*time.Millisecond)
		end()
	}, limits(linkgen.Limits{MaxInFlight: 500, Rate: zotlo.Rate{Events: 40, Per: time.Second}}))
}

// pages warms a link of somebody new every so often, and counts the results.
func (s *harness) pages(during, every time.Duration) map[string]int {
	var mu sync.Mutex
	results := map[string]int{}
	for i := range int(during / every) {
		s.g.Warm(context.Background(), s.g.Prepare(orderOf(fmt.Sprint("page-", i))),
			"shop.example.com", func(result string) {
				mu.Lock()
				defer mu.Unlock()
				results[result]++
			})
		time.Sleep(every)
	}
	time.Sleep(time.Second)
	mu.Lock()
	defer mu.Unlock()
	return results
}

// storm is pages until it is ended, and waits for the calls under way.
func (s *harness) storm(every time.Duration) (end func()) {
	over := make(chan struct{})
	go func() {
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			case <-time.After(every):
			}
			s.begin(orderOf(fmt.Sprint("storm-", i)))
		}
	}()
	return func() {
		close(over)
		time.Sleep(time.Second)
	}
}

// clickAtOnce lets so many people click at once, none of whom may wait longer than this.
func (s *harness) clickAtOnce(n int, patience time.Duration) {
	s.t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			start := time.Now()
			s.hit(fmt.Sprint("click-", i), linkgen.FromAPI)
			if took := time.Since(start); took > patience {
				s.t.Errorf("a shopper waited %v, want %v at most", took, patience)
			}
		})
	}
	all.Wait()
}

func TestWarmLinksLeaveHalfOfThePerSubscriberRate(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		variants := 0
		another := func() linkgen.Order {
			o := orderOf("ada")
			variants++
			o.Variant = fmt.Sprint(variants)
			return o
		}
		s.warmOrder(another(), "made")
		s.warmOrder(another(), "made")
		s.warmOrder(another(), "limited")
		for range 3 {
			s.hitOrder(another(), linkgen.FromAPI)
		}
		s.refusedOrder(another(), linkgen.Limited)
	}, limits(linkgen.Limits{PerSubscriber: zotlo.Rate{Events: 5, Per: time.Minute}}))
}

// A warm call is no way to find out whether trouble is over, and is not repeated.
func TestNothingIsWarmedInTrouble(t *testing.T) {
	for name, test := range map[string]struct {
		trouble func(s *harness)
		after   time.Duration // by when a click would look whether it is over
	}{
		"429": {func(s *harness) {
			s.api.does(says(429, "", "Retry-After", "60"))
			s.refused("bob", linkgen.Throttled)
		}, 0},
		"wrong keys": {func(s *harness) {
			s.api.does(says(401, errorBody(401002)))
			s.refused("bob", linkgen.Refused)
		}, 31 * time.Second},
		"an open breaker": {func(s *harness) {
			s.api.does(breaks)
			for i := range 5 {
				s.refused(fmt.Sprint("bob", i), linkgen.Unavailable)
			}
		}, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *harness) {
				test.trouble(s)
				before := s.api.calls.Load()
				s.warm("ada", "paused")
				time.Sleep(test.after)
				s.warm("ada", "paused")
				s.apiCalls(before)
			})
		})
	}
}

// A call that failed is made once and costs nothing but itself: neither place nor token.
func TestFailedWarmLinkCostsOneCall(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.does(breaks)
		s.warm("ada", "failed")
		s.warm("ada", "failed")
		s.apiCalls(2)
		s.idle()
		s.api.does(nil)
		s.warm("ada", "made")
	}, limits(linkgen.Limits{
		MaxInFlight: 2, PerSubscriber: zotlo.Rate{Events: 2, Per: time.Hour},
	}))
}

func TestPanicOfAWarmLinkIsTold(t *testing.T) {
	var breaks atomic.Bool
	inBubble(t, func(t *testing.T, s *harness) {
		breaks.Store(true)
		s.warm("ada", "failed")
		if len(s.told.panics) != 1 {
			t.Errorf("%d panics were told, want 1", len(s.told.panics))
		}
		breaks.Store(false)
		s.idle()
		s.warm("ada", "made")
	}, func(c *linkgen.Config) {
		c.Limits.MaxInFlight = 1
		c.Attribute = func(linkgen.Order, linkgen.SubscriberHash, string) string {
			if breaks.Load() {
				panic("a bug")
			}
			return ""
		}
	})
}

// A payment kills a warm link, be it made or in the making.
func TestPaymentKillsAWarmLink(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.warm("ada", "made")
		s.forget("ada")
		s.hit("ada", linkgen.FromAPI)
		s.apiCalls(2)

		s.api.takes(time.Second)
		result := s.begin(orderOf("bob"))
		time.Sleep(500 * time.Millisecond)
		s.forget("bob")
		if got := <-result; got != "forgotten" {
			t.Errorf("a link from before the payment was %q", got)
		}
		s.apiCalls(3)
		s.hit("bob", linkgen.FromAPI)
		s.apiCalls(4)
		s.idle()
	})
}

// A click that comes while the link is being made waits for it; if that fails, it makes its own,
// with the retry that it is due.
func TestClickJoinsAWarmCall(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.takes(time.Second)
		result := s.begin(orderOf("ada"))
		time.Sleep(500 * time.Millisecond)
		s.hit("ada", linkgen.FromShared)
		if got := <-result; got != "made" {
			t.Errorf("the link was %q", got)
		}
		s.apiCalls(1)

		s.api.does(breaks)
		result = s.begin(orderOf("bob"))
		time.Sleep(1500 * time.Millisecond / 2)
		time.AfterFunc(time.Second, func() { s.api.does(nil) }) // after the click's first try began
		s.hit("bob", linkgen.FromAPI)
		if got := <-result; got != "failed" {
			t.Errorf("the link was %q", got)
		}
	})
}

// And a page that comes while a shopper waits for the link makes none.
func TestWarmJoinsAClick(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.takes(time.Second)
		clicked := make(chan string, 1)
		go func() { clicked <- s.hit("ada", linkgen.FromAPI) }()
		time.Sleep(500 * time.Millisecond)
		s.warm("ada", "shared")
		<-clicked
		s.apiCalls(1)
		s.idle()
		for i := range 3 { // the page has used up no turn
			s.hit(fmt.Sprint("click-", i), linkgen.FromAPI)
		}
	}, limits(linkgen.Limits{Rate: zotlo.Rate{Events: 4, Per: time.Hour}}))
}

// Half of the places are in use by those who click: a page takes none of the others.
func TestNothingIsWarmedWhileShoppersAreMany(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.takes(time.Second)
		for i := range 2 {
			go s.hit(fmt.Sprint("click-", i), linkgen.FromAPI)
		}
		time.Sleep(500 * time.Millisecond)
		s.warm("ada", "busy")
		s.apiCalls(2)
		time.Sleep(time.Second)
		s.warm("ada", "made")
	}, limits(linkgen.Limits{MaxInFlight: 4}))
}
