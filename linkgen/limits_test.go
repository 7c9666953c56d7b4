package linkgen_test

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

func TestPerSubscriber(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		variants := 0
		another := func(id string) linkgen.Order { // each asks for something new, so that nothing is cached
			o := orderOf(id)
			variants++
			o.Variant = fmt.Sprint(variants)
			return o
		}
		for range 3 {
			s.hitOrder(another("ada"), linkgen.FromAPI)
		}
		if e := s.refusedOrder(another("ada"), linkgen.Limited); e.RetryAfter != 20*time.Second {
			t.Errorf("retry after %v, want a third of a minute", e.RetryAfter)
		}
		asPhone := another("ADA") // the same person under another kind
		asPhone.Subscriber.Kind = "uuid"
		s.refusedOrder(asPhone, linkgen.Limited)
		s.hitOrder(another("bob"), linkgen.FromAPI)
		s.reload() // limits are not reset by a reload
		s.refusedOrder(another("ada"), linkgen.Limited)
		time.Sleep(20 * time.Second)
		s.hitOrder(another("ada"), linkgen.FromAPI)
		s.refusedOrder(another("ada"), linkgen.Limited)
		s.reload(func(c *linkgen.Config) { c.Limits.PerSubscriber = zotlo.Rate{Events: 60, Per: time.Minute} })
		s.refusedOrder(another("ada"), linkgen.Limited)
		time.Sleep(time.Second) // they do change with one
		s.hitOrder(another("ada"), linkgen.FromAPI)
	}, limits(linkgen.Limits{PerSubscriber: zotlo.Rate{Events: 3, Per: time.Minute}}))
}

func TestCachedLinksPassNoLimit(t *testing.T) {
	s := set(t, limits(linkgen.Limits{PerSubscriber: zotlo.Rate{Events: 1, Per: time.Hour}, Rate: zotlo.Rate{Events: 1, Per: time.Hour}}))
	s.hit("ada", linkgen.FromAPI)
	for range 100 {
		s.hit("ada", linkgen.FromCache)
	}
}

func TestWhatNeverReachesTheLineIsNotCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.does(says(429, "", "Retry-After", "60"))
		s.refused("bob", linkgen.Throttled)
		for range 20 {
			s.refused("ada", linkgen.Throttled)
		}
		s.api.does(nil)
		time.Sleep(time.Minute)
		s.hit("ada", linkgen.FromAPI)
	}, limits(linkgen.Limits{PerSubscriber: zotlo.Rate{Events: 1, Per: time.Hour}}))
}

func TestPerIPCountsGuestsByNetwork(t *testing.T) {
	s := set(t, limits(linkgen.Limits{PerIP: zotlo.Rate{Events: 1, Per: time.Hour}}))
	from := func(ip string) linkgen.Order {
		o := orderOf("")
		o.IP = netip.Addr{}
		if ip != "" {
			o.IP = netip.MustParseAddr(ip)
		}
		return o
	}
	for first, sameLine := range map[string]string{
		"203.0.113.7":  "::ffff:203.0.113.7",
		"2001:db8::1":  "2001:db8::ffff:1",
		"fe80::1%eth0": "fe80::2%eth1",
		"":             "",
	} {
		s.hitOrder(from(first), linkgen.FromAPI)
		s.refusedOrder(from(sameLine), linkgen.Limited)
	}
	s.hitOrder(from("203.0.113.8"), linkgen.FromAPI)
	s.hitOrder(from("2001:db8:0:1::1"), linkgen.FromAPI)
	s.hit("ada", linkgen.FromAPI) // who is known is counted by name
}

func TestBusyWhenTheLineIsTooSlow(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.takes(3 * time.Second)
		for i := range 4 {
			go s.g.Link(t.Context(), orderOf(fmt.Sprint("user", i)))
		}
		synctest.Wait()
		start := time.Now()
		if e := s.refused("late", linkgen.Busy); e.RetryAfter <= 0 {
			t.Error("no Retry-After")
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("waited %v, want 5s", took)
		}
		time.Sleep(2 * time.Second)
		for i := range 4 { // those who were served in their turn
			s.hit(fmt.Sprint("user", i), linkgen.FromCache)
		}
		s.hit("later", linkgen.FromAPI)
		if most := s.api.most.Load(); most != 2 {
			t.Errorf("%d calls at once, want 2", most)
		}
	}, limits(linkgen.Limits{MaxInFlight: 2}))
}

func TestPlacesChangeWithAReload(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.takes(time.Second)
		for i := range 5 {
			go s.hit(fmt.Sprint("user", i), linkgen.FromAPI)
		}
		synctest.Wait()
		if n := s.told.inFlight.Load(); n != 1 {
			t.Errorf("%d in flight, want 1", n)
		}
		s.reload(func(c *linkgen.Config) { c.Limits.MaxInFlight = 4 })
		synctest.Wait()
		if n := s.told.inFlight.Load(); n != 4 {
			t.Errorf("%d in flight after the reload, want 4", n)
		}
		time.Sleep(3 * time.Second)
		s.apiCalls(5)
	}, limits(linkgen.Limits{MaxInFlight: 1}))
}

func TestRateOfAProject(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		start := time.Now()
		for i := range 7 {
			s.hit(fmt.Sprint("user", i), linkgen.FromAPI)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("7 calls at 2 and then one a second took %v", took)
		}
		var served atomic.Int64
		for i := range 10 {
			go func() {
				if _, err := s.g.Link(t.Context(), orderOf(fmt.Sprint("crowd", i))); err == nil {
					served.Add(1)
				}
			}()
		}
		synctest.Wait()
		e := s.refused("late", linkgen.Busy)
		if e.RetryAfter <= 5*time.Second {
			t.Errorf("retry after %v, want more than they would have waited", e.RetryAfter)
		}
		time.Sleep(10 * time.Second)
		if n := served.Load(); n != 5 {
			t.Errorf("%d were served within their wait, want 5", n)
		}
	}, limits(linkgen.Limits{Rate: zotlo.Rate{Events: 2, Per: 2 * time.Second}}))
}
