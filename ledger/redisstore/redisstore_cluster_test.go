//go:build unix

package redisstore

import (
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
)

// TestASlotThatMovesLosesNothing moves a row to another node while it is added to. In between,
// where the row is at one node and its marks at another, an addition is an error, and none counts
// twice.
func TestASlotThatMovesLosesNothing(t *testing.T) {
	nodes := redistest.StartCluster(t).Masters
	s := open(t, Config{URLs: []string{nodes[0].URL()}, Cluster: true})
	must(t, count(s, may, "sale 1", one("n")))
	row, marks := s.name(rows, may), s.name(onces, may)
	slot := nodes[0].Client().ClusterKeySlot(bg, row).Val()
	if other := nodes[0].Client().ClusterKeySlot(bg, marks).Val(); other != slot {
		t.Fatalf("the row is in slot %d, its marks in %d", slot, other)
	}
	from, to := nodes[0], nodes[1]
	for i, node := range nodes {
		if node.Client().ClusterCountKeysInSlot(bg, int(slot)).Val() == 2 {
			from, to = node, nodes[(i+1)%len(nodes)]
		}
	}
	owner, next := from.Client(), to.Client()
	nextID := next.ClusterMyID(bg).Val()
	must(t, next.Do(bg, "cluster", "setslot", slot, "importing", owner.ClusterMyID(bg).Val()).Err())
	must(t, owner.Do(bg, "cluster", "setslot", slot, "migrating", nextID).Err())
	again := func() {
		must(t, count(s, may, "sale 1", one("n")))
	}
	move := func(key string) {
		must(t, owner.Migrate(bg, "127.0.0.1", to.Port(), key, 0, 5*time.Second).Err())
	}

	again() // where all is still at its owner
	move(row)
	fails(t, count(s, may, "sale 2", one("n")), "cluster")
	fails(t, count(s, may, "sale 1", one("n")), "cluster")
	hasRow(t, s, may, map[string]int64{"n": 1}) // a read follows the row
	move(marks)
	again() // where all is moved, and the owner only says so
	must(t, count(s, may, "sale 2", one("n")))
	give(t, nodes, int(slot), nextID)
	again()
	must(t, count(s, may, "sale 3", one("n")))
	hasRow(t, s, may, map[string]int64{"n": 3})
}
