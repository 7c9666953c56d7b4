package main

import (
	"context"
	"fmt"
	"time"
)

// rounds is how often costs are measured. What is measured alternates, since CPU drifts.
func (l *lab) rounds() int { return min(l.runs, 3) }

// The names of the figures that the model is built on.
const (
	nodeHit            = "click on a link in Redis, Caddy"
	nodeMiss           = "click that makes a link, Caddy"
	memoryHit          = "click on a link in memory, Caddy"
	memoryMiss         = "click that makes a link in memory, Caddy"
	nodeRefused        = "click turned away by the rate, Caddy"
	redisHit           = "click on a link in Redis, Redis"
	redisMiss          = "click that makes a link, Redis"
	redisRefused       = "click turned away by the rate, Redis"
	nodeExposure       = "person new in an experiment, Caddy"
	redisExposure      = "person new in an experiment, Redis of the ledger"
	linkBytes          = "link in a memory cache"
	redisLinkBytes     = "link in Redis"
	redisEpochBytes    = "epoch in Redis"
	redisExposureBytes = "person in an experiment, Redis of the ledger"
	fileExposureBytes  = "person in an experiment, file of the ledger"
	exposureTrips      = "person new in an experiment, round trips to Redis"

	unused = "" // of a Redis that has nothing to do
)

// costs are sums over all rounds.
type costs struct {
	clicks int
	cpu    map[string]time.Duration // by the name of the figure
	bytes  map[string]int64         // of one round
	trips  int64                    // of one round
}

func (l *lab) noCosts() *costs {
	return &costs{
		clicks: min(l.crowd, 4000), cpu: map[string]time.Duration{}, bytes: map[string]int64{},
	}
}

// measureCosts finds out what a click and a person cost a node and a Redis. The model of a fleet
// takes its constants from here.
func measureCosts(ctx context.Context, l *lab) ([]table, error) {
	c := l.noCosts()
	rounds := l.rounds()
	for range rounds {
		for _, round := range []func(context.Context, *lab) error{
			c.links, c.refusals, c.alone, c.people,
		} {
			if err := round(ctx, l); err != nil {
				return nil, err
			}
		}
	}
	if err := c.file(ctx, l); err != nil {
		return nil, err
	}
	// What the same shoppers cost who meet no experiment.
	c.cpu[nodeExposure] = max(c.cpu[nodeExposure]-c.cpu[memoryMiss], time.Nanosecond)
	perLink, _ := cacheAlone(min(l.links, 100_000))
	t := table{
		title: "What a click costs in a fleet, and a person in an experiment",
		head:  []string{"what", "figure"},
	}
	for _, name := range []string{
		memoryHit, memoryMiss, nodeHit, nodeMiss, nodeRefused, nodeExposure,
		redisHit, redisMiss, redisRefused, redisExposure,
	} {
		each := inMicros(c.cpu[name]) / float64(rounds*c.clicks)
		l.keep(name, "µs", each)
		t.add(name, fmt.Sprintf("%.1f µs", each))
	}
	c.bytes[linkBytes] = int64(perLink * float64(c.clicks))
	for _, name := range []string{
		linkBytes, redisLinkBytes, redisEpochBytes, redisExposureBytes, fileExposureBytes,
	} {
		each := float64(c.bytes[name]) / float64(c.clicks)
		l.keep(name, "B", each)
		t.add(name, fmt.Sprintf("%.0f B", each))
	}
	trips := float64(c.trips) / float64(c.clicks)
	l.keep(exposureTrips, "trips", trips)
	t.add(exposureTrips, fmt.Sprintf("%.2f", trips))
	t.note("%d rounds of %d shoppers, a Redis and a Caddy of their own in each, links of %d bytes.",
		rounds, c.clicks, linkLength)
	return []table{t}, nil
}
