//go:build unix

package e2e_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// The address of Redis changes while shoppers click.
func TestReloadToAnotherRedis(t *testing.T) {
	t.Parallel()
	old, next := redistest.Start(t), redistest.Start(t)
	moved := strings.Replace(sharing, "{env.REDIS}", next.URL(), 1)
	f := openFleet(t, 1, sharing, old.URL())
	node := f.nodes[0]

	end := make(chan struct{})
	var clicks atomic.Int64
	var shoppers sync.WaitGroup
	for worker := range 4 {
		shoppers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				default:
				}
				f.hit(t, 0, fmt.Sprintf("shopper-%d-%d@example.com", worker, i%20))
				clicks.Add(1)
			}
		})
	}
	awaitClicks := func() {
		seen := clicks.Load()
		redistest.Eventually(t, "shoppers go on", func() bool { return clicks.Load() > seen+100 })
	}
	failures := func() float64 { return node.Metric(t, "caddy_checkout_cache_errors_total", "") }
	awaitClicks()
	node.MustReload(t, moved)
	awaitClicks()
	// Those who were inside the old configuration when its client was closed met misses.
	atReload := failures()
	awaitClicks()
	close(end)
	shoppers.Wait()

	if n := next.Client().DBSize(t.Context()).Val(); n < 80 {
		t.Errorf("%d keys in the new Redis, want those of 80 shoppers", n)
	}
	admin := old.Client()
	redistest.Eventually(t, "the connections to the old Redis are closed", func() bool {
		own := admin.ClientID(t.Context()).Val()
		list := admin.ClientList(t.Context()).Val()
		return strings.Contains(list, fmt.Sprintf("id=%d ", own)) && strings.Count(list, "\n") == 1
	})
	shoptest.WantNone(t, "the log", node.Log.String(), "shopper-")
	if now := failures(); now != atReload || now > 4*3 {
		t.Errorf("%v cache errors at the reload, %v in the end", atReload, now)
	}
}
