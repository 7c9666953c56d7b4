package checkout_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
)

func TestAbuse24FloodOfUsers(t *testing.T) {
	m := newMaker(t)
	m.memory.SetMaxLinks(500)
	for i := range 2000 {
		m.hit(t, person(i))
		if n := m.memory.Len(); n > 500 {
			t.Fatalf("%d links are kept, want at most 500", n)
		}
	}
	// One user who asks for ever new links.
	limited := 0
	for i := range 40 {
		o := orderOf(ann)
		o.Variant = fmt.Sprint(i)
		if _, err := m.Link(t.Context(), o); err != nil {
			limited++
		}
	}
	if limited < 25 {
		t.Errorf("one user got %d links in a row", 40-limited)
	}
}

func TestAbuse25FloodOfAddresses(t *testing.T) {
	t.Parallel()
	s := openShop(t, behindProxy)
	got := map[int]int{}
	for i := range 40 {
		got[s.visit(t, "/guest", from(fmt.Sprintf("2001:db8:7:7::%x", i+1))).StatusCode]++
	}
	if got[http.StatusSeeOther] < 10 || got[http.StatusSeeOther] > 15 || got[http.StatusTooManyRequests] < 25 {
		t.Errorf("one line with forty addresses got %v", got)
	}
	if other := s.visit(t, "/guest", from("2001:db8:7:8::1")); other.StatusCode != http.StatusSeeOther {
		t.Errorf("his neighbour got %s", other.Status)
	}
}

func TestAbuse26MixedUpUsers(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 5))
			for range 125 {
				email := person(random.IntN(60))
				got, err := s.try(t, "/upgrade", as(email))
				if err != nil {
					t.Error(err)
					return
				}
				if link, known := s.zotlo.Link(got.Header.Get("Location")); !known || link.SubscriberID != email {
					t.Errorf("%s got %s and a link of %q", email, got.Status, link.SubscriberID)
				}
			}
		})
	}
	all.Wait()
	s.wantCalls(t, 60)
}

func TestAbuse45HerdOnOneLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaker(t)
		m.zotlo.Fail(sandbox.Latency(200 * time.Millisecond))
		var all sync.WaitGroup
		for range 3000 {
			all.Go(func() { m.hit(t, ann) })
		}
		all.Wait()
		m.wantCalls(t, 1, 1)
	})
}

func TestAbuse46ColdStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaker(t, func(c *linkgen.Config) { c.Limits.MaxInFlight = 200 })
		m.zotlo.Fail(sandbox.Latency(200 * time.Millisecond))
		const users = 2000
		var all sync.WaitGroup
		for i := range users {
			all.Go(func() { m.hit(t, person(i)) })
		}
		all.Wait()
		m.wantCalls(t, users, users)
		if most := m.zotlo.MaxInFlight(); most > 200 {
			t.Errorf("%d calls at once", most)
		}
	})
}

func TestAbuse47FirstShopperLeaves(t *testing.T) {
	t.Parallel()
	s := openShop(t, smallest)
	release := s.holdAPI(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := try(ctx, s.client, ann, "http://"+shopHost+"/upgrade")
		left <- err
	}()
	s.waitAsked(t)
	wait := s.clickAtOnce(t, 9, ann, "/upgrade")
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("the first shopper got %v", err)
	}
	release()
	for _, got := range wait() {
		s.wantLinkOf(t, ann, got)
	}
	s.wantLinkOf(t, ann, s.click(t, ann, "/upgrade"))
	s.wantCalls(t, 1)
}

func TestAbuse48ShoppersWhoLeave(t *testing.T) {
	t.Parallel()
	s := openShop(t, smallest)
	s.wantLinkOf(t, ann, s.click(t, ann, "/upgrade"))
	before := s.ownGoroutines(t)
	release := s.holdAPI(t)
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			ctx, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer leave()
			client := &http.Client{Transport: &http.Transport{DialContext: dialTo("tcp", s.http), DisableKeepAlives: true}}
			if _, err := try(ctx, client, person(i), "http://"+shopHost+"/upgrade"); err == nil {
				t.Error("an API that waits answered")
			}
		})
	}
	all.Wait()
	release()
	eventually(t, "no goroutine is left", func() bool { return s.ownGoroutines(t) <= before })
}

// ownGoroutines counts the goroutines of the process that are inside this project's code.
func (s *shop) ownGoroutines(t *testing.T) (n int) {
	t.Helper()
	for group := range strings.SplitSeq(s.admin(t, "/debug/pprof/goroutine?debug=1"), "\n\n") {
		var count int
		if _, err := fmt.Sscanf(group[strings.Index(group, "\n")+1:], "%d @", &count); err != nil {
			_, _ = fmt.Sscanf(group, "%d @", &count)
		}
		if strings.Contains(group, modulePath+"/") {
			n += count
		}
	}
	return n
}

func TestAbuse52SweepOfTheExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaker(t)
		for i := range 3000 {
			m.hit(t, person(i))
		}
		time.Sleep(4 * time.Minute)
		fresh := m.hit(t, ann).URL
		for range 40 { // while the others expire and are swept
			time.Sleep(5 * time.Second)
			if again := m.hit(t, ann).URL; again != fresh {
				t.Fatal("a fresh link was swept")
			}
		}
		if n := m.memory.Len(); n != 1 {
			t.Errorf("%d links are kept, want hers alone", n)
		}
	})
}
