package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// crowdLimit is max_in_flight for them.
const crowdLimit = 1000

// measureCold lets a crowd of shoppers click at once, then one shopper as often. Nobody has a link
// before.
func measureCold(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: fmt.Sprintf("%d clicks at once, cold, API answers in %v, `max_in_flight %d`",
			l.crowd, l.latency, crowdLimit),
		head: []string{
			"who", "answers 303", "API calls", "at once, at most", "took", "median",
			"slowest", "server CPU", "bar", "",
		},
	}
	everybody, err := l.keys.clicks("HS256", oursPath, l.crowd)
	if err != nil {
		return nil, err
	}
	for _, test := range []struct {
		who, bar string
		requests [][]byte
	}{
		{
			fmt.Sprintf("%d shoppers", l.crowd),
			fmt.Sprintf("%d calls, ≤ %d at once", l.crowd, crowdLimit), everybody,
		},
		{"one shopper", "1 call", everybody[:1]},
	} {
		if err := l.rush(ctx, &t, test.who, test.bar, test.requests); err != nil {
			return []table{t}, fmt.Errorf("%s: %w", test.who, err)
		}
	}
	return []table{t}, nil
}

// rush sends as many requests at once, each on a connection of its own; there must be one call for
// each that differs. Any other answer than a link is an error.
func (l *lab) rush(ctx context.Context, t *table, who, bar string, requests [][]byte) error {
	zotlo, err := openAPI(linkBase, 1)
	if err != nil {
		return err
	}
	defer zotlo.close()
	zotlo.Fail(sandbox.Latency(l.latency))
	s := shop{
		global:    fmt.Sprintf("limits {\n\t\t\tmax_in_flight %d\n\t\t}", crowdLimit),
		campaigns: plain, routes: []route{{oursPath, "checkout_link pro"}},
	}
	site, err := l.startCaddy(ctx, s.text(), "API="+zotlo.url)
	if err != nil {
		return err
	}
	defer site.stop()
	c, err := dial(site.addr, l.crowd, http.StatusSeeOther, repeat(requests))
	if err != nil {
		return err
	}
	defer c.close()
	before, err := cpuTime(site.pid())
	if err != nil {
		return err
	}
	start := time.Now()
	took, err := c.timed(l.crowd)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, site.complaint())
	}
	total := time.Since(start)
	after, err := cpuTime(site.pid())
	if err != nil {
		return err
	}
	met := zotlo.Calls() == len(requests) && zotlo.MaxInFlight() <= crowdLimit
	t.add(who, fmt.Sprint(l.crowd), fmt.Sprint(zotlo.Calls()), fmt.Sprint(zotlo.MaxInFlight()),
		seconds(total), seconds(median(took)), seconds(quantile(took, 1)), seconds(after-before),
		bar, verdict(met))
	return nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
