package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
)

func TestAbuse24FloodOfUsers(t *testing.T) {
	h := newHarness(t)
	h.memory.SetMaxLinks(500)
	for i := range 2000 {
		h.gets(t, person(i))
		if n := h.memory.Len(); n > 500 {
			t.Fatalf("%d links are stored, want at most 500", n)
		}
	}
	// One user who asks for ever new links.
	limited := 0
	for i := range 40 {
		o := orderOf(ann)
		o.Variant = fmt.Sprint(i)
		if _, err := h.Link(t.Context(), o); err != nil {
			limited++
		}
	}
	if limited < 25 {
		t.Errorf("one user got %d links in a row", 40-limited)
	}
}

func TestAbuse25FloodOfAddresses(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, behindProxy)
	got := map[int]int{}
	for i := range 40 {
		got[s.Send(t, "/guest", from(fmt.Sprintf("2001:db8:7:7::%x", i+1))).StatusCode]++
	}
	if got[http.StatusSeeOther] < 10 || got[http.StatusSeeOther] > 15 ||
		got[http.StatusTooManyRequests] < 25 {
		t.Errorf("one network with forty addresses got %v", got)
	}
	other := s.Send(t, "/guest", from("2001:db8:7:8::1"))
	if other.StatusCode != http.StatusSeeOther {
		t.Errorf("its neighbour got %s", other.Status)
	}
}

func TestAbuse26MixedUpUsers(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 5))
			for range 125 {
				email := person(random.IntN(60))
				got, err := s.TrySend(t.Context(), "/upgrade", as(email))
				if err != nil {
					t.Error(err)
					return
				}
				link, known := s.Zotlo.Link(got.Header.Get("Location"))
				if !known || link.SubscriberID != email {
					t.Errorf("%s got %s and a link of %q", email, got.Status, link.SubscriberID)
				}
			}
		})
	}
	all.Wait()
	s.WantCalls(t, 60)
}

func TestAbuse45HerdOnOneLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.zotlo.Fail(sandbox.Latency(200 * time.Millisecond))
		var all sync.WaitGroup
		for range 3000 {
			all.Go(func() { h.gets(t, ann) })
		}
		all.Wait()
		h.wantCalls(t, 1, 1)
	})
}

func TestAbuse46ColdStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *linkgen.Config) { c.Limits.MaxInFlight = 200 })
		h.zotlo.Fail(sandbox.Latency(200 * time.Millisecond))
		const users = 2000
		var all sync.WaitGroup
		for i := range users {
			all.Go(func() { h.gets(t, person(i)) })
		}
		all.Wait()
		h.wantCalls(t, users, users)
		if most := h.zotlo.MaxInFlight(); most > 200 {
			t.Errorf("%d calls at once", most)
		}
	})
}

func TestAbuse47FirstShopperLeaves(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, plain)
	release := s.HoldAPI(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := s.TryClick(ctx, ann, "/upgrade")
		left <- err
	}()
	s.WaitAsked(t)
	wait := s.ClickAtOnce(t, 9, ann, "/upgrade")
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("the first shopper got %v", err)
	}
	release()
	for _, got := range wait() {
		s.WantLinkOf(t, ann, got)
	}
	s.WantLinkOf(t, ann, s.Click(t, ann, "/upgrade"))
	s.WantCalls(t, 1)
}

func TestAbuse48ShoppersWhoLeave(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, plain)
	s.WantLinkOf(t, ann, s.Click(t, ann, "/upgrade"))
	before := s.OwnGoroutines(t)
	release := s.HoldAPI(t)
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			ctx, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer leave()
			client := &http.Client{Transport: &http.Transport{
				DialContext: shoptest.DialTo("tcp", s.HTTP), DisableKeepAlives: true,
			}}
			address := "http://" + shoptest.Host + "/upgrade"
			_, err := shoptest.Try(ctx, client, address, shoptest.SignedIn(person(i)))
			if err == nil {
				t.Error("an API that waits answered")
			}
		})
	}
	all.Wait()
	release()
	shoptest.Eventually(t, "no goroutine is left", func() bool {
		return s.OwnGoroutines(t) <= before
	})
}
