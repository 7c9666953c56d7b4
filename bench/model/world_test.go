package model

import (
	"math"
	"testing"
)

// one is a world with one region of patient shoppers.
func one(shoppers float64, g Region) World {
	g.Share, g.Cores = 1, 2
	return World{
		Shoppers: shoppers, Regions: []Region{g}, Latency: 0.2, Wait: 5, TTL: 300, Clicks: 1,
		Tries: 60, Dawdle: 2, Length: 200, Costs: round,
	}
}

func TestWorlds(t *testing.T) {
	free := Region{Nodes: 2, MaxInFlight: 10_000, Masters: 1}
	with := func(change func(w *World)) World {
		w := one(1000, free)
		change(&w)
		return w
	}
	for _, tt := range []struct {
		name  string
		w     World
		field func(Result) float64
		want  float64
	}{
		{"nothing is in the way", one(1000, free), func(r Result) float64 { return r.End }, 0.2},
		{
			"a rate of 50 in one Redis",
			with(func(w *World) { w.Regions[0].Rate = 50 }),
			func(r Result) float64 { return r.End }, (1000 - 50) / 50.,
		},
		{
			"the same rate in each of two",
			with(func(w *World) { w.Regions[0].Rate, w.Regions[0].Masters = 50, 0 }),
			func(r Result) float64 { return r.End }, (1000 - 100) / 100.,
		},
		{
			"the same rate, and Redis is gone",
			with(func(w *World) {
				w.Regions[0].Rate = 50
				w.Regions[0].Outages = []Outage{{Until: 999, Masters: 1, Rate: true}}
			}),
			func(r Result) float64 { return r.End }, (1000 - 100) / 100.,
		},
		{
			"five calls at once in each of two",
			with(func(w *World) { w.Regions[0].MaxInFlight, w.Wait = 5, 100 }),
			func(r Result) float64 { return r.End }, 1000 / (10 / 0.2),
		},
		{
			"three clicks at any of two memory caches",
			with(func(w *World) { w.Clicks, w.Pause, w.Regions[0].Masters = 3, 10, 0 }),
			func(r Result) float64 { return r.Calls }, 1000 * (1 + 1/2. + 1/4.),
		},
		{
			"three clicks, one of three masters is dead",
			with(func(w *World) {
				w.Clicks, w.Pause = 3, 10
				w.Regions[0].Masters = 3
				w.Regions[0].Outages = []Outage{{Until: 999, Masters: 1}}
			}),
			func(r Result) float64 { return r.Calls }, 1000 * (1 + 2/3.),
		},
		{
			"what three clicks cost the Caddys",
			with(func(w *World) { w.Clicks, w.Pause = 3, 10 }),
			func(r Result) float64 { return r.NodeCPU }, 1000 * (400e-6 + 2*100e-6),
		},
		{
			"what they cost two Caddys without a Redis",
			with(func(w *World) { w.Clicks, w.Pause, w.Regions[0].Masters = 2, 10, 0 }),
			func(r Result) float64 { return r.NodeCPU }, 1000*200e-6 + 500*(200e-6+50e-6),
		},
		{
			"what they cost a Caddy whose Redis is gone",
			with(func(w *World) {
				w.Clicks, w.Pause = 2, 10
				w.Regions[0].Outages = []Outage{{Until: 999, Masters: 1}}
			}),
			func(r Result) float64 { return r.NodeCPU }, 1000 * 2 * 200e-6,
		},
		{
			"what they cost Redis, with a rate",
			with(func(w *World) { w.Clicks, w.Pause, w.Regions[0].Rate = 3, 10, 1e6 }),
			func(r Result) float64 { return r.RedisCPU }, 1000 * (100e-6 + 2*10e-6),
		},
		{
			"links live at once",
			with(func(w *World) { w.Arrive, w.TTL = []Phase{{100, 1}}, 20 }),
			func(r Result) float64 { return r.MostAlive }, 200,
		},
		{
			"a provider that allows 10, and nobody counts",
			with(func(w *World) { w.Arrive, w.Provider = []Phase{{1, 1}}, 10 }),
			func(r Result) float64 { return min(r.Refused, 1) }, 1,
		},
		{
			"one try, and the rate is short",
			with(func(w *World) { w.Tries, w.Regions[0].Rate = 1, 50 }),
			func(r Result) float64 { return r.Lost }, 1000 - 6*50,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.w.Run()
			if got := tt.field(r); math.Abs(got-tt.want) > 0.06*tt.want {
				t.Errorf("%v, want %v, of %+v", got, tt.want, r)
			}
			keepsAccount(t, tt.w, r)
		})
	}
}

// keepsAccount checks that nobody has vanished or come from nowhere.
func keepsAccount(t *testing.T, w World, r Result) {
	t.Helper()
	if r.Served < 0 || r.Lost < 0 || r.Waiting < -1e-6*w.Shoppers {
		t.Errorf("%+v", r)
	}
	if r.Served > 1e-6+w.Shoppers || r.Calls-r.Refused < r.Served-1e-6*w.Shoppers {
		t.Errorf("%v links by %v calls, %v of them refused", r.Served, r.Calls, r.Refused)
	}
}

// Twice as many of everything is twice as much of everything: amounts have no size of their own.
func TestAmountsScale(t *testing.T) {
	small := one(1000, Region{Nodes: 1, MaxInFlight: 5, Masters: 1, Rate: 20})
	large := one(1e8, Region{Nodes: 100_000, MaxInFlight: 5, Masters: 1, Rate: 2e6})
	a, b := small.Run(), large.Run()
	// A tell-tale is the last share of a call for which one of few is told to wait.
	if math.Abs(a.End-b.End) > 1 || math.Abs(a.Calls*1e5/b.Calls-1) > 0.01 {
		t.Errorf("%+v and %+v", a, b)
	}
}
