package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

const (
	// warmBar is the time of the first click after a page that has made the link in advance.
	warmBar = 5 * time.Millisecond
	// warmShoppers open the page, a few at a time, and click.
	warmShoppers = 200
	// warmPlaces is max_in_flight; a page may use half of it.
	warmPlaces = 64
	pagePath   = "/plans"
)

// measureWarm lets shoppers read a page and click for the first time, with and without links that
// the page makes in advance. Then a crowd opens the page at once, and nobody clicks.
func measureWarm(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: fmt.Sprintf("The first click after a page, API answers in %v", l.latency),
		head: []string{
			"page", "shoppers", "click: median", "99 %", "API calls", "at once, at most", "bar", "",
		},
	}
	for _, option := range []string{"", "warm"} {
		if err := l.firstClicks(ctx, &t, option); err != nil {
			return []table{t}, err
		}
	}
	err := l.manyPages(ctx, &t)
	t.note("A few shoppers at a time open the page, read for three times as long as a call takes, "+
		"and click. `max_in_flight` is %d, so pages may have %d calls under way.", warmPlaces,
		warmPlaces/2)
	return []table{t}, err
}

// warmSite starts a site with a page before the checkout, and an API of its own.
func (l *lab) warmSite(ctx context.Context, option string) (*server, *api, error) {
	zotlo, err := openAPI(linkBase, 1)
	if err != nil {
		return nil, nil, err
	}
	zotlo.Fail(sandbox.Latency(l.latency))
	s := shop{
		global:    fmt.Sprintf("limits {\n\t\t\tmax_in_flight %d\n\t\t}", warmPlaces),
		campaigns: plain,
		routes: []route{
			{pagePath, "checkout_offer pro {\n\t\t\t" + option + "\n\t\t}\n\t\t" + page},
			{oursPath, "checkout_link pro"},
		},
	}
	site, err := l.startCaddy(ctx, s.text(), "API="+zotlo.url)
	if err != nil {
		zotlo.close()
	}
	return site, zotlo, err
}

// open lets the next n shoppers ask for a path, all connections at once.
func (l *lab) open(site *server, path string, conns, status, first, n int) ([]time.Duration, error) {
	requests, err := l.keys.clicks("HS256", path, first+n)
	if err != nil {
		return nil, err
	}
	c, err := dial(site.addr, conns, status, repeat(requests[first:]))
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.timed(n)
}

// firstClicks measures the first click of shoppers who have read the page.
func (l *lab) firstClicks(ctx context.Context, t *table, option string) error {
	site, zotlo, err := l.warmSite(ctx, option)
	if err != nil {
		return err
	}
	defer zotlo.close()
	defer site.stop()
	shoppers, group := min(warmShoppers, l.crowd), l.conns
	var took []time.Duration
	for first := 0; first < shoppers; first += group {
		n := min(group, shoppers-first)
		if _, err := l.open(site, pagePath, n, http.StatusOK, first, n); err != nil {
			return err
		}
		time.Sleep(3 * l.latency)
		clicks, err := l.open(site, oursPath, n, http.StatusSeeOther, first, n)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, site.complaint())
		}
		took = append(took, clicks...)
	}
	name, bar, met := "without `warm`", "", ""
	if option != "" {
		ok := median(took) <= warmBar && zotlo.Calls() == shoppers
		name, met = "with `warm`", verdict(ok)
		bar = fmt.Sprintf("≤ %s, %d calls", millis(warmBar), shoppers)
	}
	t.add(name, fmt.Sprint(shoppers), millis(median(took)), millis(quantile(took, 0.99)),
		fmt.Sprint(zotlo.Calls()), fmt.Sprint(zotlo.MaxInFlight()), bar, met)
	return nil
}

// manyPages opens the page for a crowd as fast as it goes.
func (l *lab) manyPages(ctx context.Context, t *table) error {
	site, zotlo, err := l.warmSite(ctx, "warm")
	if err != nil {
		return err
	}
	defer zotlo.close()
	defer site.stop()
	if _, err := l.open(site, pagePath, l.conns, http.StatusOK, 0, l.crowd); err != nil {
		return err
	}
	time.Sleep(3 * l.latency)
	t.add("with `warm`, nobody clicks", fmt.Sprint(l.crowd), "", "", fmt.Sprint(zotlo.Calls()),
		fmt.Sprint(zotlo.MaxInFlight()), fmt.Sprintf("≤ %d at once", warmPlaces/2),
		verdict(zotlo.MaxInFlight() <= warmPlaces/2))
	return nil
}
