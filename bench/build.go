package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
)

// buildPart compares two builds. It runs only when it is named.
const buildPart = "build"

// measureBuild compares the cached redirect of this build with that of another one, in pairs of
// turns: what a change is worth shows sooner than in two ratios to something else. Without another
// build it compares this one with itself, which tells how much the machine's noise alone makes.
func measureBuild(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: "Server CPU per cached redirect, by that of another build",
		head:  []string{"what", "this build", "the other", "ratio", "pairs: middle half (all)"},
	}
	for alg := range strings.SplitSeq(l.algs, ",") {
		c, err := l.againstBuild(ctx, alg)
		if err != nil {
			return []table{t}, fmt.Errorf("%s: %w", alg, err)
		}
		ours, other := c.each()
		t.add("cached redirect, "+alg, micros(ours), micros(other), fmt.Sprintf("%.3f", c.ratio()),
			c.spread())
	}
	l.noteRun(&t)
	return []table{t}, nil
}

func (l *lab) againstBuild(ctx context.Context, alg string) (comparison, error) {
	s := shop{alg: alg, campaigns: plain, routes: []route{{oursPath, "checkout_link pro"}}}
	var sides [2]side
	for i, binary := range []string{l.binary, cmp.Or(l.against, l.binary)} {
		build := *l
		build.binary = binary
		site, err := build.startCaddy(ctx, s.text())
		if err != nil {
			return comparison{}, err
		}
		defer site.stop()
		if sides[i], err = l.side(site, alg, oursPath, http.StatusSeeOther); err != nil {
			return comparison{}, err
		}
		defer sides[i].client.close()
	}
	return compare(ctx, sides[0], sides[1], l.pairs, l.requests)
}
