//go:build unix

package redisstore

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redistest"
)

// TestLies: whatever an impostor does, an operation ends in time and fails with a kind that says
// what happened.
func TestLies(t *testing.T) {
	for _, lie := range redistest.Lies {
		t.Run(lie.Name, func(t *testing.T) {
			t.Parallel()
			cfg := strained(redistest.Fake(t, lie.Answer), lie.Kinds)
			// What is no answer to a question for a text may be one to a question for a list.
			suffer(t, open(t, cfg), lie.Kinds+" protocol connection corrupt")
		})
	}
}

// strained has short time-outs where they are what must end an operation.
func strained(url, kinds string) Config {
	cfg := Config{URLs: []string{url}, Timeout: 2 * time.Second}
	if strings.Contains(kinds, "timeout") {
		cfg.Timeout, cfg.WriteTimeout = 50*time.Millisecond, 200*time.Millisecond
	}
	return cfg
}

// suffer runs every operation several times against something broken.
func suffer(t *testing.T, s *Store, may string) {
	t.Helper()
	kinds := append(strings.Fields(may), "open")
	failed := false
	for range 3 {
		began := time.Now()
		for op, err := range everyOperation(t.Context(), t, s) {
			if err == nil {
				continue
			}
			failed = true
			if !slices.Contains(kinds, Kind(err)) || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("%s: %v, want one of %q", op, err, kinds)
			}
		}
		if d := time.Since(began); d > 8*20*s.steps.Timeout() {
			t.Errorf("eight operations of at most %v took %v", s.steps.Timeout(), d)
		}
	}
	if !failed {
		t.Error("nothing failed")
	}
}

// works waits until the store reads and writes.
func works(t *testing.T, s *Store) {
	t.Helper()
	redistest.Eventually(t, "everything works", func() bool {
		for _, err := range everyOperation(t.Context(), t, s) {
			if err != nil {
				return false
			}
		}
		return true
	})
}

// TestFaults has a real Redis that is broken and fixed.
func TestFaults(t *testing.T) {
	follow := func(host, port string) func(*redistest.Server, *redis.Client) {
		return func(_ *redistest.Server, admin *redis.Client) { admin.ReplicaOf(bg, host, port) }
	}
	set := func(name, value string) func(*redistest.Server, *redis.Client) {
		return func(_ *redistest.Server, admin *redis.Client) { admin.ConfigSet(bg, name, value) }
	}
	replica, master := follow("127.0.0.1", "1"), follow("no", "one")
	for _, tt := range []struct {
		name     string
		args     []string // of the server
		cut, fix func(*redistest.Server, *redis.Client)
		kinds    string
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
			fix: set("requirepass", ""),
		},
		{
			name: "a user without scripts", kinds: "auth",
			cut: func(_ *redistest.Server, admin *redis.Client) {
				admin.Do(bg, "acl", "setuser", "default", "-@scripting")
			},
			fix: func(_ *redistest.Server, admin *redis.Client) {
				admin.Do(bg, "acl", "setuser", "default", "+@all")
			},
		},
		{name: "a read-only replica", kinds: "readonly", cut: replica, fix: master},
		{
			name: "a replica of nobody", kinds: "loading readonly", cut: replica, fix: master,
			args: []string{"--replica-serve-stale-data", "no"},
		},
		{
			name: "too few replicas", kinds: "readonly",
			cut: set("min-replicas-to-write", "1"),
			fix: set("min-replicas-to-write", "0"),
		},
		{
			name: "full", kinds: "full", args: []string{"--maxmemory-policy", "noeviction"},
			cut: set("maxmemory", "1"),
			fix: set("maxmemory", "0"),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, tt.args...)
			admin := server.Client()
			s := open(t, strained(server.URL(), tt.kinds))
			works(t, s)
			admin.FlushAll(bg) // so that every step has something to write
			tt.cut(server, admin)
			suffer(t, s, tt.kinds)
			tt.fix(server, admin)
			works(t, s)
		})
	}
}

// TestALostRedisCostsClicksNothing: while the breaker is open nothing is asked for a click. A step
// is tried all the same.
func TestALostRedisCostsClicksNothing(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{URLs: []string{server.URL()}, Timeout: 50 * time.Millisecond})
	works(t, s)
	server.Kill()
	kinds := map[string]int{}
	for range 1000 {
		_, err := s.Read(bg, ada)
		kinds[Kind(err)]++
	}
	if kinds["open"] < 900 || kinds[""] > 0 {
		t.Errorf("1000 clicks while Redis was lost: %v", kinds)
	}
	for range 20 {
		fails(t, put(s, ada, to("x")), "connection")
	}
	server.Restart()
	works(t, s) // go-redis looks once a second whether a server that was gone is back
}

// TestAClosedStoreFails, however often it is closed.
func TestAClosedStoreFails(t *testing.T) {
	s := open(t, Config{URLs: []string{redistest.Start(t).URL()}})
	works(t, s)
	for range 2 {
		must(t, s.Close())
	}
	for op, err := range everyOperation(bg, t, s) {
		if Kind(err) != "closed" {
			t.Errorf("%s: %v", op, err)
		}
	}
}
