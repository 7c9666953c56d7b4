package main

import (
	"context"
	"os/exec"
	"path/filepath"
)

// measureEmbed compares the cached redirect with that of auth and linkgen in a plain net/http
// server, and Caddy's redir with one of net/http: what Caddy costs, and what we cost.
func measureEmbed(ctx context.Context, l *lab) ([]table, error) {
	binary := filepath.Join(l.dir, "embedded")
	if err := goBuild(ctx, binary, "bench/embedded"); err != nil {
		return nil, err
	}
	p := peer{name: "net/http", start: func(
		ctx context.Context, l *lab, alg, link string, remember bool,
	) (*server, error) {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, binary)
		cmd.Env = append(l.peerEnv(port, alg, remember), "LINK="+link)
		return start(cmd, port, l.dir)
	}}
	t, err := p.against(ctx, l, "Cached redirects per second of server CPU, by those of net/http "+
		"with auth and linkgen, without Caddy", []duty{{"any, both remember", "HS256", true}})
	if err != nil {
		return []table{t}, err
	}
	c, err := p.bare(ctx, l)
	if err != nil {
		return []table{t}, err
	}
	p.row(&t, duty{name: "none: Caddy's redir, net/http's", remember: true}, c)
	l.keepPair("bare redirect", "Caddy beside "+p.name, p.name, c)
	return []table{t}, nil
}
