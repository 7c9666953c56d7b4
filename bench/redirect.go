package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
)

// The bars of the ratios.
const (
	dynamicBar = 1.60
	offerBar   = 1.15
	manyBar    = 1.05
	nodeBar    = 5.0
)

var ratioHead = []string{"what", "ours", "other", "ratio", "pairs: middle half (all)", "bar", ""}

// measureRedirect compares the cached redirect of a plain campaign with Caddy's redir, for three
// kinds of token.
func measureRedirect(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: "Server CPU per cached redirect, by CPU per `redir` with the same four headers",
		head:  ratioHead,
	}
	for alg := range strings.SplitSeq(l.algs, ",") {
		c, err := l.cachedRedirect(ctx, alg)
		if err != nil {
			return []table{t}, fmt.Errorf("%s: %w", alg, err)
		}
		t.add(c.row("cached redirect, "+alg, l.redirectBar(c))...)
	}
	l.noteRun(&t)
	return []table{t}, nil
}

// fewUsers and manyUsers are the users that two bars of the redirect are for. With more, nearly
// every click is the first of its token for as long as tokens are remembered: its signature is
// checked, and for a key pair the bar is higher by one bare check. What that costs is measured by a
// third route of the same process: redir with a check before it.
const (
	fewUsers  = 200
	manyUsers = 5000
)

// cachedRedirect measures one kind of token and, where the bar wants it, a signature check.
func (l *lab) cachedRedirect(ctx context.Context, alg string) (comparison, error) {
	s := shop{alg: alg, campaigns: plain}
	at := *l
	if l.users > manyUsers && alg != "HS256" {
		token, err := l.keys.token(alg, 0)
		if err != nil {
			return comparison{}, err
		}
		s.check = fmt.Sprintf("bench_check %s %s %s", alg, l.keys.file(alg), token)
		at.binary = filepath.Join(l.dir, "checking")
		if err := goBuild(ctx, at.binary, "bench/checking"); err != nil {
			return comparison{}, err
		}
	}
	return at.againstRedir(ctx, s, "checkout_link pro", "", "redirect-"+alg)
}

// redirectBar is the bar of a comparison with as many users as this lab has.
func (l *lab) redirectBar(c comparison) float64 {
	switch {
	case len(c.check) > 0:
		return 0.30 + float64(cpuSum(c.check))/float64(cpuSum(c.other))
	case l.users > manyUsers:
		return 1.30
	case l.users > fewUsers:
		return 1.12
	}
	return 1.10
}

// dynamicCampaign has a matcher, an experiment and three placeholders.
const dynamicCampaign = `campaign pro {
			link_id 123
			match {
				%s
			}
			additional_text "Welcome back, {http.checkout.claim.given_name}"
			custom_parameter partner {query.partner}
			mmp appsflyer_id {query.af_id}
			experiment price {
				variant control 50%%
				variant cheaper 50%% {
					one_time_price 14.99 EUR
				}
			}
		}`

// measureDynamic does the same with everything that a campaign can ask for on each request.
func measureDynamic(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: "The same with a matcher, an experiment and three placeholders",
		head:  ratioHead,
	}
	for _, matcher := range []struct{ name, text string }{
		{"query", "query partner=*"},
		{"expression", `expression {http.checkout.claim.plan} == "free"`},
	} {
		s := shop{campaigns: fmt.Sprintf(dynamicCampaign, matcher.text)}
		c, err := l.againstRedir(ctx, s, "checkout_link pro", "?partner=friends&af_id=1573-8254",
			"dynamic-"+matcher.name)
		if err != nil {
			return []table{t}, fmt.Errorf("%s: %w", matcher.name, err)
		}
		t.add(c.row("dynamic campaign, matcher "+matcher.name, dynamicBar)...)
	}
	l.noteRun(&t)
	return []table{t}, nil
}

// againstRedir measures a route of ours against Caddy's redirect in the same process.
func (l *lab) againstRedir(
	ctx context.Context, s shop, directive, query, profile string,
) (comparison, error) {
	to, err := l.zotlo.link()
	if err != nil {
		return comparison{}, err
	}
	s.routes = []route{{otherPath, caddyRedirect(to)}, {oursPath, directive}}
	if s.check != "" {
		s.routes = append(s.routes, route{checkPath, s.check + "\n\t\t" + caddyRedirect(to)})
	}
	return l.twoRoutes(ctx, s, query, profile, http.StatusSeeOther,
		func(ours, other *http.Response, _, _ string) error {
			for _, res := range []*http.Response{ours, other} {
				if link := res.Header.Get("Location"); !strings.HasPrefix(link, linkBase+"/") {
					return fmt.Errorf("the answer leads to %q", link)
				}
			}
			return sameHeaders(ours, other)
		})
}

// twoRoutes compares the routes oursPath and otherPath of one process. Before, every shopper has
// clicked once, and judge has seen that both routes answer as they should.
func (l *lab) twoRoutes(
	ctx context.Context, s shop, query, profile string, status int,
	judge func(ours, other *http.Response, oursBody, otherBody string) error,
) (comparison, error) {
	site, err := l.startCaddy(ctx, s.text())
	if err != nil {
		return comparison{}, err
	}
	defer site.stop()
	ours, err := l.side(site, s.algorithm(), oursPath+query, status)
	if err != nil {
		return comparison{}, err
	}
	defer ours.client.close()
	other, err := l.side(site, s.algorithm(), otherPath+query, status)
	if err != nil {
		return comparison{}, err
	}
	defer other.client.close()

	oursAnswer, oursBody, err := ask(site.addr, ours.client.script(0))
	if err != nil {
		return comparison{}, err
	}
	otherAnswer, otherBody, err := ask(site.addr, other.client.script(0))
	if err != nil {
		return comparison{}, err
	}
	if err := judge(oursAnswer, otherAnswer, oursBody, otherBody); err != nil {
		return comparison{}, err
	}
	var theirs contender = other
	var beside besides
	if s.check != "" {
		check, err := l.side(site, s.algorithm(), checkPath, status)
		if err != nil {
			return comparison{}, err
		}
		defer check.client.close()
		beside = besides{contender: other, other: check}
		theirs = &beside
	}
	c, err := compare(ctx, ours, theirs, l.pairs, l.requests)
	if err != nil {
		return c, err
	}
	if s.check != "" {
		c.check = beside.turns[1:] // the first pair warms up
	}
	if l.profile == "" {
		return c, nil
	}
	return c, l.takeProfiles(ctx, site, profile, ours.client, other.client)
}

// side opens connections to a route and lets every shopper click once.
func (l *lab) side(site *server, alg, path string, status int) (side, error) {
	requests, err := l.keys.clicks(alg, path, l.users)
	if err != nil {
		return side{}, err
	}
	s, err := l.sideOf(site, requests, status)
	if err != nil {
		return side{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// sideOf opens connections for requests, and sends each of them once.
func (l *lab) sideOf(site *server, requests [][]byte, status int) (side, error) {
	c, err := dial(site.addr, l.conns, status, repeat(requests))
	if err != nil {
		return side{}, err
	}
	if _, err := c.run(len(requests)); err != nil {
		c.close()
		return side{}, fmt.Errorf("%w\n%s", err, site.complaint())
	}
	pids, err := family(site.pid())
	if err != nil {
		c.close()
		return side{}, err
	}
	return side{pids: pids, client: c}, nil
}

// sameHeaders checks that a comparison is fair: both answers carry the same headers.
func sameHeaders(a, b *http.Response) error {
	for _, pair := range [][2]*http.Response{{a, b}, {b, a}} {
		for name := range pair[0].Header {
			if _, ok := pair[1].Header[name]; !ok {
				return fmt.Errorf("only one of the two answers has the header %s", name)
			}
		}
	}
	return sameFour(a, b)
}

// sameFour checks the headers that every redirect of ours carries.
func sameFour(a, b *http.Response) error {
	for _, name := range []string{
		"Cache-Control", "Referrer-Policy", "X-Content-Type-Options", "X-Robots-Tag",
	} {
		if a.Header.Get(name) != b.Header.Get(name) {
			return fmt.Errorf("the answers differ in %s: %q and %q", name, a.Header.Get(name),
				b.Header.Get(name))
		}
	}
	return nil
}

func (l *lab) noteRun(t *table) {
	t.note("%d pairs of turns of %d requests each, %d users, %d keep-alive connections; CPU per "+
		"request is the mean over all turns.",
		l.pairs, l.requests, l.users, l.conns)
}
