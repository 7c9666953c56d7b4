//go:build unix

package redisstore

import (
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
)

func TestDurabilityIsWhatTheServerSays(t *testing.T) {
	server := redistest.Start(t)
	s, admin := open(t, at(server)), server.Client()
	const (
		inMemory  = "redis keeps the ledger in memory only (appendonly no): "
		snapshots = "redis saves the ledger from time to time only (appendonly no): "
		evicts    = "redis throws parts of the ledger away when memory is full " +
			"(maxmemory-policy allkeys-lru): "
		mayEvict = "redis throws parts of the ledger away once maxmemory is set " +
			"(maxmemory-policy volatile-ttl): "
	)
	for _, tt := range []struct {
		settings string
		want     []string
	}{
		{"appendonly no", []string{inMemory}},
		{"save 3600 1", []string{snapshots}},
		{"appendonly yes", nil},
		{"maxmemory-policy volatile-ttl", []string{mayEvict}},
		{"maxmemory-policy allkeys-lru maxmemory 100mb", []string{evicts}},
		{"appendonly no", []string{snapshots, evicts}},
		{"maxmemory-policy noeviction save ", []string{inMemory}},
	} {
		pairs := strings.SplitN(tt.settings, " ", 2)
		for len(pairs) == 2 {
			name, rest := pairs[0], pairs[1]
			value, more := rest, ""
			if name != "save" {
				value, more, _ = strings.Cut(rest, " ")
			}
			must(t, admin.ConfigSet(bg, name, value).Err())
			pairs = strings.SplitN(more, " ", 2)
		}
		got, err := s.Durability(bg)
		if err != nil || len(got) != len(tt.want) {
			t.Fatalf("%s: %q, %v, want %q", tt.settings, got, err, tt.want)
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(got[i], want) {
				t.Errorf("%s: %q, want %q", tt.settings, got[i], want)
			}
		}
	}
}

// TestAServerMayKeepItsSettingsToItself: those that are rented do.
func TestAServerMayKeepItsSettingsToItself(t *testing.T) {
	forbids, renamed := redistest.Start(t), redistest.Start(t, "--rename-command", "config", "")
	must(t, forbids.Client().Do(bg, "acl", "setuser", "default", "-config").Err())
	for _, server := range []*redistest.Server{forbids, renamed} {
		s := open(t, at(server))
		if got, err := s.Durability(bg); err != nil || got != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// TestAWrongPasswordIsNotASecretSetting: it is an error.
func TestAWrongPasswordIsNotASecretSetting(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "right")
	s := open(t, Config{URLs: []string{server.URL()}, Password: "wrong"})
	_, err := s.Durability(bg)
	fails(t, err, "auth")
}

// TestACommonSentenceStandsOnce however many masters say it.
func TestACommonSentenceStandsOnce(t *testing.T) {
	nodes := redistest.StartCluster(t).Masters
	must(t, nodes[2].Client().ConfigSet(bg, "maxmemory-policy", "allkeys-lru").Err())
	s := open(t, Config{URLs: []string{nodes[0].URL()}, Cluster: true})
	if got, err := s.Durability(bg); err != nil || len(got) != 2 {
		t.Errorf("%q, %v", got, err)
	}
}
