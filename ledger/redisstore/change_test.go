//go:build unix

package redisstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/ledger"
)

// TestTheSameValueWritesNothing looks at what the server was asked to do.
func TestTheSameValueWritesNothing(t *testing.T) {
	server := redistest.Start(t)
	s, admin := open(t, at(server)), server.Client()
	end := time.Now().Add(30 * time.Minute)
	same := func(ledger.Doc) (ledger.Doc, error) { return doc("x", end), nil }
	must(t, put(s, ada, same))
	admin.ConfigResetStat(bg)
	must(t, put(s, ada, same))
	must(t, put(s, ada, func(old ledger.Doc) (ledger.Doc, error) { return old, nil }))
	must(t, put(s, ledger.Key{Kind: sales, ID: "nobody"}, to("")))
	stats := admin.Info(bg, "commandstats").Val()
	for _, command := range []string{"cmdstat_set:", "cmdstat_del:", "cmdstat_evalsha:"} {
		if strings.Contains(stats, command) {
			t.Errorf("the server was asked %s", command)
		}
	}
}

// TestRedisDropsWhatIsOver, an hour later than anybody would read it; and what has no end any more
// is kept.
func TestRedisDropsWhatIsOver(t *testing.T) {
	server := redistest.Start(t)
	s, admin := open(t, at(server)), server.Client()
	name := s.name(docs, ada)
	must(t, put(s, ada, func(ledger.Doc) (ledger.Doc, error) {
		return doc("x", time.Now().Add(time.Minute)), nil
	}))
	// It is over in a minute, and kept to the full hour after that.
	if ttl := admin.PTTL(bg, name).Val(); ttl < time.Hour || ttl > time.Minute+2*time.Hour {
		t.Errorf("dropped in %v", ttl)
	}
	must(t, put(s, ada, to("y")))
	if ttl := admin.PTTL(bg, name).Val(); ttl != -1 {
		t.Errorf("dropped in %v, want never", ttl)
	}
	has(t, s, ada, "y")
}

// TestAFasterOneIsSeen has somebody else write between a change's read and its write.
func TestAFasterOneIsSeen(t *testing.T) {
	server := redistest.Start(t)
	cfg := at(server)
	s, other := open(t, cfg), open(t, cfg)
	for _, tt := range []struct{ before, theirs, want string }{
		{"", "b", "(b)"}, {"a", "b", "(b)"}, {"a", "", "()"}, {"a", "a", "(a)"},
	} {
		must(t, put(s, ada, to(tt.before)))
		var seen []string
		must(t, put(s, ada, func(old ledger.Doc) (ledger.Doc, error) {
			if seen = append(seen, string(old.Value)); len(seen) == 1 {
				must(t, put(other, ada, to(tt.theirs)))
			}
			return doc("("+string(old.Value)+")", time.Time{}), nil
		}))
		has(t, s, ada, tt.want)
		want := []string{tt.before, tt.theirs}
		if tt.before != tt.theirs && !slices.Equal(seen, want) {
			t.Errorf("the change saw %q", seen)
		}
	}
}

// TestAChangeGivesUp where somebody is always faster.
func TestAChangeGivesUp(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{
		URLs: []string{server.URL()}, Timeout: time.Millisecond,
		WriteTimeout: 300 * time.Millisecond,
	})
	other, n := open(t, at(server)), 0
	fails(t, put(s, ada, func(ledger.Doc) (ledger.Doc, error) {
		n++
		must(t, put(other, ada, to(fmt.Sprint(n))))
		return doc("mine", time.Time{}), nil
	}), "timeout")
	if n < 2 {
		t.Errorf("tried %d times", n)
	}
	has(t, other, ada, fmt.Sprint(n))
}

// TestWhatCannotBeReadIsNotOverwritten: it may be the document of a newer version, and is money.
func TestWhatCannotBeReadIsNotOverwritten(t *testing.T) {
	server := redistest.Start(t)
	s, admin := open(t, at(server)), server.Client()
	name := s.name(docs, ada)
	for _, stored := range []string{"\x02\x00\x00\x00\x00new", "x", strings.Repeat("x", ledger.MaxValue)} {
		must(t, admin.Set(bg, name, stored, 0).Err())
		fails(t, put(s, ada, to("mine")), "corrupt")
		_, err := s.Read(bg, ada)
		fails(t, err, "corrupt")
		fails(t, s.Scan(bg, sales, func(string, ledger.Doc) error { return nil }), "corrupt")
		if admin.Get(bg, name).Val() != stored {
			t.Errorf("%.10q was overwritten", stored)
		}
	}
	admin.Del(bg, name)
	must(t, admin.LPush(bg, name, "a list").Err())
	fails(t, put(s, ada, to("mine")), "corrupt")
	fails(t, put(s, ada, to("")), "corrupt")
	if admin.Type(bg, name).Val() != "list" {
		t.Error("the list was overwritten")
	}
}

// TestAPanicOfAChangeIsTheCallers as one of take is.
func TestAPanicOfAChangeIsTheCallers(t *testing.T) {
	s := open(t, Config{URLs: []string{redistest.Start(t).URL()}})
	bug := errors.New("a bug")
	defer func() {
		if p := recover(); p != bug {
			t.Errorf("panic %v", p)
		}
		must(t, put(s, ada, to("x")))
		has(t, s, ada, "x")
	}()
	put(s, ada, func(ledger.Doc) (ledger.Doc, error) { panic(bug) })
}
