// Package accept reads the Accept header, for the one question that the checkout asks of it.
package accept

import (
	"strconv"
	"strings"
)

// PrefersJSON reports whether an Accept header asks for JSON rather than for a page (RFC 9110 section 12.5.1).
// JSON must be named; where a page is as welcome, the one named outright, then the one named first, wins.
func PrefersJSON(accept string) bool {
	if strings.IndexByte(accept, 'j') < 0 && strings.IndexByte(accept, 'J') < 0 {
		return false // what browsers send when they navigate: not worth another look
	}
	accept = strings.ToLower(accept)
	var json, page preference
	for i, entry := range strings.Split(accept, ",") {
		media, params, _ := strings.Cut(entry, ";")
		p := preference{q: quality(params), exact: 2, position: i}
		switch strings.TrimSpace(media) {
		case "application/json", "application/problem+json":
			json = json.better(p)
		case "text/html", "application/xhtml+xml":
			page = page.better(p)
		case "text/*":
			p.exact = 1
			page = page.better(p)
		case "*/*":
			p.exact = 0
			page = page.better(p)
		}
	}
	return json.q > 0 && json.better(page) == json
}

// preference is how welcome a media type is.
type preference struct {
	q        float64
	exact    int // 2 named outright, 1 by its type, 0 by */*
	position int
}

func (p preference) better(other preference) preference {
	switch {
	case other.q != p.q:
		if other.q > p.q {
			return other
		}
	case other.exact != p.exact:
		if other.exact > p.exact {
			return other
		}
	case other.position < p.position:
		return other
	}
	return p
}

// quality reads the q parameter; what cannot be read counts as 1, as if it were not there.
func quality(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(param), "=")
		if !ok || name != "q" {
			continue
		}
		if q, err := strconv.ParseFloat(value, 64); err == nil && q >= 0 && q <= 1 {
			return q
		}
	}
	return 1
}
