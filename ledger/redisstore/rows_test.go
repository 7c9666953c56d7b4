//go:build unix

package redisstore

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/ledger"
)

// TestTheSameAddCountsOnce: one webhook at two nodes in the same millisecond, many times over.
func TestTheSameAddCountsOnce(t *testing.T) {
	server := redistest.Start(t)
	nodes := []*Store{
		open(t, at(server)), open(t, at(server)),
	}
	for round := range 20 {
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				if err := count(nodes[i%2], may, fmt.Sprint("sale ", round), one("n")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	hasRow(t, nodes[0], may, map[string]int64{"n": 20})
}

// TestAnAddThatCannotBeIsUndone: what stood before the number that cannot be added is as it was,
// and the once is not used up.
func TestAnAddThatCannotBeIsUndone(t *testing.T) {
	server := redistest.Start(t)
	s, admin := open(t, at(server)), server.Client()
	must(t, count(s, may, "", one("n"), ledger.Delta{Field: "top", N: math.MaxInt64}))
	add := []ledger.Delta{one("n"), one("new"), {Field: "n", N: -2}, one("top"), one("behind")}
	for _, once := range []string{"", "sale"} {
		fails(t, count(s, may, once, add...), "other")
		fails(t, count(s, may, once, add[3]), "other")
		hasRow(t, s, may, map[string]int64{"n": 1, "top": math.MaxInt64})
	}
	must(t, count(s, may, "", ledger.Delta{Field: "top", N: -1}))
	must(t, count(s, may, "sale", add...))
	must(t, count(s, may, "sale", add...))
	hasRow(t, s, may, map[string]int64{"new": 1, "top": math.MaxInt64, "behind": 1})

	must(t, admin.HSet(bg, s.name(rows, may), "foreign", "a text").Err())
	fails(t, count(s, may, "other sale", one("n"), one("foreign")), "other")
	_, err := s.Rows(bg, may)
	fails(t, err, "corrupt")
	admin.HDel(bg, s.name(rows, may), "foreign")
	hasRow(t, s, may, map[string]int64{"new": 1, "top": math.MaxInt64, "behind": 1})
}

// TestAFullServerAddsNothing: neither the numbers nor the once.
func TestAFullServerAddsNothing(t *testing.T) {
	server := redistest.Start(t, "--maxmemory-policy", "noeviction")
	s, admin := open(t, at(server)), server.Client()
	must(t, count(s, may, "sale 1", one("n")))
	must(t, put(s, ada, to("x")))
	admin.ConfigSet(bg, "maxmemory", "1")
	for _, once := range []string{"", "sale 2"} {
		fails(t, count(s, may, once, one("n"), one("m")), "full")
	}
	fails(t, put(s, ada, to("y")), "full")
	has(t, s, ada, "x") // what is there is read
	hasRow(t, s, may, map[string]int64{"n": 1})
	must(t, put(s, ada, to(""))) // and may be deleted
	admin.ConfigSet(bg, "maxmemory", "0")
	must(t, count(s, may, "sale 2", one("n"), one("m")))
	hasRow(t, s, may, map[string]int64{"n": 2, "m": 1})
}

// TestARowHasAnEnd: one that could not be read in one reply is refused before it is written.
func TestARowHasAnEnd(t *testing.T) {
	s := open(t, Config{URLs: []string{redistest.Start(t).URL()}})
	want := map[string]int64{}
	var fields []ledger.Delta
	for i := range maxFields {
		fields = append(fields, one(strconv.Itoa(i)))
		want[strconv.Itoa(i)] = 1
	}
	must(t, count(s, may, "all", fields...))
	hasRow(t, s, may, want)
	fails(t, count(s, may, "sale", one("0"), one("one more")), "too_long")
	hasRow(t, s, may, want)
	must(t, count(s, may, "sale", one("0"), ledger.Delta{Field: "1", N: -1}, one("one more")))
	delete(want, "1")
	want["0"], want["one more"] = 2, 1
	hasRow(t, s, may, want)
}

// TestMarksEnd a day after they must: those of a row in use a few at a time, others all at once.
// Rows stay.
func TestMarksEnd(t *testing.T) {
	server := redistest.Start(t)
	s, admin := open(t, at(server)), server.Client()
	row, marks := s.name(rows, may), s.name(onces, may)
	must(t, count(s, may, "new", one("n")))
	if ttl := admin.TTL(bg, marks).Val(); ttl < ledger.OnceLife+23*time.Hour {
		t.Errorf("marks end in %v", ttl)
	}
	if ttl := admin.TTL(bg, row).Val(); ttl != -1 {
		t.Errorf("the row ends in %v", ttl)
	}
	age := func(name string, age time.Duration) {
		at := float64(time.Now().Add(-age).Unix())
		must(t, admin.ZAdd(bg, marks, redis.Z{Score: at, Member: mark(name)}).Err())
	}
	for i := range 40 {
		age(fmt.Sprint("old ", i), ledger.OnceLife+25*time.Hour)
	}
	age("a week", ledger.OnceLife)
	for i, left := range []int64{42 + 1 - 16, 27 + 1 - 16, 12 + 1 - 8, 6, 7} {
		must(t, count(s, may, fmt.Sprint("sale ", i), one("n")))
		if n := admin.ZCard(bg, marks).Val(); n != left {
			t.Fatalf("%d marks are left, want %d", n, left)
		}
	}
	for _, known := range []string{"new", "a week", "sale 0"} {
		must(t, count(s, may, known, one("n")))
	}
	hasRow(t, s, may, map[string]int64{"n": 6})
}

// TestAMarkSaysNothing of what it was made from.
func TestAMarkSaysNothing(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, at(server))
	must(t, count(s, may, "transaction 4711", one("n")))
	members := server.Client().ZRange(bg, s.name(onces, may), 0, -1).Val()
	if len(members) != 1 || len(members[0]) != 16 || slices.Contains(members, "transaction 4711") {
		t.Errorf("the marks are %q", members)
	}
}
