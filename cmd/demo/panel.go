package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// panelView is the panel "what just happened".
type panelView struct {
	Last    int         // the newest happening
	Entries []entryView // newest first
	Older   int         // happenings that are not among them
	Calls   int         // of the API since the start
	Trouble string
}

// entryView is one happening in words.
type entryView struct {
	happening
	Tone     string // good, calm or bad: how it is coloured
	Headline string
	Detail   string
	Facts    []fact
	Excerpts []excerpt
	Why      bool // the module can be asked why
}

type fact struct{ Name, Value string }

// Clock is when it happened.
func (e entryView) Clock() string { return e.At.Format("15:04:05") }

// showHappenings bounds the panel: on a phone it lies below the page, and is as long as it is.
const showHappenings = 10

func (s *shop) panel() panelView {
	list, last := s.history.newestFirst()
	shown := min(len(list), showHappenings)
	p := panelView{Last: last, Older: last - shown, Calls: s.demo.sandbox.Calls()}
	if t := s.history.trouble(); t.ID != "" {
		p.Trouble = t.Name
	}
	for _, it := range list[:shown] {
		p.Entries = append(p.Entries, s.describe(it))
	}
	return p
}

func (s *shop) describe(it happening) entryView {
	e := entryView{happening: it, Tone: "calm"}
	switch it.Kind {
	case kindPayment:
		e.Tone, e.Headline = "good", "A payment came back"
		e.Detail = fmt.Sprintf("Zotlo's webhook: %s for “%s”. The shop has booked it.",
			it.Price, it.Package)
	case kindTrouble:
		e.Headline = "A switch was moved"
		e.Detail = "Zotlo now: " + strings.ToLower(it.Text) + "."
	case kindPurge:
		e.Headline = "A link was expired by hand"
		e.Detail = "The shop would have given it out until its ttl was over. So the demo asked " +
			"POST /checkout/purge of the admin API to forget this person's links, as an operator " +
			"would. The next click fetches a new one."
	case kindLog:
		e.Headline, e.Detail = "In the operator's log", it.Text
	default:
		s.describeCheckout(&e)
	}
	return e
}

func (s *shop) describeCheckout(e *entryView) {
	source := e.Source
	if source == "api" && e.guest() {
		source = "guest"
	}
	words := saidOf(e.Outcome, source)
	e.Tone, e.Headline, e.Detail = words.tone, words.headline, words.detail
	e.Facts = []fact{
		{"Request", e.Method + " " + e.Path},
		{"Answer", strings.TrimSpace(strconv.Itoa(e.Status) + " " + answerWords[e.Answer])},
	}
	for _, f := range []fact{
		{"Campaign", e.Campaign},
		{"Variant", e.Variant},
		{"API calls", callWords(e.Calls)},
		{"Time", tookWords(e.Took)},
		{"Outcome", e.Outcome},
	} {
		if f.Value != "" {
			e.Facts = append(e.Facts, f)
		}
	}
	e.Excerpts = s.lines.responsible(e.Path, e.Campaign)
	e.Why = len(s.lines.campaignsOf(e.Path)) > 0
}

func tookWords(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func callWords(calls []apiCall) string {
	if len(calls) == 0 {
		return "none"
	}
	words := make([]string, len(calls))
	for i, call := range calls {
		words[i] = strconv.Itoa(call.Status)
		if call.Status == 0 {
			words[i] = "no answer"
		}
	}
	return fmt.Sprintf("%d (%s)", len(words), strings.Join(words, ", "))
}

// callsBetween returns the API calls that arrived in the time of one request.
func (d *demo) callsBetween(from, to time.Time) []apiCall {
	const slack = time.Millisecond // the log rounds
	var list []apiCall
	for _, call := range d.sandbox.Requests() {
		if call.Time.After(from.Add(-slack)) && call.Time.Before(to.Add(slack)) {
			_, named := call.Body["subscriberId"]
			list = append(list, apiCall{call.Status, !named})
		}
	}
	return list
}

// patience is how long the panel waits for news before it asks again.
const patience = 25 * time.Second

// happened answers the panel as it is, as soon as there is something newer than ?after.
func (s *shop) happened(w http.ResponseWriter, r *http.Request) {
	if after, err := strconv.Atoi(r.URL.Query().Get("after")); err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		s.history.wait(ctx, after)
	}
	render(w, http.StatusOK, view{Name: "panel", Panel: s.panel()})
}
