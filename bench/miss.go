package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// missLimits let as many calls through as the part makes at once; waiting for the semaphore is not
// what it measures.
const missLimits = `limits {
			max_in_flight 1000
		}`

// measureMiss clicks as shoppers who have no link yet, and compares with calling the API directly
// from the same program.
func measureMiss(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: fmt.Sprintf("Time to a new link, by the time of the bare API call "+
			"(API answers in %v)", l.latency),
		head: []string{
			"at once", "site: median", "99 %", "API alone: median", "99 %", "added, median",
			"added, 99 %",
		},
	}
	l.zotlo.Fail(sandbox.Latency(l.latency))
	defer l.zotlo.Heal()
	s := shop{
		global: missLimits, campaigns: plain,
		routes: []route{{oursPath, "checkout_link pro"}},
	}
	site, err := l.startCaddy(ctx, s.text())
	if err != nil {
		return nil, err
	}
	defer site.stop()
	newcomers := 0
	for conns := 1; conns <= min(l.crowd, 1000); conns *= 10 {
		n := max(5*conns, 50)
		through, err := l.newcomers(site, conns, n, newcomers)
		if err != nil {
			return []table{t}, fmt.Errorf("%d at once: %w\n%s", conns, err, site.complaint())
		}
		newcomers += n
		direct, err := l.direct(conns, n)
		if err != nil {
			return []table{t}, fmt.Errorf("%d calls at once: %w", conns, err)
		}
		site50, site99 := quantile(through, 0.5), quantile(through, 0.99)
		api50, api99 := quantile(direct, 0.5), quantile(direct, 0.99)
		t.add(fmt.Sprint(conns), millis(site50), millis(site99), millis(api50), millis(api99),
			millis(site50-api50), millis(site99-api99))
	}
	t.note("Each shopper clicks for the first time. Site, API and load generator share the " +
		"machine, so with many at once they wait for each other's CPU in both columns.")
	return []table{t}, nil
}

// newcomers lets n shoppers, counted from first, click over conns connections.
func (l *lab) newcomers(site *server, conns, n, first int) ([]time.Duration, error) {
	requests, err := l.keys.clicks("HS256", oursPath, first+n)
	if err != nil {
		return nil, err
	}
	c, err := dial(site.addr, conns, http.StatusSeeOther, repeat(requests[first:]))
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.timed(n)
}

// direct makes the API calls themselves.
func (l *lab) direct(conns, n int) ([]time.Duration, error) {
	c, err := dial(l.zotlo.addr(), conns, http.StatusOK,
		func(i int) []byte { return l.zotlo.call(email(i)) })
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.timed(n)
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
