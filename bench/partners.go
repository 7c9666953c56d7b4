package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// partnerRows is how many partners the large table has.
	partnerRows = 100_000
	// partnerShoppers click in the comparison of two tables: fewer than a server remembers tokens of,
	// so that no signature hides what a table costs.
	partnerShoppers = 20_000

	partnersBar     = 1.05
	lastCampaignBar = 2.0
	tableTimeBar    = time.Second
	tableMemoryBar  = 40_000_000
)

// byTable is a campaign for the partners of a table, and what a server needs to count them.
const byTable = `campaign pro {
			link_id 123
			package_name "Pro, lifetime"
			partner
			additional_text "Recommended by {http.checkout.partner.name}"
		}`

const tableOption = `partners {env.PARTNERS} {
			from query ref
		}`

// measurePartners compares a large table of partners with a table of one, and the last of 1,000
// campaigns of a route with the first.
func measurePartners(ctx context.Context, l *lab) ([]table, error) {
	tables := make([]table, 0, 3)
	for _, measure := range []func(context.Context) (table, error){
		l.partnersAgainstOne, l.lastCampaignAgainstFirst, l.loadPartners,
	} {
		t, err := measure(ctx)
		tables = append(tables, t)
		if err != nil {
			return tables, err
		}
	}
	return tables, nil
}

// partnersFile writes a table of n partners.
func (l *lab) partnersFile(n int) (string, error) {
	var b strings.Builder
	b.WriteString("code,name,share\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,Partner number %d,12.5\n", partnerCode(i), i)
	}
	path := filepath.Join(l.dir, fmt.Sprintf("partners-%d.csv", n))
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}

func partnerCode(i int) string { return fmt.Sprintf("PARTNER%06d", i) }

// startWithPartners starts a site with a table of n partners.
func (l *lab) startWithPartners(ctx context.Context, n int) (*server, shop, error) {
	s := shop{
		global: tableOption, campaigns: byTable, routes: []route{{oursPath, "checkout_link pro"}},
	}
	path, err := l.partnersFile(n)
	if err != nil {
		return nil, s, err
	}
	site, err := l.startCaddy(ctx, s.text(), "PARTNERS="+path)
	return site, s, err
}

// partnersAgainstOne compares two processes, twice. First each shopper clicks with a code of their
// own, drawn uniformly from the whole table, and beside it all click with the one code that there is.
// Then all click with one code in both: what the first row has above the second one is that many
// partners are counted, not that many are in the table. Both servers have as many links, of the same
// campaign, and verify as many tokens.
func (l *lab) partnersAgainstOne(ctx context.Context) (table, error) {
	t := table{
		title: "Server CPU per cached redirect by a partner out of 100,000, by CPU with one partner",
		head:  ratioHead,
	}
	n := partnerShoppers
	if l.users < 100 { // a run that measures nothing
		n = l.users
	}
	for _, r := range []struct {
		what  string
		drawn int // codes to draw from
	}{{"100,000 partners, codes drawn from all", partnerRows}, {"100,000 partners, one code", 1}} {
		c, err := l.twoTables(ctx, n, r.drawn)
		if err != nil {
			return t, err
		}
		t.add(c.row(r.what, partnersBar)...)
	}
	t.note("%d shoppers on each side, each with a code of their own.", n)
	l.noteRun(&t)
	return t, nil
}

// twoTables compares a large table, where the codes of n shoppers are drawn from so many, with a
// table of one.
func (l *lab) twoTables(ctx context.Context, n, drawn int) (c comparison, err error) {
	dice := rand.New(rand.NewPCG(1, 2))
	var sides [2]side
	for i, rows := range []int{partnerRows, 1} {
		site, s, err := l.startWithPartners(ctx, rows)
		if err != nil {
			return c, err
		}
		defer site.stop()
		requests, err := l.keys.clicks(s.algorithm(), oursPath, n)
		if err != nil {
			return c, err
		}
		for j, r := range requests {
			code := partnerCode(dice.IntN(min(rows, drawn)))
			named := fmt.Sprintf("GET %s?ref=%s ", oursPath, code)
			requests[j] = []byte(strings.Replace(string(r), "GET "+oursPath+" ", named, 1))
		}
		if sides[i], err = l.sideOf(site, requests, http.StatusSeeOther); err != nil {
			return c, err
		}
		defer sides[i].client.close()
	}
	return compare(ctx, sides[0], sides[1], l.pairs, l.requests)
}

// lastCampaignAgainstFirst compares clicks that the last campaign of a long route wants with clicks
// for the first. They differ by a matcher.
func (l *lab) lastCampaignAgainstFirst(ctx context.Context) (table, error) {
	t := table{
		title: "Server CPU per cached redirect of the last of 1,000 campaigns on a route, by CPU of " +
			"the first",
		head: ratioHead,
	}
	for _, matcher := range []struct{ name, text string }{
		{"query", "query c=%d"},
		{"expression", `expression {query.c} == "%d"`},
	} {
		c, err := l.longRoute(ctx, matcher.text)
		if err != nil {
			return t, fmt.Errorf("%s: %w", matcher.name, err)
		}
		t.add(c.row("the last campaign, matcher "+matcher.name, lastCampaignBar)...)
	}
	l.noteRun(&t)
	return t, nil
}

// longRoute compares the last and the first campaign of a route whose campaigns have such a matcher.
func (l *lab) longRoute(ctx context.Context, matcher string) (c comparison, err error) {
	var listed, names strings.Builder
	for i := range manyCampaigns {
		fmt.Fprintf(&listed, "campaign c%d {\n\t\t\tlink_id %d\n\t\t\tmatch {\n\t\t\t\t"+matcher+
			"\n\t\t\t}\n\t\t}\n\t\t", i, i+1, i)
		fmt.Fprintf(&names, " c%d", i)
	}
	s := shop{
		campaigns: listed.String(), routes: []route{{oursPath, "checkout_link" + names.String()}},
	}
	site, err := l.startCaddy(ctx, s.text())
	if err != nil {
		return c, err
	}
	defer site.stop()
	var sides [2]side
	for i, which := range []int{manyCampaigns - 1, 0} {
		path := fmt.Sprintf("%s?c=%d", oursPath, which)
		if sides[i], err = l.side(site, s.algorithm(), path, http.StatusSeeOther); err != nil {
			return c, err
		}
		defer sides[i].client.close()
	}
	return compare(ctx, sides[0], sides[1], l.pairs, l.requests)
}
