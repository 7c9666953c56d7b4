package main

import (
	"context"
	"fmt"
	"math"

	"github.com/caddy-checkout/checkout/bench/model"
)

// scalePart measures nothing: it reckons.
const scalePart = "scale"

// measureScale says what a mail to many needs, what gives way first, and how an hour of it goes.
// All costs are figures that were measured before.
func measureScale(ctx context.Context, l *lab) ([]table, error) {
	c, err := l.constants()
	if err != nil {
		return nil, err
	}
	if l.mail < 1 || l.allows <= 0 || l.cores < 1 {
		return nil, fmt.Errorf("-mail %v, -allows %v and -cores %d must be positive",
			l.mail, l.allows, l.cores)
	}
	return []table{l.sizes(c), l.limits(c), l.hours(c)}, ctx.Err()
}

// sizes is what some numbers of shoppers need.
func (l *lab) sizes(c model.Costs) table {
	h := model.Usual
	t := table{
		title: fmt.Sprintf("What shoppers need at the peak, Caddys of %d CPUs", l.cores),
		head: []string{
			"shoppers an hour", "calls a second", "requests a second", "calls in flight", "Caddys",
			"CPUs used", "`max_in_flight` of each", "masters for links", "Redis for links",
			"masters for the ledger", "Caddys that write people down",
			"one experiment, in Redis", "in a file",
		},
	}
	for _, shoppers := range []float64{l.mail / 100, l.mail / 10, l.mail, l.mail * 10} {
		s := h.Size(c, shoppers, l.cores)
		masters := fmt.Sprint(s.Masters)
		if s.Masters == 0 {
			masters = "no number: one counts the rate"
		}
		t.add(round(shoppers), round(s.Calls), round(s.Requests), round(s.InFlight),
			fmt.Sprint(s.Caddys), fmt.Sprintf("%.1f", s.NodeCores), fmt.Sprint(s.MaxInFlight),
			masters, size(s.RedisBytes), fmt.Sprint(s.LedgerMasters), fmt.Sprint(s.Writers),
			size(s.LedgerBytes), size(shoppers*c.FileExposureBytes))
	}
	t.note("A shopper clicks %.0f times; the peak is %.0f times the mean of the hour; a call "+
		"takes %.1f s, a round trip to Redis %.1f ms; ttl %.0f s. Half of each CPU is left free, and "+
		"a third of `max_in_flight`. The last four columns are for an experiment that everybody meets.",
		h.Clicks, h.Peak, h.Latency, 1000*h.Trip, h.TTL)
	return t
}

// modest is a fleet with the defaults, as somebody has who never thought about it.
func (l *lab) modest() model.Fleet {
	return model.Fleet{
		Caddys: 4, Cores: l.cores, MaxInFlight: 64, Masters: 1, RedisBytes: 4e9, LedgerBytes: 4e9,
		Provider: l.allows,
	}
}

// limits is where a fleet gives way, in order.
func (l *lab) limits(c model.Costs) table {
	f := l.modest()
	t := table{
		title: fmt.Sprintf("What gives way first: %d Caddys of %d CPUs, `max_in_flight %d`, a Redis "+
			"for links and one for the ledger of %s each, a provider that allows %.0f calls a second",
			f.Caddys, f.Cores, f.MaxInFlight, size(f.RedisBytes), f.Provider),
		head: []string{"what", "shoppers an hour"},
	}
	for _, limit := range model.Usual.Limits(c, f) {
		t.add(limit.What, round(limit.Shoppers))
	}
	return t
}

// hours plays the mail in several ways.
func (l *lab) hours(c model.Costs) table {
	t := table{
		title: fmt.Sprintf("A mail to %s shoppers, five regions, a provider that allows less: %s "+
			"calls a second", round(l.mail), round(l.allows)),
		head: []string{
			"what happens", "have a link", "gave up", "clicks turned away, first after",
			"last link after", "calls a second, most", "calls refused with 429",
			"busiest Caddys", "busiest master",
		},
	}
	for _, s := range l.stories(c) {
		r := s.world.Run()
		first := "none"
		if r.TurnedAway > 0.5 {
			first = fmt.Sprintf("%s, %s", count(r.TurnedAway), clock(r.FirstWait))
		}
		t.add(s.name, percent(r.Served, l.mail), percent(r.Lost, l.mail), first, clock(r.End),
			round(r.MostCalls), count(r.Refused),
			fmt.Sprintf("%.0f %%", 100*r.MostNode), fmt.Sprintf("%.0f %%", 100*r.MostRedis))
	}
	t.note("Five in six come within the first ten minutes. A shopper who is turned away comes "+
		"back when told, or up to %d s later, and leaves after the third click without a link. "+
		"Where nothing else is said, the provider allows what is needed and a fifth more, the rate "+
		"is the provider's, by the shares of the regions, and all else is sized as above.",
		scaleDawdle)
	return t
}

// round writes a number with three digits that count, and commas.
func round(n float64) string {
	if n < 1 {
		return fmt.Sprintf("%.2f", n)
	}
	unit := math.Pow(10, max(math.Floor(math.Log10(n))-2, 0))
	text := fmt.Sprintf("%.0f", math.Round(n/unit)*unit)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// size writes bytes.
func size(bytes float64) string {
	if bytes < 1e9 {
		return fmt.Sprintf("%.0f MB", bytes/1e6)
	}
	return fmt.Sprintf("%.1f GB", bytes/1e9)
}

func percent(part, all float64) string { return fmt.Sprintf("%.1f %%", 100*part/all) }

func count(n float64) string {
	switch {
	case n < 0.5:
		return "none"
	case n < 1e6:
		return round(n)
	}
	return fmt.Sprintf("%.1f million", n/1e6)
}

// clock writes seconds.
func clock(seconds float64) string {
	if seconds < 120 {
		return fmt.Sprintf("%.0f s", seconds)
	}
	return fmt.Sprintf("%.0f min", seconds/60)
}
