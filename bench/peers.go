package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// peer is another server that redirects to a cached link, written for the comparison.
type peer struct {
	name string // as a heading, and key of its results
	// start runs it for tokens of an algorithm. The link is what its path otherPath leads to.
	start func(ctx context.Context, l *lab, alg, link string, remember bool) (*server, error)
	// bar is the least ratio that is asked for; 0 is none.
	bar float64
}

// duty is a row of a peer's table: which tokens, and whether the peer remembers them.
type duty struct {
	name, alg string
	remember  bool
}

// eachRequest are the algorithms whose tokens are verified each time.
var eachRequest = []duty{
	{"HS256", "HS256", false}, {"RS256", "RS256", false}, {"ES256", "ES256", false},
}

// against measures the cached redirect against a peer's, one row for each duty.
func (p peer) against(ctx context.Context, l *lab, title string, duties []duty) (table, error) {
	t := table{
		title: title,
		head: []string{
			"tokens", "ours", p.name, "ratio", "pairs: middle half (all)", "bar", "",
			"per second on the clock", "ratio",
		},
	}
	for _, d := range duties {
		c, err := p.clicks(ctx, l, d)
		if err != nil {
			return t, fmt.Errorf("%s: %w", d.name, err)
		}
		p.row(&t, d, c)
		l.keepPair("redirect, tokens "+d.name, "ours beside "+p.name, p.name, c)
	}
	l.noteRun(&t)
	return t, nil
}

// row adds a comparison, in requests per second of the server's own CPU.
func (p peer) row(t *table, d duty, c comparison) {
	ours, theirs := c.each()
	ratio := 1 / c.ratio()
	bar, met := "", ""
	if p.bar > 0 && !d.remember {
		bar, met = fmt.Sprintf("≥ %.0f", p.bar), verdict(ratio >= p.bar)
	}
	oursTook, theirsTook := c.took()
	t.add(d.name, perSecond(ours), perSecond(theirs), fmt.Sprintf("%.2f", ratio), inverse(c),
		bar, met, perSecond(oursTook)+" and "+perSecond(theirsTook),
		fmt.Sprintf("%.2f", float64(theirsTook)/float64(oursTook)))
}

// clicks compares checkout_link with the peer's path of the same name.
func (p peer) clicks(ctx context.Context, l *lab, d duty) (comparison, error) {
	s := shop{alg: d.alg, campaigns: plain, routes: []route{{oursPath, "checkout_link pro"}}}
	return p.pair(ctx, l, s, oursPath, d)
}

// bare compares Caddy's redir with the peer's redirect to one address.
func (p peer) bare(ctx context.Context, l *lab) (comparison, error) {
	to, err := l.zotlo.link()
	if err != nil {
		return comparison{}, err
	}
	s := shop{campaigns: plain, routes: []route{{otherPath, caddyRedirect(to)}}}
	return p.pair(ctx, l, s, otherPath, duty{alg: s.algorithm(), remember: true})
}

// pair compares one path of a Caddy with that of the peer.
func (p peer) pair(
	ctx context.Context, l *lab, s shop, path string, d duty,
) (comparison, error) {
	site, err := l.startCaddy(ctx, s.text())
	if err != nil {
		return comparison{}, err
	}
	defer site.stop()
	link, err := l.zotlo.link()
	if err != nil {
		return comparison{}, err
	}
	other, err := p.start(ctx, l, d.alg, link, d.remember)
	if err != nil {
		return comparison{}, err
	}
	defer other.stop()
	var sides [2]side
	var answers [2]*http.Response
	for i, server := range []*server{site, other} {
		sides[i], err = l.side(server, d.alg, path, http.StatusSeeOther)
		if err != nil {
			return comparison{}, err
		}
		defer sides[i].client.close()
		if answers[i], _, err = ask(server.addr, sides[i].client.script(0)); err != nil {
			return comparison{}, err
		}
	}
	if err := alike(answers[0], answers[1]); err != nil {
		return comparison{}, fmt.Errorf("%s: %w", p.name, err)
	}
	// A compiler at run time compiles what is hot, some time after it has become so.
	if _, err := sides[1].client.run(10 * l.requests); err != nil {
		return comparison{}, err
	}
	return compare(ctx, sides[0], sides[1], l.pairs, l.requests)
}

// alike checks that two answers do the same: links of one length, and the four headers.
func alike(a, b *http.Response) error {
	if len(a.Header.Get("Location")) != len(b.Header.Get("Location")) {
		return fmt.Errorf("the links differ: %q and %q", a.Header.Get("Location"),
			b.Header.Get("Location"))
	}
	return sameFour(a, b)
}

// perSecond is how many requests fit a second of CPU.
func perSecond(each time.Duration) string {
	return fmt.Sprintf("%.0f", float64(time.Second)/float64(each))
}

// inverse is the spread of a comparison the other way round.
func inverse(c comparison) string {
	return comparison{n: c.n, ours: c.other, other: c.ours}.spread()
}
