//go:build unix

package redisstore

import (
	"fmt"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/ledger"
)

// TestAScanSeesOurOwnOnly: in a Redis that others use too, under a prefix that MATCH would read.
func TestAScanSeesOurOwnOnly(t *testing.T) {
	server := redistest.Start(t)
	admin := server.Client()
	for _, prefix := range []string{"*", "a?", "[ab]", "[^a]", `a\`, "^", "", "-"} {
		s := open(t, Config{URLs: []string{server.URL()}, KeyPrefix: prefix})
		must(t, put(s, ada, to("ada of "+prefix)))
		must(t, count(s, may, "sale", one("n")))
		for _, foreign := range []string{
			"x" + s.name(docs, ada), s.stem(docs, sales) + "!}", s.stem(docs, sales),
			s.stem(rows, sums),
		} {
			must(t, admin.Set(bg, foreign, "foreign", 0).Err())
		}
		admin.Del(bg, s.stem(rows, sums))
		must(t, admin.HSet(bg, s.stem(rows, sums)+"!}", "n", 1).Err())
		var seen []string
		must(t, s.Scan(bg, sales, func(id string, doc ledger.Doc) error {
			seen = append(seen, id+": "+string(doc.Value))
			return nil
		}))
		must(t, s.ScanRows(bg, sums, func(id string, row map[string]int64) error {
			seen = append(seen, fmt.Sprint(id, row))
			return nil
		}))
		want := []string{"ada: ada of " + prefix, "may" + fmt.Sprint(map[string]int64{"n": 1})}
		if fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("%q: scanned %q, want %q", prefix, seen, want)
		}
	}
}

// many writes so many documents that a scan takes several pages of each server.
func many(t *testing.T, s *Store) {
	t.Helper()
	must(t, s.Do(bg, func(steps ledger.Steps) error {
		for i := range 5 * scanPage {
			key := ledger.Key{Kind: sales, ID: fmt.Sprint(i)}
			if err := steps.Change(key, to("x")); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestAScanNeverSkipsBehindARestart: the cursor of a server means something else to the one that
// took its place, so the scan ends with an error.
func TestAScanNeverSkipsBehindARestart(t *testing.T) {
	server := durable(t)
	s := open(t, at(server))
	many(t, s)
	visited := 0
	err := s.Scan(bg, sales, func(string, ledger.Doc) error {
		if visited++; visited == 1 {
			server.Restart()
		}
		return nil
	})
	if Kind(err) != "connection" || visited == 0 || visited >= 5*scanPage {
		t.Fatalf("%v after %d", err, visited)
	}
	visited = 0
	must(t, s.Scan(bg, sales, func(string, ledger.Doc) error { visited++; return nil }))
	if visited < 5*scanPage {
		t.Errorf("visited %d", visited)
	}
}

// TestAScanSeesThatSlotsMoved: keys may have gone from a node not yet scanned to one that was.
func TestAScanSeesThatSlotsMoved(t *testing.T) {
	nodes := redistest.StartCluster(t).Masters
	var urls []string
	for _, node := range nodes {
		urls = append(urls, node.URL())
	}
	s := open(t, Config{URLs: urls, Cluster: true})
	many(t, s)
	visited := 0
	scan := func(at func()) error {
		visited = 0
		return s.Scan(bg, sales, func(string, ledger.Doc) error {
			if visited++; visited == 1 {
				at()
			}
			return nil
		})
	}
	must(t, scan(func() {}))
	if visited != 5*scanPage {
		t.Errorf("visited %d", visited)
	}

	owner := nodes[0].Client().ClusterMyID(bg).Val()
	fails(t, scan(func() { give(t, nodes, emptySlot(t, nodes[2]), owner) }), "cluster")
}

// emptySlot is one in which a node holds no key.
func emptySlot(t *testing.T, node *redistest.Server) int {
	t.Helper()
	admin := node.Client()
	for slot := 16383; slot > 16000; slot-- {
		if admin.ClusterCountKeysInSlot(bg, slot).Val() == 0 {
			return slot
		}
	}
	t.Fatal("no slot is empty")
	return 0
}

// give moves a slot to another owner and waits until all nodes know.
func give(t *testing.T, nodes []*redistest.Server, slot int, owner string) {
	t.Helper()
	for _, node := range nodes {
		admin := node.Client()
		must(t, admin.Do(bg, "cluster", "setslot", slot, "node", owner).Err())
		redistest.Eventually(t, "the node knows the new owner", func() bool {
			ranges := admin.ClusterSlots(bg).Val() //nolint:staticcheck // what the store asks
			return slices.ContainsFunc(ranges, func(r redis.ClusterSlot) bool {
				return r.Start <= slot && slot <= r.End && r.Nodes[0].ID == owner
			})
		})
	}
}

// TestAScanOfAClusterWithoutAMasterIsAnError, and never a part of the ledger.
func TestAScanOfAClusterWithoutAMasterIsAnError(t *testing.T) {
	nodes := redistest.StartCluster(t).Masters
	var urls []string
	for _, node := range nodes {
		urls = append(urls, node.URL())
	}
	s := open(t, Config{URLs: urls, Cluster: true})
	many(t, s)
	nodes[1].Kill()
	for range 3 {
		visited := 0
		err := s.Scan(bg, sales, func(string, ledger.Doc) error { visited++; return nil })
		if err == nil {
			t.Fatalf("visited %d of %d, and no error", visited, 5*scanPage)
		}
	}
}

// TestAFlushedRedisIsEmpty, and no error.
func TestAFlushedRedisIsEmpty(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, at(server))
	for range 2 {
		must(t, put(s, ada, to("x")))
		must(t, count(s, may, "sale", one("n")))
		server.Client().FlushAll(bg)
		server.Client().ScriptFlush(bg)
		has(t, s, ada, "")
		hasRow(t, s, may, map[string]int64{})
		must(t, s.Scan(bg, sales, func(id string, _ ledger.Doc) error {
			t.Errorf("scanned %q", id)
			return nil
		}))
	}
}
