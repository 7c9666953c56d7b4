package caddymodule_test

import (
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/caddy-checkout/checkout/caddymodule"
)

// TestNothingIsLeftAfterManyReloads reloads good and bad configurations under load, and then counts
// what is left.
func TestNothingIsLeftAfterManyReloads(t *testing.T) {
	if n := caddymodule.PoolsInUse(); n != 0 {
		t.Fatalf("%d pooled values are left by earlier tests", n)
	}
	before := goleak.IgnoreCurrent()
	t.Run("reloads", func(t *testing.T) {
		openProvider(t)
		s := openShop(t, plainShop)
		bad := strings.Replace(plainShop, "checkout_link /guest pro",
			"checkout_link /guest {http.checkout.claim.campaign}", 1)
		stop := make(chan struct{})
		var clicks sync.WaitGroup
		for range 4 {
			clicks.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						s.getsLink(s.click("/upgrade", by("ann@example.com")), "ann@example.com")
					}
				}
			})
		}
		for i := range 200 {
			if i%10 == 0 { // another one comes and goes beside it
				other, err := load(t, openIDShop)
				if err != nil {
					t.Fatal(err)
				}
				other.end()
			}
			if err := s.reload(plainShop); err != nil {
				t.Error(err)
			}
			if err := s.reload(bad); err == nil {
				t.Error("a bad configuration was loaded")
			}
		}
		close(stop)
		clicks.Wait()
		s.apiCalls(1)
		if n := caddymodule.LiveApps(); n != 1 {
			t.Errorf("%d apps are live, want 1", n)
		}
	})
	if n := caddymodule.PoolsInUse(); n != 0 {
		t.Errorf("%d pooled values are left", n)
	}
	if n := caddymodule.LiveApps(); n != 0 {
		t.Errorf("%d apps are left", n)
	}
	goleak.VerifyNone(t, before)
}
