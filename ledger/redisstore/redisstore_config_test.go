//go:build unix

package redisstore

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/internal/redistest"
)

// TestConfigErrors name the option and the way out, and repeat no password.
func TestConfigErrors(t *testing.T) {
	good := []string{"redis://:secret@localhost"}
	for _, tt := range []struct {
		name string
		cfg  Config
		want []string
	}{
		{"no address", Config{}, []string{"url is missing"}},
		{"two addresses", Config{URLs: []string{good[0], good[0]}}, []string{"cluster", "master"}},
		{"both", Config{URLs: good, Cluster: true, MasterName: "m"}, []string{"exclude"}},
		{"no address in it", Config{URLs: []string{"secret"}}, []string{"url 1", "redis://"}},
		{"a user alone", Config{URLs: good, Username: "shop"}, []string{"password"}},
		{"a brace", Config{URLs: good, KeyPrefix: "a{b"}, []string{"key_prefix", "like checkout"}},
		{"a prefix", Config{URLs: good, KeyPrefix: strings.Repeat("x", 65)}, []string{"64"}},
		{"too long", Config{URLs: good, Timeout: 6 * time.Second}, []string{"timeout 6s"}},
		{"too slow", Config{URLs: good, WriteTimeout: time.Minute}, []string{"writes", "1m"}},
		{"negative", Config{URLs: good, WriteTimeout: -1}, []string{"writes", "negative"}},
	} {
		s, err := Open(tt.cfg)
		if err == nil {
			s.Close()
			t.Errorf("%s is taken", tt.name)
			continue
		}
		for _, want := range append(tt.want, "redis: ") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", tt.name, err, want)
			}
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %q", tt.name, err)
		}
	}
}

// TestCheckReadsNoTexts: they may still be placeholders.
func TestCheckReadsNoTexts(t *testing.T) {
	must(t, Config{URLs: []string{"{env.REDIS}"}, KeyPrefix: "{env.PREFIX}"}.Check())
	if err := (Config{URLs: []string{"a", "b"}}).Check(); err == nil {
		t.Error("two addresses of nothing fit together")
	}
}

func TestDefaults(t *testing.T) {
	for _, tt := range []struct{ read, write, wantRead, wantWrite time.Duration }{
		{0, 0, 50 * time.Millisecond, 2 * time.Second},
		{time.Second, 100 * time.Millisecond, time.Second, time.Second},
		{time.Millisecond, 3 * time.Second, time.Millisecond, 3 * time.Second},
	} {
		s, err := Open(Config{
			URLs: []string{"redis://localhost"}, Timeout: tt.read, WriteTimeout: tt.write,
		})
		must(t, err)
		defer s.Close()
		if s.clicks.Timeout() != tt.wantRead || s.steps.Timeout() != tt.wantWrite {
			t.Errorf("%v and %v become %v and %v", tt.read, tt.write,
				s.clicks.Timeout(), s.steps.Timeout())
		}
		if s.prefix != "checkout-ledger:" {
			t.Errorf("the prefix is %q", s.prefix)
		}
	}
}

// TestTheACLOfTheDocumentationIsEnough, for what is rare as well.
func TestTheACLOfTheDocumentationIsEnough(t *testing.T) {
	source, err := os.ReadFile("redisstore.go")
	must(t, err)
	_, text, _ := strings.Cut(string(source), "and the commands ")
	single, text, _ := strings.Cut(text, "; in a cluster also ")
	cluster, text, _ := strings.Cut(text, "; for Durability ")
	durability, _, _ := strings.Cut(text, ".")
	commands := strings.Fields(strings.ReplaceAll(single, "//", "") + " " + durability)
	inCluster := append(commands, strings.Fields(strings.ReplaceAll(cluster, " and ", " "))...)

	server, nodes := redistest.Start(t), redistest.StartCluster(t).Masters
	allow(t, commands, server)
	s := open(t, Config{URLs: []string{server.URL()}, Username: "ledger", Password: "password"})
	works(t, s)
	allow(t, inCluster, nodes...)
	clustered := open(t, Config{
		URLs: []string{nodes[0].URL()}, Cluster: true, Username: "ledger", Password: "password",
	})
	works(t, clustered)
	if warnings, err := s.Durability(bg); err != nil || len(warnings) == 0 {
		t.Errorf("%q, %v", warnings, err)
	}
	for _, err := range overflows(s, clustered) {
		fails(t, err, redisclient.KindOther) // and not that undoing is forbidden
	}
}

// overflows adds what must be undone.
func overflows(stores ...*Store) (errs []error) {
	for _, s := range stores {
		most := one("top")
		most.N = 1<<63 - 1
		errs = append(errs, count(s, june, "overflow", one("n"), most, one("top")))
	}
	return errs
}

// allow makes a user that may use some commands on the ledger's keys alone.
func allow(t *testing.T, commands []string, servers ...*redistest.Server) {
	t.Helper()
	rights := []any{"acl", "setuser", "ledger", "on", ">password", "~checkout-ledger:*", "-@all"}
	for _, command := range commands {
		rights = append(rights, "+"+command)
	}
	for _, server := range servers {
		must(t, server.Client().Do(bg, rights...).Err())
	}
}
