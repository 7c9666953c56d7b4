//go:build unix

package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// Somebody who can write to the Redis puts there what they like. Every user still gets their own
// link.
func TestAbuse27LyingRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	f := openFleet(t, 1, sharing, redis.URL())
	admin := redis.Client()
	names := func() []string { return admin.Keys(t.Context(), "checkout:{*}:*").Val() }
	f.hit(t, 0, ann)
	annKey := names()[0]
	f.hit(t, 0, ben)
	benKey := names()[0]
	if benKey == annKey {
		benKey = names()[1]
	}
	calls := f.zotlo.Calls()
	value := admin.Get(t.Context(), annKey).Val()
	lies := map[string]any{
		"another's link": value, "cut off": value[:20], "garbage": "garbage", "nothing": "",
		"an older version": "\x00" + value[1:],
		"huge":             strings.Repeat("x", 1<<20), "in clear": "https://evil.example/",
	}
	for name, lie := range lies {
		if err := admin.Set(t.Context(), benKey, lie, 0).Err(); err != nil {
			t.Fatal(err)
		}
		f.hit(t, 0, ben)
		if again := admin.Get(t.Context(), benKey).Val(); again == lie {
			t.Errorf("%s was left where it was", name)
		}
	}
	admin.Del(t.Context(), benKey)
	admin.LPush(t.Context(), benKey, value)
	f.hit(t, 0, ben)
	f.wantCalls(t, &calls, len(lies)+1, len(lies)+1)
	errs := f.nodes[0].Metric(t, "caddy_checkout_cache_errors_total", `cache="redis"`)
	if errs < float64(len(lies)-1) {
		t.Errorf("%v errors are counted", errs)
	}
}

func TestAbuse28DumpOfRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	f := openFleet(t, 1, sharing, redis.URL())
	link := f.nodes[0].Sold(t, ann, "/monthly")
	f.nodes[0].Pay(t, link)
	f.hit(t, 0, "+905550100@example.com")
	if keys := redis.Client().Keys(t.Context(), "*").Val(); len(keys) < 6 {
		t.Errorf("only %d keys", len(keys))
	}
	wantPrivateRedis(t, redis, []string{"monthly", "control", "cheaper"},
		append(shoptest.Secrets(), "ann@", "example.com", "905550100", "pay.example", link.ID,
			shoptest.HookToken)...)
}

// Whatever ails Redis, shoppers get their links.
func TestAbuse50AilingRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	f := openFleet(t, 1, hasty, redis.URL())
	admin := redis.Client()
	set := func(name, value string) func() {
		return func() {
			if err := admin.ConfigSet(t.Context(), name, value).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	n := 0
	for _, trouble := range []struct {
		name       string
		begin, fix func()
	}{
		{"full", set("maxmemory", "1"), set("maxmemory", "0")},
		{"read-only", set("min-replicas-to-write", "1"), set("min-replicas-to-write", "0")},
		{"no more clients", set("maxclients", "1"), set("maxclients", "1000")},
		{"mute", redis.Pause, redis.Resume},
		{"gone", redis.Kill, redis.Restart},
	} {
		f.hit(t, 0, ann)
		trouble.begin()
		for range 20 {
			n++
			got := f.nodes[0].Click(t, person(n), "/lifetime")
			if got.StatusCode != http.StatusSeeOther {
				t.Errorf("%s: a shopper got %s", trouble.name, got.Status)
			}
		}
		trouble.fix()
	}
	fixed := 0
	redistest.Eventually(t, "links are stored again", func() bool {
		fixed++
		email := fmt.Sprintf("fixed-%d@example.com", fixed)
		first := f.hit(t, 0, email)
		return f.hit(t, 0, email) == first
	})
}
