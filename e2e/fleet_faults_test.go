//go:build unix

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-checkout/checkout/internal/freeport"
	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// Redis is killed under load, stays away, and comes back empty. Shoppers notice nothing.
func TestFleetLosesRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	f := openFleet(t, 2, hasty, redis.URL())

	var dead atomic.Bool
	var once sync.Once
	everybody(200, "before", func(email string, random *rand.Rand) {
		f.hit(t, random.IntN(2), email)
		if f.zotlo.Calls() > 100 {
			once.Do(func() { redis.Kill(); dead.Store(true) })
		}
		f.hit(t, random.IntN(2), email)
	})
	if !dead.Load() {
		t.Fatal("Redis was never killed")
	}

	calls := f.zotlo.Calls()
	everybody(100, "without", func(email string, _ *rand.Rand) {
		var clicks sync.WaitGroup
		for node := range f.nodes {
			clicks.Go(func() { f.hit(t, node, email) })
		}
		clicks.Wait()
	})
	f.wantCalls(t, &calls, 100, 200)
	for _, node := range f.nodes {
		if node.Metric(t, "caddy_checkout_cache_errors_total", `cache="redis"`) == 0 {
			t.Error("a lost Redis is not counted")
		}
		if !node.Logged("cache failed, going on without it") {
			t.Error("a lost Redis is not logged")
		}
	}

	// What must not be lost is refused meanwhile, so that Zotlo repeats it.
	paid := f.hit(t, 0, ann)
	if _, err := f.zotlo.Pay(paid); err != nil {
		t.Fatal(err)
	}
	payment := f.nodes[0].Event(t, sandbox.KindPayment)
	if payment.State != sandbox.Pending ||
		payment.Attempts[0].Status != http.StatusServiceUnavailable {
		t.Errorf("without Redis the webhook is %s, %v", payment.State, payment.Attempts)
	}

	redis.Restart()
	f.recovers(t, "after")
	redistest.Eventually(t, "the webhook is processed", func() bool {
		status, err := f.zotlo.Send(t.Context(), payment.ID)
		return err == nil && status == http.StatusOK
	})
	f.wantSum(t, shoptest.Conversions, "", 1)
	if f.hit(t, 1, ann) == paid {
		t.Error("a paid link was given out again")
	}
}

// recovers waits until both nodes share their links again.
func (f *fleet) recovers(t *testing.T, prefix string) {
	t.Helper()
	n := 0
	redistest.Eventually(t, "the nodes share links again", func() bool {
		n++
		email := fmt.Sprintf("%s-%d@example.com", prefix, n)
		return f.hit(t, 0, email) == f.hit(t, 1, email)
	})
}

// A Redis that accepts connections and says nothing costs its time-out, and no checkout.
func TestFleetWithMuteRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	f := openFleet(t, 2, hasty, redis.URL())
	f.recovers(t, "before")
	redis.Pause()
	defer redis.Resume()
	everybody(50, "meanwhile", func(email string, random *rand.Rand) {
		f.hit(t, random.IntN(2), email)
	})
	redis.Resume()
	f.recovers(t, "after")
}

// Nothing about Redis keeps Caddy from starting, or a shopper from the checkout.
func TestRedisThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	gone, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	locked := redistest.Start(t, "--requirepass", "a password that nobody here knows")
	for name, url := range map[string]string{
		"unreachable":       "redis://" + gone,
		"no password given": locked.URL(),
		"wrong password":    "redis://:guessed@" + locked.Addr,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := openFleet(t, 1, hasty, url)
			f.hit(t, 0, ann)
			f.hit(t, 0, ann)
			node := f.nodes[0]
			if !node.Logged("cache failed, going on without it") {
				t.Error("nothing is in the log")
			}
			if node.Metric(t, "caddy_checkout_cache_errors_total", `cache="redis"`) == 0 {
				t.Error("nothing is counted")
			}
			shoptest.WantNone(t, "the log", node.Log.String(), ann, "guessed")
		})
	}
}

// A node with another access secret takes what is not its own for misses, even where somebody has
// put it under its names.
func TestFleetWithAForeignNode(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	f := openFleet(t, 1, sharing, redis.URL())
	admin := redis.Client()
	links := func(not map[string]bool) (names []string) {
		for _, key := range admin.Keys(t.Context(), "checkout:{*}:*").Val() {
			if !not[key] {
				names = append(names, key)
			}
		}
		return names
	}

	f.hit(t, 0, ann)
	ours := links(nil)
	// The stand-in knows one secret; what stands between lets the foreign one pass.
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("AccessSecret") != "another-access-secret" {
			t.Errorf("a call with the secret %q", r.Header.Get("AccessSecret"))
		}
		r.Header.Set("AccessSecret", sandbox.DefaultAccessSecret)
		f.zotlo.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	f.join(t, sharing, "REDIS="+redis.URL(), "ZOTLO_ACCESS_SECRET=another-access-secret",
		"API="+api.URL)
	calls := f.zotlo.Calls()
	f.hit(t, 1, ann)
	f.hit(t, 1, ann)
	f.wantCalls(t, &calls, 1, 1)

	theirs := links(map[string]bool{ours[0]: true})
	if len(ours) != 1 || len(theirs) != 1 {
		t.Fatalf("%d and %d links", len(ours), len(theirs))
	}
	value := admin.Get(t.Context(), ours[0]).Val()
	ttl := admin.TTL(t.Context(), ours[0]).Val()
	if err := admin.Set(t.Context(), theirs[0], value, ttl).Err(); err != nil {
		t.Fatal(err)
	}
	f.hit(t, 1, ann)
	f.wantCalls(t, &calls, 1, 1)
	if f.nodes[1].Metric(t, "caddy_checkout_cache_errors_total", `cache="redis"`) != 1 {
		t.Error("a value that does not open is not counted")
	}
}
