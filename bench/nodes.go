package main

import (
	"context"
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/bench/model"
	"github.com/caddy-checkout/checkout/sandbox"
)

// nodesBar is how far a prediction may be off, as a part of what is measured.
const nodesBar = 0.20

// nodesCounts are how many Caddys there are.
var nodesCounts = []int{1, 2, 4}

// What the trials of the nodes part have in common.
const (
	nodesRate   = 50  // calls a second
	nodesPlaces = 12  // max_in_flight of each node
	nodesWait   = 5.0 // seconds: the default of wait
	nodesDawdle = 2 * time.Second
)

// trial is one thing that the model says and that real nodes can be asked.
type trial struct {
	what string
	unit string
	// predict and measure give the same figure, for a number of nodes.
	predict func(nodes int) float64
	measure func(ctx context.Context, l *lab, nodes int) (float64, error)
}

// measureNodes runs one, two and four Caddys and holds what they do against the model.
func measureNodes(ctx context.Context, l *lab) ([]table, error) {
	c, err := l.constants()
	if err != nil {
		return nil, err
	}
	t := table{
		title: "Real nodes, by what the model says of them",
		head: []string{
			"what", "nodes", "the model says", "measured", "measured by model", "bar", "",
		},
	}
	shared, err := l.clickTrials(ctx, c)
	if err != nil {
		return nil, err
	}
	people, err := l.peopleTrial(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, test := range append(append(shared, people), l.trials(c)...) {
		for _, nodes := range nodesCounts {
			said := test.predict(nodes)
			got, err := test.measure(ctx, l, nodes)
			if err != nil {
				return []table{t}, fmt.Errorf("%s, %d nodes: %w", test.what, nodes, err)
			}
			ratio := got / said
			t.add(test.what, fmt.Sprint(nodes), fmt.Sprintf("%.3g %s", said, test.unit),
				fmt.Sprintf("%.3g %s", got, test.unit), fmt.Sprintf("%.2f", ratio),
				fmt.Sprintf("%.2f–%.2f", 1-nodesBar, 1+nodesBar),
				verdict(ratio >= 1-nodesBar && ratio <= 1+nodesBar))
			l.keep(fmt.Sprintf("%s, %d nodes, measured by model", test.what, nodes), "ratio", ratio)
		}
	}
	t.note("All nodes, their Redis, the API and the shoppers share this machine, so CPU counts " +
		"and not what the clock says of it.")
	return []table{t}, nil
}

// trials are the claims of the model that can be seen on one machine.
func (l *lab) trials(c model.Costs) []trial {
	shoppers := min(l.crowd, 800)
	world := func(nodes, masters, places int, rate float64) model.World {
		return model.World{
			Shoppers: float64(shoppers), Latency: l.latency.Seconds(), Wait: nodesWait, TTL: 300,
			Clicks: 1, Tries: 60, Dawdle: nodesDawdle.Seconds(), Length: 300, Costs: c,
			Regions: []model.Region{{
				Share: 1, Nodes: nodes, Cores: 1, MaxInFlight: places, Masters: masters, Rate: rate,
			}},
		}
	}
	away := model.Outage{Until: 1000, Masters: 1, Rate: true}
	list := []trial{
		{
			"time until all have a link, rate in one Redis", "s",
			func(n int) float64 { w := world(n, 1, 1000, nodesRate); return w.Run().End },
			func(ctx context.Context, l *lab, n int) (float64, error) {
				return l.untilAll(ctx, n, shoppers, rateOf(nodesRate)+inRedis, false)
			},
		},
		{
			"time until all have a link, the same rate in each node", "s",
			func(n int) float64 { w := world(n, 0, 1000, nodesRate); return w.Run().End },
			func(ctx context.Context, l *lab, n int) (float64, error) {
				return l.untilAll(ctx, n, shoppers, rateOf(nodesRate), false)
			},
		},
		{
			"time until all have a link, rate in a Redis that is gone", "s",
			func(n int) float64 {
				w := world(n, 1, 1000, nodesRate)
				w.Regions[0].Outages = []model.Outage{away}
				return w.Run().End
			},
			func(ctx context.Context, l *lab, n int) (float64, error) {
				return l.untilAll(ctx, n, shoppers, rateOf(nodesRate)+inRedis, true)
			},
		},
		{
			fmt.Sprintf("time until all have a link, max_in_flight %d", nodesPlaces), "s",
			func(n int) float64 { w := world(n, 0, nodesPlaces, 0); return w.Run().End },
			func(ctx context.Context, l *lab, n int) (float64, error) {
				return l.untilAll(ctx, n, shoppers,
					fmt.Sprintf("limits {\n\t\t\tmax_in_flight %d\n\t\t}", nodesPlaces), false)
			},
		},
	}
	return append(list, trial{
		"calls for each click, one of three masters is dead", "calls",
		func(n int) float64 {
			w := world(n, 3, 1000, 0)
			w.Clicks, w.Pause = 2, 1
			w.Regions[0].Outages = []model.Outage{{From: 0.1, Until: 1000, Masters: 1}}
			return w.Run().Calls/float64(shoppers) - 1
		},
		func(ctx context.Context, l *lab, n int) (float64, error) {
			return l.deadMaster(ctx, n, shoppers)
		},
	})
}

// nodesOf starts Caddys of one configuration, whose campaign is the plain one.
func (l *lab) nodesOf(
	ctx context.Context, n int, global string, env ...string,
) (nodes []*server, stop func(), err error) {
	return l.startAll(ctx, n, shop{
		global: global, campaigns: plain, routes: []route{{oursPath, "checkout_link pro"}},
	}, env...)
}

// startAll starts Caddys of one configuration.
func (l *lab) startAll(
	ctx context.Context, n int, s shop, env ...string,
) (nodes []*server, stop func(), err error) {
	stop = func() {
		for _, node := range nodes {
			node.stop()
		}
	}
	for range n {
		node, err := l.startCaddy(ctx, s.text(), env...)
		if err != nil {
			stop()
			return nil, nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, stop, nil
}

// untilAll is how long a crowd takes that comes all at once, until each of them has a link.
func (l *lab) untilAll(
	ctx context.Context, n, shoppers int, global string, redisGone bool,
) (float64, error) {
	redis, err := startRedis(ctx)
	if err != nil {
		return 0, err
	}
	defer redis.stop()
	zotlo, err := openAPI(linkBase, 1)
	if err != nil {
		return 0, err
	}
	defer zotlo.close()
	zotlo.Fail(sandbox.Latency(l.latency))
	nodes, stop, err := l.nodesOf(ctx, n, global, "API="+zotlo.url, "REDIS="+redis.addr)
	if err != nil {
		return 0, err
	}
	defer stop()
	if redisGone {
		redis.kill()
	}
	requests, err := l.keys.clicks("HS256", oursPath, shoppers)
	if err != nil {
		return 0, err
	}
	c := &visitors{nodes: nodes, places: make(chan struct{}, shoppers), dawdle: nodesDawdle}
	start := time.Now()
	_, err = c.click(ctx, requests)
	return time.Since(start).Seconds(), err
}
