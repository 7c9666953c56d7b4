package report

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
)

func TestCampaignsInTheOrderOfTheirTime(t *testing.T) {
	var names []string
	for _, c := range timelineOf(busyPage()).Campaigns {
		names = append(names, c.Mark+" "+c.Name)
	}
	want := []string{"● pro", "● black-friday", "○ christmas", "× students", "– summer"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestBarsStandWhereTheirDaysAre: the picture begins 14 days before today, and has 44 days.
func TestBarsStandWhereTheirDaysAre(t *testing.T) {
	today := evening.Truncate(day)
	for name, tt := range map[string]struct {
		from, until time.Time
		want        *bar
	}{
		"always":            {want: &bar{0, 100}},
		"from today":        {from: today, want: &bar{at(14), at(30)}},
		"until today":       {until: today, want: &bar{0, at(14)}},
		"eleven days":       {from: today, until: today.AddDate(0, 0, 11), want: &bar{at(14), 25}},
		"long over":         {until: today.AddDate(0, -2, 0)},
		"far away":          {from: today.AddDate(1, 0, 0)},
		"a minute is seen":  {from: today, until: today.Add(time.Minute), want: &bar{at(14), 0.5}},
		"longer than seen":  {from: today.AddDate(-1, 0, 0), until: today.AddDate(1, 0, 0), want: &bar{0, 100}},
		"in a zone of Asia": {from: today.In(time.FixedZone("", 9*3600)), want: &bar{at(14), at(30)}},
	} {
		got := timelineOf(Page{At: evening, Campaigns: []cli.Campaign{
			{State: "active", From: tt.from, Until: tt.until},
		}}).Campaigns[0].Bar
		if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b percent) bool {
			return a-b < 0.001 && b-a < 0.001
		})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// at is how far to the right so many days are.
func at(days float64) percent { return percent(100 * days / (daysBack + daysAhead)) }

func TestNextChange(t *testing.T) {
	begins := cli.Campaign{Name: "sale", State: "scheduled", From: evening.Add(90 * time.Minute)}
	ends := cli.Campaign{Name: "old", State: "active", Until: evening.Add(3 * time.Hour)}
	over := cli.Campaign{Name: "gone", State: "ended", Until: evening.Add(-time.Hour)}
	off := cli.Campaign{Name: "off", State: "off", Until: evening.Add(time.Minute)}
	for want, list := range map[string][]cli.Campaign{
		"":                          {over, off, {Name: "always", State: "active"}},
		"sale begins in 90 minutes": {over, ends, off, begins},
		"old ends in 3 hours, on 29 Nov 2026, 23:15 UTC": {ends},
	} {
		if got := timelineOf(Page{At: evening, Campaigns: list}).Next; !strings.HasPrefix(got, want) ||
			(want == "") != (got == "") {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
