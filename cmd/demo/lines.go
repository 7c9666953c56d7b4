package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// lines is the Caddyfile, cut into lines, and where its blocks are.
type lines struct {
	Text      []string
	campaigns map[string]block
	routes    []route
}

// block is a piece of the Caddyfile; both ends are line numbers and belong to it.
type block struct{ First, Last int }

// route is a block that answers the paths of a pattern.
type route struct {
	pattern   string
	campaigns []string // that it names
	block
}

// routeDirectives are the directives that answer a path.
var routeDirectives = []string{"checkout_link", "checkout_embed", "checkout_webhook", "handle"}

// readLines finds the blocks that the panel points at. It counts on the layout of `caddy fmt`: a
// block ends with a brace at the indent of its first line.
func readLines(text string) lines {
	l := lines{
		Text:      strings.Split(strings.TrimRight(text, "\n"), "\n"),
		campaigns: make(map[string]block),
	}
	for i, line := range l.Text {
		words := strings.Fields(line)
		if len(words) < 3 || words[len(words)-1] != "{" {
			continue
		}
		switch {
		case words[0] == "campaign":
			l.campaigns[words[1]] = l.block(i)
		case slices.Contains(routeDirectives, words[0]) && strings.HasPrefix(words[1], "/"):
			l.routes = append(l.routes, route{words[1], words[2 : len(words)-1], l.block(i)})
		}
	}
	return l
}

// block returns the block that opens in line i.
func (l lines) block(i int) block {
	line := l.Text[i]
	end := line[:len(line)-len(strings.TrimLeft(line, "\t"))] + "}"
	for last := i + 1; last < len(l.Text); last++ {
		if l.Text[last] == end {
			return block{i + 1, last + 1}
		}
	}
	return block{i + 1, i + 1}
}

// excerpt is a piece of the Caddyfile as the panel shows it.
type excerpt struct {
	block
	Text string
}

// Range names the lines.
func (e excerpt) Range() string { return fmt.Sprintf("%d–%d", e.First, e.Last) }

// responsible returns the lines that made a request be answered as it was: the route, and the
// campaign.
func (l lines) responsible(urlPath, campaign string) []excerpt {
	var list []excerpt
	if r, ok := l.route(urlPath); ok {
		list = append(list, l.excerpt(r.block))
	}
	if b, ok := l.campaigns[campaign]; ok {
		list = append(list, l.excerpt(b))
	}
	return list
}

// campaignsOf returns the campaigns that the route of a path names.
func (l lines) campaignsOf(urlPath string) []string {
	r, _ := l.route(urlPath)
	return r.campaigns
}

func (l lines) route(urlPath string) (route, bool) {
	for _, r := range l.routes {
		if ok, _ := path.Match(r.pattern, urlPath); ok {
			return r, true
		}
	}
	return route{}, false
}

// excerpt cuts a block out, without the indent that all of its lines share.
func (l lines) excerpt(b block) excerpt {
	cut := make([]string, 0, b.Last-b.First+1)
	first := l.Text[b.First-1]
	indent := first[:len(first)-len(strings.TrimLeft(first, "\t"))]
	for _, line := range l.Text[b.First-1 : b.Last] {
		cut = append(cut, strings.TrimPrefix(line, indent))
	}
	return excerpt{b, strings.Join(cut, "\n")}
}
