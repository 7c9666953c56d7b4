package cli

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-checkout/checkout/internal/duration"
	"github.com/caddy-checkout/checkout/ledger"
)

// Experiments is the answer of GET /checkout/experiments.
type Experiments struct {
	Experiments []ledger.Experiment `json:"experiments"`
}

func experimentsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "experiments [<key>] [--address <interface>] [--json]",
		Short: "Shows what experiments have shown, and whether it means anything",
		Long: `Shows each experiment that the ledger knows, run by run, the newest first: people,
buyers, money, the difference to the first variant, and a verdict that may be
looked at every day. With a shared ledger the numbers are those of the fleet.

A person belongs to the variant that they were shown first. Their payments count
for the experiment's window after that, and until the window has closed they are
open: they are in none of the numbers that follow.

What a verdict means, and how many people are needed: docs/experiments.md.`,
		Example: `  caddy checkout experiments
  caddy checkout experiments bf-price
  caddy checkout experiments --json | jq '.experiments[].runs[0].variants'`,
	}
	addressFlags(cmd)
	run(cmd, func(fl caddycmd.Flags) error {
		what := "experiments"
		switch fl.NArg() {
		case 0:
		case 1:
			what += "?key=" + url.QueryEscape(fl.Arg(0))
		default:
			return usageError("experiments takes the key of one experiment, or none for all")
		}
		return ask(cmd, fl, http.MethodGet, what, nil, printNumbers)
	})
	return cmd
}

// printNumbers prints each run as a table with a line per variant, and says what follows from it.
func printNumbers(w io.Writer, answer Experiments) {
	if len(answer.Experiments) == 0 {
		fmt.Fprintln(w, "The ledger knows no experiment yet.")
	}
	for i, e := range answer.Experiments {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s (campaign %s): %s, within %s after the first exposure\n",
			e.Key, e.Campaign, MetricText(e.Metric), duration.Text(e.Window))
		for _, r := range e.Runs {
			printRun(w, e, r)
		}
	}
}

func printRun(w io.Writer, e ledger.Experiment, r ledger.RunNumbers) {
	until := "now"
	if !r.Until.IsZero() {
		until = instant(r.Until)
	}
	fmt.Fprintf(w, "\nfrom %s until %s: %s people, %s payments without an exposure\n\n",
		instant(r.Since), until, number(r.People), number(r.Unexposed))
	if len(r.Variants) == 0 {
		return
	}
	t := newTable(w, "VARIANT", "PEOPLE", "OPEN", "BUYERS", "RATE", "PER PERSON",
		"DIFFERENCE TO "+strings.ToUpper(r.Variants[0].Name), "VERDICT")
	for _, v := range r.Variants {
		t.row(v.Name, number(v.People), number(v.Open), number(v.Buyers),
			fmt.Sprintf("%.2f %%", 100*v.Rate), perPerson(v.Revenue),
			DifferenceText(v.Difference), string(v.Verdict))
	}
	t.Flush()
	fmt.Fprintln(w)
	for _, line := range Conclusions(e, r) {
		fmt.Fprintln(w, line)
	}
}

// MetricText says what decides.
func MetricText(metric string) string {
	if currency, ok := strings.CutPrefix(metric, "revenue "); ok {
		return "decided by money per person in " + currency
	}
	return "decided by the rate of buyers"
}

// perPerson lists money per person by currency.
func perPerson(revenue map[string]ledger.Revenue) string {
	parts := make([]string, 0, len(revenue))
	for _, currency := range slices.Sorted(maps.Keys(revenue)) {
		parts = append(parts, fmt.Sprint(revenue[currency].PerPerson, " ", currency))
	}
	return strings.Join(parts, ", ")
}

// DifferenceText writes a difference and its interval: rates in percentage points.
func DifferenceText(d *ledger.MetricDifference) string {
	if d == nil {
		return ""
	}
	unit, scale := "points", 100.0
	if currency, ok := strings.CutPrefix(d.Metric, "revenue "); ok {
		unit, scale = currency, 1
	}
	return fmt.Sprintf("%+.2f (%+.2f to %+.2f) %s",
		scale*d.Estimate, scale*d.Low, scale*d.High, unit)
}

// Conclusions say in words what a run has shown.
func Conclusions(e ledger.Experiment, r ledger.RunNumbers) (lines []string) {
	if r.Verdict == ledger.Unreadable {
		return []string{"Unreadable: people are not split as configured, so some of one variant are " +
			"missing. Find out why, and begin a new run; nothing of this one can be believed."}
	}
	first := r.Variants[0].Name
	for _, v := range r.Variants[1:] {
		lines = append(lines, conclusion(v, first, e.Metric))
	}
	return lines
}

func conclusion(v ledger.VariantNumbers, first, metric string) string {
	more, less := "more buyers", "fewer buyers"
	if currency, ok := strings.CutPrefix(metric, "revenue "); ok {
		more, less = "more money in "+currency, "less money in "+currency
	}
	switch v.Verdict {
	case ledger.Unreadable: // of a run, never of a variant
	case ledger.TooEarly:
		return fmt.Sprintf("%s: too early: it takes 500 people whose window has closed and 50 "+
			"buyers, in it and in %s.", v.Name, first)
	case ledger.NoDifferenceYet:
		return fmt.Sprintf("%s: no difference yet: it may be equal to %s. Go on, or stop if all of "+
			"the interval is too small to matter.", v.Name, first)
	case ledger.Better:
		return fmt.Sprintf("%s: better: %s per person than %s. You may stop and keep it.",
			v.Name, more, first)
	case ledger.Worse:
		return fmt.Sprintf("%s: worse: %s per person than %s. You may stop and keep %s.",
			v.Name, less, first, first)
	}
	return fmt.Sprintf("%s: no verdict: variants differ in price, and a lower price nearly always "+
		"has more buyers. Write what decides: `metric revenue EUR` or `metric rate`.", v.Name)
}
