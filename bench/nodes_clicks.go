package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/caddy-checkout/checkout/bench/model"
)

// clickTrials are the claims about shoppers who click three times, each time at any node. They are
// measured first, all numbers of nodes in turn, and with them what one click costs: CPU drifts.
func (l *lab) clickTrials(ctx context.Context, c model.Costs) ([]trial, error) {
	each := min(l.crowd, 2000) // node
	memory, shared := map[int]use{}, map[int]use{}
	rounds := l.rounds()
	now := l.noCosts()
	for range rounds {
		if err := now.links(ctx, l); err != nil {
			return nil, err
		}
		for _, n := range nodesCounts {
			for cache, to := range map[string]map[int]use{"": memory, inRedis: shared} {
				u, err := l.threeClicks(ctx, n, n*each, cache)
				if err != nil {
					return nil, err
				}
				sum := to[n]
				to[n] = use{sum.calls + u.calls, sum.nodes + u.nodes, sum.redis + u.redis}
			}
		}
	}
	cost := func(name string) float64 {
		return now.cpu[name].Seconds() / float64(rounds*now.clicks)
	}
	c.NodeHit, c.NodeMiss = cost(nodeHit), cost(nodeMiss)
	c.RedisHit, c.RedisMiss = cost(redisHit), cost(redisMiss)
	three := func(nodes, masters int) model.Result {
		w := model.World{
			Shoppers: 1, Wait: nodesWait, TTL: 300, Clicks: 3, Pause: 1, Tries: 1, Length: 10,
			Costs: c, Regions: []model.Region{{
				Share: 1, Nodes: nodes, Cores: 1, MaxInFlight: 1000, Masters: masters, Rate: 1e6,
			}},
		}
		return w.Run()
	}
	of := func(what, unit string, said func(n int) float64, got func(n int) float64) trial {
		return trial{what, unit, said, func(_ context.Context, _ *lab, n int) (float64, error) {
			return got(n) / float64(rounds), nil
		}}
	}
	return []trial{
		of("calls for each shopper, memory caches, three clicks at any node", "calls",
			func(n int) float64 { return three(n, 0).Calls },
			func(n int) float64 { return memory[n].calls }),
		of("calls for each shopper, one Redis, three clicks at any node", "calls",
			func(n int) float64 { return three(n, 1).Calls },
			func(n int) float64 { return shared[n].calls }),
		of("CPU of all Caddys for each shopper, one Redis, three clicks", "µs",
			func(n int) float64 { return three(n, 1).NodeCPU * 1e6 },
			func(n int) float64 { return inMicros(shared[n].nodes) }),
		of("CPU of Redis for each shopper, three clicks", "µs",
			func(n int) float64 { return three(n, 1).RedisCPU * 1e6 },
			func(n int) float64 { return inMicros(shared[n].redis) }),
	}, nil
}

// use is what a shopper cost on average.
type use struct {
	calls        float64
	nodes, redis time.Duration
}

// threeClicks lets each shopper click three times, each time at any of the nodes, over connections
// that stay: a load balancer keeps them, too. Each node has as many as one alone has, and as many
// shoppers: a process with less to do at once needs more CPU for it.
func (l *lab) threeClicks(ctx context.Context, n, shoppers int, cache string) (use, error) {
	var u use
	redis, err := startRedis(ctx)
	if err != nil {
		return u, err
	}
	defer redis.stop()
	zotlo, err := openAPI(linkBase, 1)
	if err != nil {
		return u, err
	}
	defer zotlo.close()
	// A rate that holds nobody back: its turns are part of what is predicted.
	nodes, stop, err := l.nodesOf(ctx, n, rateOf(1_000_000)+cache+fileBook, "API="+zotlo.url,
		"REDIS="+redis.addr)
	if err != nil {
		return u, err
	}
	defer stop()
	// Others have clicked before at each node, so that connections, buffers and scripts are there.
	warmUp := min(l.crowd, 400)
	requests, err := l.keys.clicks("HS256", oursPath, shoppers+warmUp*n)
	if err != nil {
		return u, err
	}
	clients := make([]*client, n)
	pids := make([]int, n)
	for i, node := range nodes {
		clients[i], err = dial(node.addr, l.conns, http.StatusSeeOther, nil)
		if err != nil {
			return u, err
		}
		defer clients[i].close()
		pids[i] = node.pid()
		before := requests[shoppers+warmUp*i:][:warmUp]
		clients[i].script = repeat(before)
		if _, err := clients[i].run(len(before)); err != nil {
			return u, err
		}
	}
	called := zotlo.Calls()
	watch := [][]int{pids, {redis.cmd.Process.Pid}}
	var used [2]time.Duration
	for i := range watch {
		if used[i], err = cpuTimes(watch[i]); err != nil {
			return u, err
		}
	}
	for range 3 {
		if err := anywhere(clients, requests[:shoppers]); err != nil {
			return u, err
		}
	}
	for i := range watch {
		after, err := cpuTimes(watch[i])
		if err != nil {
			return u, err
		}
		used[i] = (after - used[i]) / time.Duration(shoppers)
	}
	return use{float64(zotlo.Calls()-called) / float64(shoppers), used[0], used[1]}, nil
}

// anywhere sends each request to any of the clients, all clients at once.
func anywhere(clients []*client, requests [][]byte) error {
	shares := make([][][]byte, len(clients))
	for _, request := range requests {
		i := rand.IntN(len(clients))
		shares[i] = append(shares[i], request)
	}
	errs := make([]error, len(clients))
	var all sync.WaitGroup
	for i, c := range clients {
		if len(shares[i]) == 0 {
			continue
		}
		c.script, c.next = repeat(shares[i]), 0
		all.Go(func() { _, errs[i] = c.run(len(shares[i])) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// deadMaster lets shoppers get links in a Redis Cluster, kills a master, and lets them click again
// before its replica is promoted. It returns the calls for each of these clicks.
func (l *lab) deadMaster(ctx context.Context, n, shoppers int) (float64, error) {
	cluster, err := startCluster(ctx)
	if err != nil {
		return 0, err
	}
	defer cluster.stop()
	zotlo, err := openAPI(linkBase, 1)
	if err != nil {
		return 0, err
	}
	defer zotlo.close()
	const cache = `cache redis {
			url redis://{$REDIS}
			cluster
			timeout 5s
		}
		`
	const often = "limits {\n\t\t\tper_subscriber 1000/1m\n\t\t}\n\t\t"
	nodes, stop, err := l.nodesOf(ctx, n, often+cache+fileBook, "API="+zotlo.url,
		"REDIS="+cluster[0].addr)
	if err != nil {
		return 0, err
	}
	defer stop()
	requests, err := l.keys.clicks("HS256", oursPath, shoppers)
	if err != nil {
		return 0, err
	}
	// Until a new cluster has settled, some links are not stored.
	before := -1
	for began := time.Now(); zotlo.Calls() != before; {
		if time.Since(began) > startPatience {
			return 0, errors.New("the cluster does not keep links")
		}
		time.Sleep(100 * time.Millisecond)
		before = zotlo.Calls()
		if err := clickAt(nodes, requests, l.conns); err != nil {
			return 0, err
		}
	}
	// redis-cli makes masters of the first ones.
	cluster[1].kill()
	began := time.Now()
	if err := clickAt(nodes, requests, l.conns); err != nil {
		return 0, err
	}
	if took := time.Since(began); took > clusterTimeout {
		return 0, fmt.Errorf("the clicks took %v: the replica may have been promoted", took)
	}
	return float64(zotlo.Calls()-before) / float64(shoppers), nil
}

// clickAt clicks once for each of the requests, a few at a time, each at any of the nodes.
func clickAt(nodes []*server, requests [][]byte, conns int) error {
	var (
		all sync.WaitGroup
		mu  sync.Mutex
		bad error
	)
	for part := range conns {
		all.Go(func() {
			for i := part; i < len(requests); i += conns {
				res, _, err := ask(nodes[rand.IntN(len(nodes))].addr, requests[i])
				if err == nil && res.StatusCode != http.StatusSeeOther {
					err = fmt.Errorf("the answer is %s", res.Status)
				}
				if err != nil {
					mu.Lock()
					bad = err
					mu.Unlock()
					return
				}
			}
		})
	}
	all.Wait()
	return bad
}
