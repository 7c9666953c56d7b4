package report

import (
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
)

// TestIntervalsStandOnOneScale: zero is the middle, and an interval that holds it crosses the
// middle.
func TestIntervalsStandOnOneScale(t *testing.T) {
	variant := func(name string, low, estimate, high float64) ledger.VariantNumbers {
		return ledger.VariantNumbers{Name: name, Difference: &ledger.MetricDifference{
			Metric: "rate", Low: low, Estimate: estimate, High: high,
		}}
	}
	p := intervalsOf(ledger.RunNumbers{Variants: []ledger.VariantNumbers{
		{Name: "control"},
		variant("better", 0.01, 0.03, 0.05), variant("unclear", -0.10, 0, 0.10),
		variant("worse", -0.04, -0.03, -0.02),
		{Name: "young"},
	}})
	if p == nil || len(p.Rows) != 3 {
		t.Fatalf("%+v", p)
	}
	better, unclear, worse := p.Rows[0], p.Rows[1], p.Rows[2]
	if better.From <= 50 || worse.To >= 50 || unclear.From >= 50 || unclear.To <= 50 ||
		unclear.Dot.String() != "50.00%" || unclear.From < 0 || unclear.To > 100 {
		t.Errorf("%+v", p.Rows)
	}
	if p.Low != "−11.00 points" || p.High != "+11.00 points" {
		t.Errorf("from %s to %s", p.Low, p.High)
	}
	if got := better.Says; got != "+3.00 (+1.00 to +5.00) points" {
		t.Errorf("it says %q", got)
	}
}

// TestYoungRunShowsHowFarItIs: without a difference there is no picture of one.
func TestYoungRunShowsHowFarItIs(t *testing.T) {
	r := experimentsOf(busyPage())[1].Latest
	if r.Intervals != nil || len(r.Progress) != 2 {
		t.Fatalf("%+v", r)
	}
	if p := r.Progress[0]; p.People != 121 || p.Buyers != 9 || p.PeopleWidth != 24.2 ||
		p.BuyersWidth != 18 {
		t.Errorf("%+v", p)
	}
}

// TestVerdictsInShort: a run with one variant beside the control has one, an unreadable run its own,
// and several have one each, in the table.
func TestVerdictsInShort(t *testing.T) {
	better := ledger.VariantNumbers{Verdict: ledger.Better}
	for want, n := range map[string]ledger.RunNumbers{
		"better":     {Variants: []ledger.VariantNumbers{{}, better}},
		"unreadable": {Verdict: ledger.Unreadable, Variants: []ledger.VariantNumbers{{}, {}}},
		"no verdict": {Variants: []ledger.VariantNumbers{{}, {}}},
		"":           {Variants: []ledger.VariantNumbers{{}, better, better}},
	} {
		if got, mark := verdictOf(n); got != want || (mark == "") != (want == "") {
			t.Errorf("%q %q, want %q", got, mark, want)
		}
	}
}

// TestUnreadableRunShowsNoProgress: nothing of it can be believed.
func TestUnreadableRunShowsNoProgress(t *testing.T) {
	r := experimentsOf(busyPage())[0].Earlier[0]
	if r.Verdict != "unreadable" || r.Intervals != nil || r.Progress != nil {
		t.Errorf("%+v", r)
	}
}
