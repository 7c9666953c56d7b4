package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
	"github.com/caddy-checkout/checkout/internal/duration"
	"github.com/caddy-checkout/checkout/ledger"
)

// experiment is what an experiment has shown.
type experiment struct {
	ledger.Experiment
	Decides string // the metric and the window in words
	Latest  *run
	Earlier []run
	More    string
}

// run is one run of it.
type run struct {
	ledger.RunNumbers
	When        string
	Mark        string // the verdict as a shape
	Verdict     string
	Conclusions []string
	Control     string
	Variants    []variant
	Intervals   *intervals // none before anything may be compared
	Progress    []progress // of a run that is too young
}

// variant is a line of the table.
type variant struct {
	ledger.VariantNumbers
	RateText  string
	PerPerson []decimal
	Totals    []decimal
	Mark      string
}

// marks are the verdicts as shapes, so that no colour is needed to tell them apart.
var marks = map[ledger.Verdict]string{
	ledger.TooEarly: "…", ledger.NoDifferenceYet: "≈", ledger.Better: "▲", ledger.Worse: "▼",
	ledger.Unreadable: "!", "": "",
}

func experimentsOf(p Page) []experiment {
	list := make([]experiment, 0, len(p.Experiments))
	for _, e := range p.Experiments {
		one := experiment{
			Experiment: e,
			Decides: cli.MetricText(e.Metric) + ", within " + duration.Text(e.Window) +
				" after the first exposure",
			More: more(e.Older, "older run", "caddy checkout experiments "+e.Key),
		}
		for i, numbers := range e.Runs {
			r := runOf(p.At, e, numbers)
			if i == 0 {
				one.Latest = &r
				continue
			}
			one.Earlier = append(one.Earlier, r)
		}
		list = append(list, one)
	}
	return list
}

func runOf(now time.Time, e ledger.Experiment, n ledger.RunNumbers) run {
	r := run{
		RunNumbers: n, When: "Runs since " + clock(n.Since) + ", " +
			strings.TrimSuffix(distance(now, n.Since), " ago"),
	}
	if !n.Until.IsZero() {
		r.When = "Ran from " + clock(n.Since) + " until " + clock(n.Until)
	}
	for _, v := range n.Variants {
		r.Variants = append(r.Variants, variantOf(v))
	}
	if len(n.Variants) == 0 {
		return r
	}
	r.Control = n.Variants[0].Name
	r.Conclusions = cli.Conclusions(e, n)
	r.Verdict, r.Mark = verdictOf(n)
	r.Intervals = intervalsOf(n)
	if r.Intervals == nil && n.Verdict == "" {
		r.Progress = progressOf(n)
	}
	return r
}

// verdictOf is the verdict in short: that of the run, or of its one variant. Several have one each.
func verdictOf(n ledger.RunNumbers) (text, mark string) {
	switch verdicts := n.Variants[1:]; {
	case n.Verdict != "":
		return string(n.Verdict), marks[n.Verdict]
	case len(verdicts) == 1 && verdicts[0].Verdict != "":
		return string(verdicts[0].Verdict), marks[verdicts[0].Verdict]
	case len(verdicts) == 1:
		return "no verdict", "?"
	}
	return "", ""
}

func variantOf(n ledger.VariantNumbers) variant {
	v := variant{
		VariantNumbers: n, RateText: fmt.Sprintf("%.2f %%", 100*n.Rate), Mark: marks[n.Verdict],
	}
	for _, code := range slices.Sorted(maps.Keys(n.Revenue)) {
		v.PerPerson = append(v.PerPerson, decimal{n.Revenue[code].PerPerson.String(), code})
		v.Totals = append(v.Totals, decimal{n.Revenue[code].Total.String(), code})
	}
	return v
}

// intervals are the differences of a run as a picture: what is left of the line is worse than the
// first variant, what is right of it better.
type intervals struct {
	Rows      []interval
	Unit      string
	Low, High string // the ends of the scale
}

type interval struct {
	Name          string
	From, To, Dot percent
	Says          string
}

// intervalsOf draws the differences of a run, all of them on one scale with zero in its middle.
func intervalsOf(n ledger.RunNumbers) *intervals {
	widest, metric := 0.0, ""
	for _, v := range n.Variants {
		if v.Difference != nil {
			widest = max(widest, math.Abs(v.Difference.Low), math.Abs(v.Difference.High))
			metric = v.Difference.Metric
		}
	}
	if widest == 0 {
		return nil
	}
	widest *= 1.1
	unit, scale := "points", 100.0
	if code, ok := strings.CutPrefix(metric, "revenue "); ok {
		unit, scale = code, 1
	}
	place := func(x float64) percent { return percent(2 + 96*(x+widest)/(2*widest)) }
	p := intervals{
		Unit: unit, Low: fmt.Sprintf("−%.2f %s", scale*widest, unit),
		High: fmt.Sprintf("+%.2f %s", scale*widest, unit),
	}
	for _, v := range n.Variants {
		if v.Difference == nil {
			continue
		}
		p.Rows = append(p.Rows, interval{
			Name: v.Name, From: place(v.Difference.Low), To: place(v.Difference.High),
			Dot: place(v.Difference.Estimate), Says: cli.DifferenceText(v.Difference),
		})
	}
	return &p
}

// progress is how much of what a verdict takes a variant has. Zero to 100 %.
type progress struct {
	Name           string
	People, Buyers int64 // whose window has closed
	NeedPeople     int64
	NeedBuyers     int64
	PeopleWidth    percent
	BuyersWidth    percent
}

func progressOf(n ledger.RunNumbers) (list []progress) {
	for _, v := range n.Variants {
		closed := v.People - v.Open
		list = append(list, progress{
			Name: v.Name, People: closed, Buyers: v.Buyers,
			NeedPeople: ledger.GatePeople, NeedBuyers: ledger.GateBuyers,
			PeopleWidth: share(closed, ledger.GatePeople),
			BuyersWidth: share(v.Buyers, ledger.GateBuyers),
		})
	}
	return list
}

func share(n, of int64) percent { return percent(100 * min(float64(n)/float64(of), 1)) }
