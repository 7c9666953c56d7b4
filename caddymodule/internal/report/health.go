package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// health is how the module is: this process, since it started.
type health struct {
	Lines      []line
	Webhooks   []webhook
	Mismatches []Mismatch
	More       string
}

// line is one thing that is well or not.
type line struct {
	Name, Text string
	More       string // figures behind it
	Trouble    bool
}

// Mark is the line's state as a shape.
func (l line) Mark() string {
	if l.Trouble {
		return "▲"
	}
	return "✓"
}

// State is the line's state as a word, for those who hear the page.
func (l line) State() string {
	if l.Trouble {
		return "needs a look"
	}
	return "well"
}

type webhook struct {
	Webhook
	Seen moment
}

func healthOf(p Page) health {
	h := health{}
	for _, project := range p.Projects {
		h.Lines = append(h.Lines, projectLine(project))
	}
	h.Lines = append(h.Lines, ledgerLine(p), webhookLine(p), mismatchLine(p), cacheLine(p.Cache))
	heard := slices.Clone(p.Webhooks)
	slices.SortFunc(heard, func(a, b Webhook) int {
		return cmp.Or(b.Last.Compare(a.Last), strings.Compare(a.Kind+a.Result, b.Kind+b.Result))
	})
	for _, w := range heard {
		h.Webhooks = append(h.Webhooks, webhook{w, instant(p.At, w.Last)})
	}
	h.Mismatches = slices.Clone(p.Mismatches)
	slices.SortFunc(h.Mismatches, func(a, b Mismatch) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count),
			strings.Compare(a.Campaign+"\x00"+a.Kind, b.Campaign+"\x00"+b.Kind))
	})
	h.More = more(len(h.Mismatches)-mismatches, "line", "the metric caddy_checkout_mismatches_total")
	h.Mismatches = h.Mismatches[:min(len(h.Mismatches), mismatches)]
	return h
}

func projectLine(p Project) line {
	l := line{Name: "API, project " + p.Name, Text: "calls are made", Trouble: p.Paused != ""}
	if l.Trouble {
		l.Text = p.Paused
	}
	parts := make([]string, 0, len(p.Calls))
	for _, result := range slices.Sorted(maps.Keys(p.Calls)) {
		parts = append(parts, whole(p.Calls[result])+" "+result)
	}
	if len(parts) == 0 {
		parts = []string{"no call yet"}
	}
	l.More = strings.Join(parts, ", ")
	return l
}

func ledgerLine(p Page) line {
	switch {
	case p.LedgerAway != "":
		return line{Name: "Ledger", Text: p.LedgerAway, Trouble: true}
	case p.LedgerBytes > 0:
		return line{Name: "Ledger", Text: "open", More: bytesText(p.LedgerBytes) + " in use"}
	}
	return line{Name: "Ledger", Text: "open"}
}

func webhookLine(p Page) line {
	var last time.Time
	forged := int64(0)
	for _, w := range p.Webhooks {
		if w.Last.After(last) && w.Result != "refused" {
			last = w.Last
		}
		if w.Result == "forged" {
			forged += w.Count
		}
	}
	switch {
	case forged > 0:
		return line{
			Name: "Webhooks", Text: many(forged, "forged webhook") +
				": the token may be known to others, so change it", Trouble: true,
		}
	case !p.Hears:
		return line{Name: "Webhooks", Text: "no checkout_webhook hears of payments", Trouble: true}
	case last.IsZero():
		return line{Name: "Webhooks", Text: "none yet since this Caddy started"}
	}
	return line{Name: "Webhooks", Text: "the last one came " + distance(p.At, last)}
}

func mismatchLine(p Page) line {
	n := int64(0)
	for _, m := range p.Mismatches {
		n += m.Count
	}
	if n == 0 {
		return line{Name: "Mismatches", Text: "every payment is what its link asked for"}
	}
	return line{
		Name: "Mismatches", Text: many(n, "time") + " a payment differed from what its link asked for",
		Trouble: true,
	}
}

func cacheLine(c Cache) line {
	l := line{Name: "Cache", Text: c.Name}
	if c.Links >= 0 {
		l.More = many(c.Links, "link")
	}
	if c.Errors > 0 {
		l.Text += ", failed " + many(c.Errors, "time") + ", each time a miss"
	}
	return l
}

// attention is what somebody should look at, in the order of the page's end.
func attention(p Page) (list []string) {
	for _, l := range healthOf(p).Lines {
		if l.Trouble {
			list = append(list, l.Name+": "+l.Text+".")
		}
	}
	for _, e := range p.Experiments {
		if len(e.Runs) > 0 && e.Runs[0].Until.IsZero() && e.Runs[0].Verdict == ledger.Unreadable {
			list = append(list, "Experiment "+e.Key+": unreadable, people are not split as configured.")
		}
	}
	return list
}
