package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
)

// The days that the timeline shows before and after today.
const (
	daysBack  = 14
	daysAhead = 30
)

const day = 24 * time.Hour

// timeline is what runs now and next.
type timeline struct {
	From, To  string // its first and its last day
	Now       percent
	Campaigns []campaign
	// Next is what changes next, if the schedule says so.
	Next string
	More string
}

// campaign is a line of the timeline.
type campaign struct {
	cli.Campaign
	Mark   string // the state as a shape, beside the word
	When   string
	Bar    *bar // none outside the days that are shown
	Counts string
}

// bar is the time in which a campaign is active. Its open ends lie outside the picture.
type bar struct{ X, Width percent }

// The order of states, and their shapes.
var states = map[string]struct {
	order int
	mark  string
}{"active": {0, "●"}, "scheduled": {1, "○"}, "off": {2, "×"}, "ended": {3, "–"}}

func timelineOf(p Page) timeline {
	today := p.At.UTC().Truncate(day)
	w := window{today.AddDate(0, 0, -daysBack), today.AddDate(0, 0, daysAhead)}
	list := slices.Clone(p.Campaigns)
	slices.SortStableFunc(list, func(a, b cli.Campaign) int {
		return cmp.Or(cmp.Compare(states[a.State].order, states[b.State].order),
			a.From.Compare(b.From), strings.Compare(a.Name, b.Name))
	})
	t := timeline{
		From: w.from.Format("2 Jan"), To: w.to.Format("2 Jan"), Now: w.at(p.At), Next: next(p),
		More: more(len(list)-campaigns, "campaign", "caddy checkout campaigns"),
	}
	for _, c := range list[:min(len(list), campaigns)] {
		t.Campaigns = append(t.Campaigns, campaign{
			Campaign: c, Mark: states[c.State].mark, When: when(p.At, c), Bar: w.bar(c),
			Counts: counts(c),
		})
	}
	return t
}

// window is the time that the picture shows.
type window struct{ from, to time.Time }

// at is the place of an instant; outside the window it is the nearer edge.
func (w window) at(t time.Time) percent {
	return percent(100 * min(max(t.Sub(w.from).Seconds()/w.to.Sub(w.from).Seconds(), 0), 1))
}

func (w window) bar(c cli.Campaign) *bar {
	from, to := w.from, w.to
	if !c.From.IsZero() {
		from = c.From
	}
	if !c.Until.IsZero() {
		to = c.Until
	}
	x, end := w.at(from), w.at(to)
	if end <= x {
		return nil
	}
	return &bar{x, max(end-x, 0.5)}
}

// when is the schedule in words.
func when(now time.Time, c cli.Campaign) string {
	var parts []string
	if !c.From.IsZero() {
		word := "since "
		if c.From.After(now) {
			word = "from "
		}
		parts = append(parts, word+clock(c.From))
	}
	if !c.Until.IsZero() {
		parts = append(parts, "until "+clock(c.Until))
	}
	if len(parts) == 0 {
		return "without a schedule"
	}
	return strings.Join(parts, ", ")
}

// next is the campaign that begins or ends next.
func next(p Page) string {
	var at time.Time
	text := ""
	for _, c := range p.Campaigns {
		instant, does := c.From, " begins "
		if c.State == "active" {
			instant, does = c.Until, " ends "
		}
		soon := c.State == "active" || c.State == "scheduled"
		if soon && instant.After(p.At) && (at.IsZero() || instant.Before(at)) {
			at, text = instant, c.Name+does+distance(p.At, instant)+", on "+clock(instant)+"."
		}
	}
	return text
}

// counts are a campaign's figures in this process.
func counts(c cli.Campaign) string {
	parts := []string{many(sum(c.Links), "link"), whole(sum(c.Conversions)) + " paid"}
	if c.Refunds > 0 {
		parts = append(parts, whole(c.Refunds)+" refunded")
	}
	return strings.Join(parts, ", ")
}

func sum(m map[string]int64) (total int64) {
	for _, n := range m {
		total += n
	}
	return total
}
