package report

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// TestWhatNeedsALook: each trouble alone, in the sentence at the top; and none where all is well.
func TestWhatNeedsALook(t *testing.T) {
	well := func() Page {
		return Page{
			At: evening, Hears: true, Projects: []Project{{Name: "default"}},
			Webhooks: []Webhook{
				{"payment", "processed", 1, evening},
				{"_other", "refused", 9, evening},
				{"payment", "forged", 0, time.Time{}},
			},
			Cache: Cache{Name: "redis", Links: -1, Errors: 3},
		}
	}
	if list := attention(well()); len(list) != 0 {
		t.Errorf("all is well, and the page says %q", list)
	}
	for want, change := range map[string]func(*Page){
		"API, project default: calls keep failing.": func(p *Page) { p.Projects[0].Paused = "calls keep failing" },
		"Ledger: cannot be read.":                   func(p *Page) { p.LedgerAway = "cannot be read" },
		"Webhooks: no checkout_webhook hears":       func(p *Page) { p.Hears = false },
		"Webhooks: 2 forged webhooks":               func(p *Page) { p.Webhooks[2].Count = 2 },
		"Mismatches: 3 times a payment differed": func(p *Page) {
			p.Mismatches = []Mismatch{{"pro", "price", 2}, {"pro", "currency", 1}}
		},
		"Experiment bf: unreadable": func(p *Page) {
			p.Experiments = []ledger.Experiment{{
				Key: "bf", Runs: []ledger.RunNumbers{{Verdict: ledger.Unreadable}},
			}}
		},
	} {
		p := well()
		change(&p)
		if list := attention(p); len(list) != 1 || !strings.HasPrefix(list[0], want) {
			t.Errorf("the page says %q, want %q", list, want)
		}
	}
	past := well()
	past.Experiments = []ledger.Experiment{{Runs: []ledger.RunNumbers{{
		Verdict: ledger.Unreadable, Until: evening,
	}}}}
	if list := attention(past); len(list) != 0 {
		t.Errorf("a run that is over needs a look: %q", list)
	}
}

// TestLastWebhook: one that was refused unread says nothing about Zotlo.
func TestLastWebhook(t *testing.T) {
	p := Page{At: evening, Hears: true, Webhooks: []Webhook{
		{"_other", "refused", 1, evening.Add(-time.Minute)},
		{"payment", "processed", 1, evening.Add(-3 * time.Hour)},
		{"status", "processed", 1, evening.Add(-5 * time.Hour)},
	}}
	if got := webhookLine(p).Text; got != "the last one came 3 hours ago" {
		t.Error(got)
	}
	if got := healthOf(p).Webhooks[0].Result; got != "refused" {
		t.Errorf("the first line is %s", got)
	}
}
