package main

import (
	"cmp"
	"fmt"
	"strings"
)

// shop is a Caddyfile: options of the global checkout option, and one handle block per route.
type shop struct {
	alg       string // of the tokens; default HS256
	global    string // more options of the global one
	campaigns string
	routes    []route
	check     string // a directive of bench/checking, for one route more; empty: none
}

type route struct{ path, block string }

func (s shop) algorithm() string { return cmp.Or(s.alg, "HS256") }

// text writes the Caddyfile. All routes are alike but for what they do: each in its own handle, one
// path matcher.
func (s shop) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, `{
	admin unix/{$DIR}/admin.sock
	persist_config off
	auto_https off
	checkout {
		api_url {$API}
		jwt {
			%s
			from cookie session
		}
		%s
		%s
	}
}

http://:{$PORT} {
	bind 127.0.0.1
`, keyLine(s.algorithm()), s.global, s.campaigns)
	for _, r := range s.routes {
		fmt.Fprintf(&b, "\thandle %s {\n\t\t%s\n\t}\n", r.path, r.block)
	}
	b.WriteString("}\n")
	return b.String()
}

// plain is a campaign as most are.
const plain = `campaign pro {
			link_id 123
			package_name "Pro, lifetime"
		}`

// caddyRedirect is what Caddy itself does best: a redirect with the headers that ours carries.
func caddyRedirect(to string) string {
	return `header {
			Cache-Control no-store
			Referrer-Policy no-referrer
			X-Content-Type-Options nosniff
			X-Robots-Tag noindex
		}
		redir ` + to + ` 303`
}

// The routes of a comparison: paths of the same length.
const (
	oursPath  = "/click"
	otherPath = "/redir"
	checkPath = "/check"
)
