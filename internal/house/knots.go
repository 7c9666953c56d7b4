package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// knots are the sets of files that all need each other, largest first. A file alone is none.
func (g graph) knots() [][]string {
	t := tarjan{
		g: g, index: make(map[string]int), low: make(map[string]int), on: make(map[string]bool),
	}
	for _, file := range slices.Sorted(maps.Keys(g)) {
		if t.index[file] == 0 {
			t.visit(file)
		}
	}
	slices.SortStableFunc(t.found, func(a, b []string) int { return len(b) - len(a) })
	return t.found
}

// largest is how many files the largest knot has, 0 without one.
func (g graph) largest() int {
	if k := g.knots(); len(k) > 0 {
		return len(k[0])
	}
	return 0
}

// tarjan finds strongly connected components (R. Tarjan, Depth-first search and linear graph
// algorithms, 1972).
type tarjan struct {
	g          graph
	index, low map[string]int
	on         map[string]bool
	stack      []string
	found      [][]string
}

func (t *tarjan) visit(file string) {
	n := len(t.index) + 1
	t.index[file], t.low[file], t.on[file] = n, n, true
	t.stack = append(t.stack, file)
	for _, to := range slices.Sorted(maps.Keys(t.g[file])) {
		if t.index[to] == 0 {
			t.visit(to)
			t.low[file] = min(t.low[file], t.low[to])
		} else if t.on[to] {
			t.low[file] = min(t.low[file], t.index[to])
		}
	}
	if t.low[file] != t.index[file] {
		return
	}
	i := slices.Index(t.stack, file)
	members := slices.Sorted(slices.Values(t.stack[i:]))
	t.stack = t.stack[:i]
	for _, m := range members {
		t.on[m] = false
	}
	if len(members) > 1 {
		t.found = append(t.found, members)
	}
}

// describe writes the knots with their members and the edges that tie them, those of the fewest
// names first: they are the ones to cut.
func (g graph) describe(w io.Writer) {
	for _, members := range g.knots() {
		fmt.Fprintf(w, "  knot of %d: %s\n", len(members), strings.Join(members, " "))
		type edge struct {
			from, to string
			names    []string
		}
		var edges []edge
		for _, from := range members {
			for to, names := range g[from] {
				if slices.Contains(members, to) {
					edges = append(edges, edge{from, to, names})
				}
			}
		}
		slices.SortFunc(edges, func(a, b edge) int {
			return cmp.Or(
				len(a.names)-len(b.names), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
		})
		for _, e := range edges {
			names := strings.Join(e.names, ", ")
			fmt.Fprintf(w, "    %d  %s -> %s: %s\n", len(e.names), e.from, e.to, names)
		}
	}
}
