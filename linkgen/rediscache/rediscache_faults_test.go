//go:build unix

package rediscache

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/cachetest"
)

// recovers waits until links are kept and given out again, which must be so within ten seconds.
func recovers(t *testing.T, c *Cache) {
	t.Helper()
	began := time.Now()
	k := cachetest.Key(t.Name(), "recovered")
	redistest.Eventually(t, "the cache has recovered", func() bool {
		l, err := c.Get(t.Context(), k)
		if err != nil {
			return false
		}
		if !l.Found {
			_ = c.Set(t.Context(), k, l.Epoch, cachetest.Entry(link))
		}
		return l.Found && l.Entry.URL == link
	})
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("recovery took %v", d)
	}
}

// TestFaults has a real Redis that is broken and fixed.
func TestFaults(t *testing.T) {
	tests := []struct {
		name  string
		args  []string // of the server
		cut   func(*redistest.Server, *redis.Client)
		fix   func(*redistest.Server, *redis.Client)
		kinds string
	}{
		{
			name: "down", kinds: "connection timeout",
			cut: func(s *redistest.Server, _ *redis.Client) { s.Kill() },
			fix: func(s *redistest.Server, _ *redis.Client) { s.Restart() },
		},
		{
			name: "stopped", kinds: "timeout",
			cut: func(s *redistest.Server, _ *redis.Client) { s.Pause() },
			fix: func(s *redistest.Server, _ *redis.Client) { s.Resume() },
		},
		{
			name: "the password changed", kinds: "auth",
			cut: func(_ *redistest.Server, admin *redis.Client) {
				admin.ConfigSet(bg, "requirepass", "another password")
				admin.Do(bg, "client", "kill", "type", "normal", "skipme", "yes")
			},
			fix: func(_ *redistest.Server, admin *redis.Client) { admin.ConfigSet(bg, "requirepass", "") },
		},
		{
			name: "a user without rights", kinds: "auth",
			cut: func(_ *redistest.Server, admin *redis.Client) {
				admin.Do(bg, "acl", "setuser", "default", "-@all", "+acl")
			},
			fix: func(_ *redistest.Server, admin *redis.Client) { admin.Do(bg, "acl", "setuser", "default", "+@all") },
		},
		{
			name: "a replica of nobody", kinds: "loading readonly", args: []string{"--replica-serve-stale-data", "no"},
			cut: func(_ *redistest.Server, admin *redis.Client) { admin.ReplicaOf(bg, "127.0.0.1", "1") },
			fix: func(_ *redistest.Server, admin *redis.Client) { admin.ReplicaOf(bg, "no", "one") },
		},
		{
			name: "a read-only replica", kinds: "readonly",
			cut: func(_ *redistest.Server, admin *redis.Client) { admin.ReplicaOf(bg, "127.0.0.1", "1") },
			fix: func(_ *redistest.Server, admin *redis.Client) { admin.ReplicaOf(bg, "no", "one") },
		},
		{
			name: "too few replicas", kinds: "readonly",
			cut: func(_ *redistest.Server, admin *redis.Client) { admin.ConfigSet(bg, "min-replicas-to-write", "1") },
			fix: func(_ *redistest.Server, admin *redis.Client) { admin.ConfigSet(bg, "min-replicas-to-write", "0") },
		},
		{
			name: "full", kinds: "full",
			cut: func(_ *redistest.Server, admin *redis.Client) {
				admin.ConfigSet(bg, "maxmemory-policy", "noeviction")
				admin.ConfigSet(bg, "maxmemory", "1")
			},
			fix: func(_ *redistest.Server, admin *redis.Client) { admin.ConfigSet(bg, "maxmemory", "0") },
		},
		{
			name: "too many clients", kinds: "full connection",
			cut: func(_ *redistest.Server, admin *redis.Client) {
				admin.ConfigSet(bg, "maxclients", "1")
				admin.Do(bg, "client", "kill", "type", "normal", "skipme", "yes")
			},
			fix: func(_ *redistest.Server, admin *redis.Client) { admin.ConfigSet(bg, "maxclients", "1000") },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, tt.args...)
			admin := server.Client()
			c := open(t, strained(server.URL(), tt.kinds))
			recovers(t, c)
			tt.cut(server, admin)
			suffer(t, c, tt.kinds)
			tt.fix(server, admin)
			recovers(t, c)
		})
	}
}

func TestARestartForgetsAndIsNotNoticed(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, patient(Config{URLs: []string{server.URL()}}))
	k := cachetest.Key(ada, "pro")
	keep(t, c, k, link)
	for range 3 {
		server.Restart()
		miss(t, c, k) // without an error: the dead connection is seen before it is used
		keep(t, c, k, link)
		hit(t, c, k, link)
	}
}

func TestAFullRedisServesWhatItHasAndForgets(t *testing.T) {
	server := redistest.Start(t, "--maxmemory-policy", "noeviction")
	c := open(t, patient(Config{URLs: []string{server.URL()}}))
	k, other := cachetest.Key(ada, "pro"), cachetest.Key("bob@example.com", "pro")
	keep(t, c, k, link)
	server.Client().ConfigSet(t.Context(), "maxmemory", "1")

	for range 10 { // a refusal that costs nothing opens no breaker
		if _, err := c.Get(t.Context(), other); Kind(err) != "full" {
			t.Fatalf("get: %v", err)
		}
		hit(t, c, k, link)
	}
	if err := c.Forget(t.Context(), k.Subscriber); err != nil {
		t.Fatal(err)
	}
	if l, err := c.Get(t.Context(), k); l.Found || Kind(err) != "full" {
		t.Fatalf("found %v, %v", l.Found, err)
	}
}

// TestALostRedisCostsNoTime looks at what is asked of Redis rather than at a clock: while the
// breaker is open, nothing.
func TestALostRedisCostsNoTime(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, Config{URLs: []string{server.URL()}, Secret: secret})
	k := cachetest.Key(ada, "pro")
	recovers(t, c)
	server.Kill()
	kinds := map[string]int{}
	for range 1000 {
		_, err := c.Get(t.Context(), k)
		kinds[Kind(err)]++
	}
	if kinds["open"] < 900 || kinds[""] > 0 {
		t.Errorf("1000 clicks while Redis was lost: %v", kinds)
	}
	if err := c.Forget(t.Context(), k.Subscriber); Kind(err) == "open" || err == nil {
		t.Errorf("forget while the breaker is open: %v, want it tried", err)
	}
	server.Restart()
	if err := c.Forget(t.Context(), k.Subscriber); err != nil {
		t.Errorf("forget when Redis is back: %v", err)
	}
	recovers(t, c)
}

// TestReloadsLeaveNothing opens and closes caches as configurations come and go; TestMain looks for
// what is left.
func TestReloadsLeaveNothing(t *testing.T) {
	server := redistest.Start(t)
	admin := server.Client()
	if err := admin.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	k := cachetest.Key(ada, "pro")
	urls := []string{server.URL(), redistest.Fake(t, redistest.Reset)}
	for i := range 200 {
		c, err := New(Config{URLs: urls[i%2 : i%2+1], Secret: secret, Timeout: redisclient.MaxTimeout})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Get(t.Context(), k)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	redistest.Eventually(t, "only the test's own connection is left", func() bool {
		return len(strings.Split(strings.TrimSpace(admin.ClientList(t.Context()).Val()), "\n")) == 1
	})
}

// TestUseAndCloseAtOnce closes a cache under the hands of those who use it.
func TestUseAndCloseAtOnce(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, patient(Config{URLs: []string{server.URL()}}))
	done := make(chan struct{})
	started := make(chan struct{}, 8)
	for i := range 8 {
		go func() {
			k := cachetest.Key(ada, fmt.Sprint(i))
			for n := 0; ; n++ {
				l, err := c.Get(bg, k)
				if n == 10 {
					started <- struct{}{}
				}
				if Kind(err) == "closed" {
					done <- struct{}{}
					return
				}
				if err == nil && !l.Found {
					_ = c.Set(bg, k, l.Epoch, cachetest.Entry(link))
				}
				if l.Found && l.Entry.URL != link {
					t.Errorf("found %q", l.Entry.URL)
				}
			}
		}()
	}
	for range 8 {
		<-started
	}
	c.Close()
	for range 8 {
		<-done
	}
	if l, err := c.Get(bg, cachetest.Key(ada, "0")); l != (linkgen.Lookup{}) || Kind(err) != "closed" {
		t.Errorf("found %+v, %v", l, err)
	}
}
