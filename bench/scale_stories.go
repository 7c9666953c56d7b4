package main

import (
	"github.com/caddy-checkout/checkout/bench/model"
)

// story is a way in which the hour may go.
type story struct {
	name  string
	world model.World
}

// regionShares are how the shoppers are spread.
var regionShares = []float64{0.35, 0.25, 0.20, 0.12, 0.08}

// The times of the stories, in seconds.
const (
	scaleDawdle = 20
	// rush is when five in six have come.
	rush = 600
	hour = 3600
	// outage begins in the middle of the rush.
	outage = 300
	// promoted is how long a master's slots are out of reach: cluster-node-timeout 5000, and two
	// seconds in which the others agree.
	promoted = 7
)

// stories are the hours that are played. Each differs in one thing from the first.
func (l *lab) stories(c model.Costs) []story {
	plenty := 1.2 * model.Usual.Size(c, l.mail, l.cores).Calls
	normal := func(change func(w *model.World)) model.World {
		w := l.mailed(c, plenty)
		change(&w)
		return w
	}
	poor := func(change func(w *model.World)) model.World {
		w := l.mailed(c, l.allows)
		change(&w)
		return w
	}
	largest := func(o model.Outage) func(w *model.World) {
		return func(w *model.World) { w.Regions[0].Outages = []model.Outage{o} }
	}
	masters := normal(func(*model.World) {}).Regions[0].Masters
	return []story{
		{"all goes well", normal(func(*model.World) {})},
		{"`max_in_flight` is 64, the default", normal(func(w *model.World) {
			for i := range w.Regions {
				w.Regions[i].MaxInFlight = 64
			}
		})},
		{"the rate is split into five equal parts", normal(func(w *model.World) {
			for i := range w.Regions {
				w.Regions[i].Rate = w.Provider / float64(len(w.Regions))
			}
		})},
		{"memory caches, no stickiness, each node with its part of the rate", normal(
			func(w *model.World) {
				for i := range w.Regions {
					w.Regions[i].Masters = 0
					w.Regions[i].Rate /= float64(w.Regions[i].Nodes)
				}
			})},
		{"one master of the largest region dies, 7 s", normal(largest(model.Outage{
			From: outage, Until: outage + promoted, Masters: 1,
		}))},
		{"the same one, and it counts the rate", normal(largest(model.Outage{
			From: outage, Until: outage + promoted, Masters: 1, Rate: true,
		}))},
		{"all Redis of the largest region is gone, 10 min", normal(largest(model.Outage{
			From: outage, Until: outage + 600, Masters: masters, Rate: true,
		}))},
		{"the provider allows less", poor(func(*model.World) {})},
		{"the same, and no rate is set", poor(func(w *model.World) {
			for i := range w.Regions {
				w.Regions[i].Rate = 0
			}
		})},
		{"the same with a rate, and the mail goes out evenly for as long as that needs", poor(
			func(w *model.World) {
				w.Arrive = []model.Phase{{Until: 1.1 * l.mail / l.allows, Share: 1}}
			})},
	}
}

// mailed is the hour in which nothing goes wrong, with a provider that allows that many calls.
func (l *lab) mailed(c model.Costs, allows float64) model.World {
	h := model.Usual
	w := model.World{
		Shoppers: l.mail, Provider: allows,
		Arrive: []model.Phase{
			{Until: rush, Share: h.Peak * rush / hour},
			{Until: hour, Share: 1 - h.Peak*rush/hour},
		},
		Latency: h.Latency, Wait: nodesWait, TTL: h.TTL, Clicks: int(h.Clicks), Pause: 120,
		Tries: 3, Dawdle: scaleDawdle, Length: max(2*hour, 1.2*l.mail/allows+hour), Costs: c,
	}
	for _, share := range regionShares {
		s := h.Size(c, l.mail*share, l.cores)
		w.Regions = append(w.Regions, model.Region{
			Share: share, Nodes: s.Caddys, Cores: float64(l.cores), MaxInFlight: s.MaxInFlight,
			Masters: max(s.Masters, 3), Rate: allows * share,
		})
	}
	return w
}
