package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// table writes rows of cells in columns.
type table struct{ *tabwriter.Writer }

func newTable(w io.Writer, heads ...string) table {
	t := table{tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)}
	t.row(heads...)
	return t
}

func (t table) row(cells ...string) {
	for i, cell := range cells {
		if cell == "" {
			cells[i] = "-"
		}
	}
	fmt.Fprintln(t, strings.Join(cells, "\t"))
}

func printCampaigns(w io.Writer, answer struct {
	Campaigns []campaignView `json:"campaigns"`
},
) {
	if len(answer.Campaigns) == 0 {
		fmt.Fprintln(w, "No campaign is defined.")
		return
	}
	t := newTable(w, "CAMPAIGN", "STATE", "PROJECT", "FROM", "UNTIL", "CONDITIONAL", "LINKS", "PAID", "REFUNDED")
	running := false
	for _, c := range answer.Campaigns {
		t.row(c.Name, c.State, c.Project, instant(c.From), instant(c.Until), map[bool]string{true: "yes"}[c.Conditional],
			tally(c.Links), tally(c.Conversions), number(c.Refunds))
		running = running || c.Experiment != nil
	}
	t.Flush()
	if !running {
		return
	}
	fmt.Fprintln(w)
	t = newTable(w, "EXPERIMENT", "VARIANT", "BUCKETS", "OF ALL USERS", "SEEN", "PAID", "REFUNDED")
	for _, c := range answer.Campaigns {
		if c.Experiment == nil {
			continue
		}
		for _, v := range c.Experiment.Variants {
			t.row(c.Experiment.Key, v.Name, fmt.Sprintf("%d to %d", v.Start, v.End-1), strconv.FormatFloat(v.Percent, 'f', -1, 64)+"%",
				tally(v.Exposures), tally(v.Conversions), number(v.Refunds))
		}
	}
	t.Flush()
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// tally reads "3 (api 1, cache 2)".
func tally(m map[string]int64) string {
	var total int64
	parts := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		total += m[key]
		parts = append(parts, key+" "+number(m[key]))
	}
	if len(parts) == 0 {
		return "0"
	}
	return number(total) + " (" + strings.Join(parts, ", ") + ")"
}

func printPurged(w io.Writer, answer struct {
	Subscriber string `json:"subscriber"`
},
) {
	fmt.Fprintf(w, "Every link of subscriber %s is dead: his next click makes a new one.\n", answer.Subscriber)
}

func printExplanation(w io.Writer, e explanation) {
	t := table{tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)}
	for _, line := range [][2]string{
		{"Outcome", e.Outcome},
		{"Error", e.Error},
		{"Note", e.Note},
		{"Campaign", e.Campaign},
		{"Experiment", e.Experiment},
		{"Variant", e.variantLine()},
		{"Subscriber", e.Subscriber.line()},
		{"Language", e.Language},
		{"Client IP", e.ClientIP},
	} {
		if line[1] != "" {
			t.row(line[0]+":", line[1])
		}
	}
	t.Flush()
	printList(w, "Claims asked for the subscriber", e.Subscriber.Claims)
	printList(w, "Left out", e.Dropped)
	printList(w, "Not for this identity", e.Untrusted)

	fmt.Fprintln(w)
	t = newTable(w, "CAMPAIGN", "RESULT", "WHY")
	for _, rule := range e.Rules {
		t.row(rule.Campaign, rule.Result, rule.Detail)
	}
	t.Flush()
	if e.APIRequest == nil {
		return
	}
	if e.Outcome == outcomeAnonymous {
		fmt.Fprint(w, "\nWith `anonymous guest` on the route:")
	}
	fmt.Fprintf(w, "\n%s %s\n", e.APIRequest.Method, e.APIRequest.URL)
	for _, name := range slices.Sorted(maps.Keys(e.APIRequest.Header)) {
		fmt.Fprintf(w, "%s: %s\n", name, e.APIRequest.Header[name])
	}
	fmt.Fprintln(w)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(e.APIRequest.Body) // it was JSON a moment ago, and a terminal that is gone wants no error
}

func (e explanation) variantLine() string {
	if e.Variant == "" {
		return ""
	}
	line := e.Variant + " (" + e.Reason
	if e.Bucket != nil {
		line += ", bucket " + strconv.Itoa(*e.Bucket)
	}
	if !e.Counted {
		line += ", not counted"
	}
	return line + ")"
}

func (s explainedSubscriber) line() string {
	if s.Hash == "" {
		return "nobody"
	}
	return s.Hash + " (" + s.Kind + ")"
}

func printList(w io.Writer, title string, list []string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", title)
	for _, line := range list {
		fmt.Fprintf(w, "  %s\n", line)
	}
}
