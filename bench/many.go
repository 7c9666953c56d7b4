package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// manyCampaigns is how many a large config has.
const manyCampaigns = 1000

// campaigns writes n campaigns, the first of them called pro. Each has an experiment, a schedule
// and a text to fill in.
func campaigns(n int) string {
	var b strings.Builder
	b.WriteString(plain)
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, `
		campaign number-%d {
			link_id %d
			from 2026-01-01T00:00:00Z
			package_name "Pro, lifetime"
			additional_text "Welcome back, {http.checkout.claim.given_name}"
			experiment price-%d {
				variant control 50%%
				variant cheaper 50%% {
					one_time_price 14.99 EUR
				}
			}
		}`, i, 1000+i, i)
	}
	return b.String()
}

// measureMany compares the cached redirect of two processes: one knows 1,000 campaigns, the other
// one. Both routes list one.
func measureMany(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: "Server CPU per cached redirect with 1,000 campaigns in the config, by CPU with one",
		head:  ratioHead,
	}
	var sides [2]side
	for i, n := range []int{manyCampaigns, 1} {
		s := shop{campaigns: campaigns(n), routes: []route{{oursPath, "checkout_link pro"}}}
		site, err := l.startCaddy(ctx, s.text())
		if err != nil {
			return nil, err
		}
		defer site.stop()
		if sides[i], err = l.side(site, s.algorithm(), oursPath, http.StatusSeeOther); err != nil {
			return nil, err
		}
		defer sides[i].client.close()
	}
	c, err := compare(ctx, sides[0], sides[1], l.pairs, l.requests)
	if err != nil {
		return nil, err
	}
	t.add(c.row("1,000 campaigns, one listed", manyBar)...)
	l.noteRun(&t)
	return []table{t}, nil
}
