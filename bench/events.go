package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// askingBar is what a campaign may cost that asks the ledger, by one that does not.
	askingBar = 1.25
	// toldBar is the time in which toldEvents are durable, in batches of toldBatch.
	toldBar    = 5 * time.Second
	toldEvents = 10_000
	toldBatch  = 1000

	askingAllPath = "/asked"
	eventsPath    = "/events"
	eventsToken   = "a token of the benchmark's own"
)

// asking are a campaign that asks the ledger for events and a subscription, one that asks for a
// partner as well, and the same without.
const asking = `campaign asks {
			link_id 123
			package_name "Pro, lifetime"
			event told 30d
			no_event taken_back
			no_event zotlo.cancel
			subscribed /account
		}
		campaign asks-all {
			link_id 123
			package_name "Pro, lifetime"
			partner
			event told 30d
			no_event taken_back
			no_event zotlo.cancel
			subscribed /account
		}
		` + plain

// measureEvents tells of events through HTTP, each batch durable before its answer, and then
// compares the cached redirect of a campaign that asks for them with one that asks for nothing.
func measureEvents(ctx context.Context, l *lab) ([]table, error) {
	path, err := l.partnersFile(partnerRows)
	if err != nil {
		return nil, err
	}
	s := shop{global: tableOption, campaigns: asking, routes: []route{
		{oursPath, "checkout_link asks"},
		{askingAllPath, "checkout_link asks-all"},
		{otherPath, "checkout_link pro"},
		{eventsPath, "checkout_events {\n\t\t\ttoken {env.EVENTS_TOKEN}\n\t\t}"},
	}}
	site, err := l.startCaddy(ctx, s.text(), "EVENTS_TOKEN="+eventsToken, "PARTNERS="+path)
	if err != nil {
		return nil, err
	}
	defer site.stop()
	told, err := l.tellAll(ctx, site)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, site.complaint())
	}
	t := table{
		title: "Server CPU per cached redirect of a campaign with `event` and `subscribed`, by CPU " +
			"of the same without",
		head: ratioHead,
	}
	for _, r := range []struct{ what, path string }{
		{"three event lines and `subscribed`", oursPath},
		{"the same and `partner`, by a code", askingAllPath + "?ref=" + partnerCode(partnerRows/2)},
	} {
		c, err := l.askingAgainstPlain(ctx, site, s.algorithm(), r.path)
		if err != nil {
			return []table{told}, err
		}
		t.add(c.row(r.what, askingBar)...)
	}
	l.noteRun(&t)
	return []table{told, t}, nil
}

// tellAll tells of all shoppers, and of as many others as it takes.
func (l *lab) tellAll(ctx context.Context, site *server) (table, error) {
	t := table{
		title: "Events through HTTP into a ledger file, each batch durable before its 204",
		head:  []string{"events", "in batches of", "time", "a batch: median", "slowest", "bar", ""},
	}
	n := max(toldEvents, l.users)
	if l.users < 100 { // a run that measures nothing
		n = l.users
	}
	var took []time.Duration
	began := time.Now()
	for first := 0; first < n; first += toldBatch {
		start := time.Now()
		if err := tellBatch(ctx, site, first, min(first+toldBatch, n)); err != nil {
			return t, err
		}
		took = append(took, time.Since(start))
	}
	all := time.Since(began)
	t.add(fmt.Sprint(n), fmt.Sprint(toldBatch), millis(all), millis(median(took)),
		millis(quantile(took, 1)), "≤ "+millis(toldBar), verdict(all <= toldBar))
	t.note("One batch after the other, of as many subscribers as events.")
	return t, nil
}

// tellBatch tells of some shoppers.
func tellBatch(ctx context.Context, site *server, first, end int) error {
	type event struct {
		Subscriber string            `json:"subscriber"`
		Event      string            `json:"event"`
		Values     map[string]string `json:"values"`
	}
	var batch []event
	for i := first; i < end; i++ {
		batch = append(batch, event{email(i), "told", map[string]string{"total": "49.90"}})
	}
	body, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+site.addr+eventsPath,
		bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+eventsToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		return fmt.Errorf("a batch is answered %s", res.Status)
	}
	return nil
}

// askingAgainstPlain compares the two routes, once it has seen that both lead to a link.
func (l *lab) askingAgainstPlain(
	ctx context.Context, site *server, alg, asking string,
) (c comparison, err error) {
	var sides [2]side
	for i, path := range []string{asking, otherPath} {
		if sides[i], err = l.side(site, alg, path, http.StatusSeeOther); err != nil {
			return c, err
		}
		defer sides[i].client.close()
		answer, _, err := ask(site.addr, sides[i].client.script(0))
		if err != nil {
			return c, err
		}
		if to := answer.Header.Get("Location"); !strings.HasPrefix(to, linkBase+"/") {
			return c, fmt.Errorf("%s leads to %q", path, to)
		}
	}
	return compare(ctx, sides[0], sides[1], l.pairs, l.requests)
}
