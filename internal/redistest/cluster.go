//go:build unix

package redistest

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// slots is the number of a cluster's hash slots.
const slots = 16384

// Cluster is a Redis Cluster of three masters with a replica each. A replica takes its master's
// place by itself, but only after AllowFailover.
type Cluster struct {
	Masters, Replicas []*Server // a master's replica has its index

	t testing.TB
}

// StartCluster starts a cluster that serves each slot as long as its master lives, and waits until
// it does. The arguments are further ones of each server.
func StartCluster(t testing.TB, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	for range 3 {
		c.Masters = append(c.Masters, startNode(t, args))
		c.Replicas = append(c.Replicas, startNode(t, args))
	}
	all := c.Nodes()
	// Each is told of each: gossip would take longer.
	for i, node := range all {
		bus := node.Client().ConfigGet(t.Context(), "cluster-port").Val()["cluster-port"]
		for _, other := range all[i+1:] {
			c.must(other.Client().Do(t.Context(), "cluster", "meet", "127.0.0.1", node.Port(), bus))
		}
	}
	for i, master := range c.Masters {
		admin := master.Client()
		c.must(admin.ClusterAddSlotsRange(t.Context(), i*slots/3, (i+1)*slots/3-1))
	}
	for _, node := range all {
		admin := node.Client()
		Eventually(t, "the nodes know each other", func() bool {
			nodes := strings.TrimSpace(admin.ClusterNodes(t.Context()).Val())
			return strings.Count(nodes, "\n")+1 == len(all) && !strings.Contains(nodes, "handshake")
		})
	}
	for i, replica := range c.Replicas {
		c.must(replica.Client().ClusterReplicate(t.Context(), c.Masters[i].id(t)))
	}
	for _, node := range all {
		c.awaitReady(node)
	}
	return c
}

// startNode starts an empty node, which may not take its master's place.
func startNode(t testing.TB, args []string) *Server {
	_, bus, _ := net.SplitHostPort(freeAddr(t))
	return Start(t, append([]string{
		"--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "1500",
		"--cluster-require-full-coverage", "no", "--cluster-replica-no-failover", "yes",
		"--cluster-replica-validity-factor", "0",
	}, args...)...)
}

// awaitReady waits until the node takes part: every slot is served as far as it knows, and a
// replica holds what its master does.
func (c *Cluster) awaitReady(node *Server) {
	c.t.Helper()
	admin := node.Client()
	Eventually(c.t, "the cluster is ready", func() bool {
		info := admin.ClusterInfo(c.t.Context()).Val()
		role := admin.Info(c.t.Context(), "replication").Val()
		return strings.Contains(info, "cluster_state:ok") &&
			strings.Contains(info, fmt.Sprintf("cluster_slots_ok:%d", slots)) &&
			(strings.Contains(role, "connected_slaves:1") ||
				strings.Contains(role, "master_link_status:up"))
	})
}

// Nodes are all servers, the masters first.
func (c *Cluster) Nodes() []*Server {
	return append(append([]*Server(nil), c.Masters...), c.Replicas...)
}

// URLs are the addresses of the first two masters: a client finds the other nodes by itself.
func (c *Cluster) URLs() []string { return []string{c.Masters[0].URL(), c.Masters[1].URL()} }

// MasterOf is the index of the master that a key belonged to when the cluster was started.
func (c *Cluster) MasterOf(key string) int { return int(Slot(key)) * 3 / slots }

// AwaitDown waits until the others have noticed that a master is gone.
func (c *Cluster) AwaitDown(master int) {
	c.t.Helper()
	port := ":" + c.Masters[master].Port() + "@"
	for i, node := range c.Replicas {
		admin := node.Client()
		Eventually(c.t, fmt.Sprintf("replica %d knows that master %d is gone", i, master), func() bool {
			for line := range strings.Lines(admin.ClusterNodes(c.t.Context()).Val()) {
				if strings.Contains(line, port) {
					return strings.Contains(line, "fail") && !strings.Contains(line, "fail?")
				}
			}
			return false
		})
	}
}

// AllowFailover lets a replica take the place of its master, which must be gone, and waits until it
// has.
func (c *Cluster) AllowFailover(replica int) {
	c.t.Helper()
	admin := c.Replicas[replica].Client()
	c.must(admin.ConfigSet(c.t.Context(), "cluster-replica-no-failover", "no"))
	Eventually(c.t, "the replica is master", func() bool {
		return strings.Contains(admin.Info(c.t.Context(), "replication").Val(), "role:master")
	})
}

// RequireFullCoverage says on servers that are alive whether all slots must be served for any to be.
func (c *Cluster) RequireFullCoverage(value string, nodes ...*Server) {
	c.t.Helper()
	for _, node := range nodes {
		admin := node.Client()
		c.must(admin.ConfigSet(c.t.Context(), "cluster-require-full-coverage", value))
		// Redis looks at the option when something happens. This changes nothing and makes it look.
		c.must(admin.Do(c.t.Context(), "cluster", "setslot", 0, "stable"))
	}
}

// BeginMove makes a slot one that is moving from one server to another, and hands half of what is
// in it over. Until EndMove, the first server answers ASK for these.
func (c *Cluster) BeginMove(slot int64, from, to *Server) {
	c.t.Helper()
	ctx, giver, taker := c.t.Context(), from.Client(), to.Client()
	c.must(taker.Do(ctx, "cluster", "setslot", slot, "importing", from.id(c.t)))
	c.must(giver.Do(ctx, "cluster", "setslot", slot, "migrating", to.id(c.t)))
	keys := giver.ClusterGetKeysInSlot(ctx, int(slot), slots).Val()
	c.hand(giver, to, keys[:len(keys)/2])
}

// EndMove hands over what is left, and tells everybody where the slot is.
func (c *Cluster) EndMove(slot int64, from, to *Server) {
	c.t.Helper()
	ctx, giver := c.t.Context(), from.Client()
	for {
		keys := giver.ClusterGetKeysInSlot(ctx, int(slot), slots).Val()
		if len(keys) == 0 {
			break
		}
		c.hand(giver, to, keys)
	}
	for _, node := range []*Server{to, from} {
		c.must(node.Client().Do(ctx, "cluster", "setslot", slot, "node", to.id(c.t)))
	}
}

func (c *Cluster) hand(giver *redis.Client, to *Server, keys []string) {
	c.t.Helper()
	for _, key := range keys {
		c.must(giver.Migrate(c.t.Context(), "127.0.0.1", to.Port(), key, 0, 0))
	}
}

func (c *Cluster) must(cmd redis.Cmder) {
	c.t.Helper()
	if err := cmd.Err(); err != nil {
		c.t.Fatalf("%v: %v", cmd.Name(), err)
	}
}

// id is the node's name in its cluster.
func (s *Server) id(t testing.TB) string {
	t.Helper()
	id, err := s.Client().Do(t.Context(), "cluster", "myid").Text()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Slot is the hash slot of a key: the CRC16 (XMODEM) of the part in braces, or of all of it, see
// the Redis Cluster Specification, "Hash tags".
func Slot(key string) int64 {
	if _, rest, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok && tag != "" {
			key = tag
		}
	}
	var crc uint16
	for _, b := range []byte(key) {
		crc ^= uint16(b) << 8
		for range 8 {
			carry := crc & 0x8000
			crc <<= 1
			if carry != 0 {
				crc ^= 0x1021
			}
		}
	}
	return int64(crc % slots)
}
