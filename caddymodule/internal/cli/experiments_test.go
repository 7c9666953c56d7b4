package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/ledger"
)

// variant is one whose buyers all paid the same price.
func variant(name string, people, open, buyers int64, price float64) ledger.VariantNumbers {
	closed := float64(people - open)
	each := float64(buyers) * price / closed
	return ledger.VariantNumbers{
		Name: name, People: people, Open: open, Buyers: buyers, Rate: float64(buyers) / closed,
		Revenue: map[string]ledger.Revenue{"EUR": {PerPerson: ledger.Decimal(each*1e4 + 0.5)}},
	}
}

// tallyOf is what Compare gets of a variant.
func tallyOf(v ledger.VariantNumbers, price float64) ledger.Tally {
	n := float64(v.Buyers)
	return ledger.Tally{
		People: v.People - v.Open, Buyers: v.Buyers, Sum: n * price, SumSquares: n * price * price,
	}
}

// example is the experiment of docs/experiments.md.
func example() Experiments {
	control := variant("control", 8114, 1102, 352, 19.99)
	cheaper := variant("cheaper", 8086, 1090, 508, 14.99)
	d := ledger.Compare(tallyOf(control, 19.99), tallyOf(cheaper, 14.99), 2)
	cheaper.Verdict = d.Verdict
	cheaper.Difference = &ledger.MetricDifference{
		Metric: "revenue EUR", Estimate: d.Estimate, Low: d.Low, High: d.High,
	}
	return Experiments{[]ledger.Experiment{{
		Key: "pro-price-1", Campaign: "pro", Metric: "revenue EUR", Window: 14 * 24 * time.Hour,
		Runs: []ledger.RunNumbers{{
			Since:  time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC),
			People: 16200, Unexposed: 41, Variants: []ledger.VariantNumbers{control, cheaper},
		}},
	}}}
}

// TestExampleOfTheDocs prints the example of the docs.
func TestExampleOfTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../../docs/experiments.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "\n```\npro-price-1 ")
	block, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/experiments.md has no example")
	}
	var out strings.Builder
	printNumbers(&out, example())
	if diff := cmp.Diff("pro-price-1 "+block, out.String()); diff != "" {
		t.Errorf("-docs +printed:\n%s\n%s", diff, out.String())
	}
}

// TestConclusions: what a person who knows no statistics is told.
func TestConclusions(t *testing.T) {
	for want, change := range map[string]func(*ledger.Experiment, *ledger.RunNumbers, *ledger.VariantNumbers){
		"cheaper: too early: it takes 500 people": func(_ *ledger.Experiment, _ *ledger.RunNumbers, v *ledger.VariantNumbers) {
			v.Verdict, v.Difference = ledger.TooEarly, nil
		},
		"cheaper: better: more money in EUR per person than control.": func(_ *ledger.Experiment, _ *ledger.RunNumbers, v *ledger.VariantNumbers) {
			v.Verdict = ledger.Better
		},
		"cheaper: worse: fewer buyers per person than control. You may stop and keep control.": func(e *ledger.Experiment, _ *ledger.RunNumbers, v *ledger.VariantNumbers) {
			e.Metric, v.Verdict = "rate", ledger.Worse
		},
		"cheaper: no verdict: variants differ in price": func(_ *ledger.Experiment, _ *ledger.RunNumbers, v *ledger.VariantNumbers) {
			v.Verdict = ""
		},
		"Unreadable: people are not split as configured": func(_ *ledger.Experiment, r *ledger.RunNumbers, v *ledger.VariantNumbers) {
			r.Verdict, v.Verdict = ledger.Unreadable, ""
		},
		"(-0.10 to +1.50) points": func(e *ledger.Experiment, _ *ledger.RunNumbers, v *ledger.VariantNumbers) {
			v.Difference = &ledger.MetricDifference{Metric: "rate", Estimate: 0.007, Low: -0.001, High: 0.015}
		},
		"until 2026-09-05T00:00:00Z": func(_ *ledger.Experiment, r *ledger.RunNumbers, _ *ledger.VariantNumbers) {
			r.Until = time.Date(2026, 9, 5, 0, 0, 0, 0, time.UTC)
		},
		"within 90m after": func(e *ledger.Experiment, _ *ledger.RunNumbers, _ *ledger.VariantNumbers) {
			e.Window = 90 * time.Minute
		},
		"3.00 EUR, 12.50 TRY": func(_ *ledger.Experiment, _ *ledger.RunNumbers, v *ledger.VariantNumbers) {
			lira, _ := money.Parse("12.5")
			v.Revenue = map[string]ledger.Revenue{
				"TRY": {PerPerson: ledger.Decimal(lira)}, "EUR": {PerPerson: 30_000},
			}
		},
	} {
		answer := example()
		e := &answer.Experiments[0]
		change(e, &e.Runs[0], &e.Runs[0].Variants[1])
		var out strings.Builder
		printNumbers(&out, answer)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	var out strings.Builder
	printNumbers(&out, Experiments{})
	if out.String() != "The ledger knows no experiment yet.\n" {
		t.Errorf("without experiments: %q", out.String())
	}
}
