package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// nodeDir is where the Node handler is, seen from the module's root, where go run is called.
const nodeDir = "bench/node"

// measureNode compares the cached redirect with the one that a Node site would write. Its handler
// verifies the token of each request, as jose is used; the last row lets it remember verified
// tokens as we do.
func measureNode(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: "Cached redirects per second of server CPU, by those of Express with jose and " +
			"lru-cache",
		head: []string{
			"tokens", "ours", "Node", "ratio", "pairs: middle half (all)", "bar", "",
			"per second on the clock", "ratio",
		},
	}
	if _, err := os.Stat(filepath.Join(nodeDir, "node_modules")); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the packages are not installed: run `npm ci --prefix %s` first",
			nodeDir)
	}
	for _, test := range []struct {
		name, alg string
		remember  bool
	}{
		{"HS256", "HS256", false},
		{"RS256", "RS256", false},
		{"ES256", "ES256", false},
		{"any, Node remembers verified tokens too", "HS256", true},
	} {
		c, err := l.againstNode(ctx, test.alg, test.remember)
		if err != nil {
			return []table{t}, fmt.Errorf("%s: %w", test.name, err)
		}
		ours, node := c.each()
		ratio := 1 / c.ratio()
		bar, met := fmt.Sprintf("≥ %.0f", nodeBar), verdict(ratio >= nodeBar)
		if test.remember {
			bar, met = "", ""
		}
		oursTook, nodeTook := c.took()
		t.add(test.name, perSecond(ours), perSecond(node), fmt.Sprintf("%.1f", ratio), inverse(c),
			bar, met, perSecond(oursTook)+" and "+perSecond(nodeTook),
			fmt.Sprintf("%.1f", float64(nodeTook)/float64(oursTook)))
	}
	l.noteRun(&t)
	t.note("On the clock the load generator shares the processors: Node uses one of them, Caddy " +
		"what is left of all.")
	return []table{t}, nil
}

// againstNode measures our redirect against that of Node.
func (l *lab) againstNode(ctx context.Context, alg string, remember bool) (comparison, error) {
	s := shop{alg: alg, campaigns: plain, routes: []route{{oursPath, "checkout_link pro"}}}
	site, err := l.startCaddy(ctx, s.text())
	if err != nil {
		return comparison{}, err
	}
	defer site.stop()
	node, err := l.startNode(ctx, alg, remember)
	if err != nil {
		return comparison{}, err
	}
	defer node.stop()
	var sides [2]side
	var answers [2]*http.Response
	for i, server := range []*server{site, node} {
		sides[i], err = l.side(server, s.algorithm(), oursPath, http.StatusSeeOther)
		if err != nil {
			return comparison{}, err
		}
		defer sides[i].client.close()
		if answers[i], _, err = ask(server.addr, sides[i].client.script(0)); err != nil {
			return comparison{}, err
		}
	}
	if len(answers[0].Header.Get("Location")) != len(answers[1].Header.Get("Location")) {
		return comparison{}, fmt.Errorf("the links differ: %q and %q",
			answers[0].Header.Get("Location"), answers[1].Header.Get("Location"))
	}
	// Node compiles the code that is hot, some time after it has become so.
	if _, err := sides[1].client.run(10 * l.requests); err != nil {
		return comparison{}, err
	}
	return compare(ctx, sides[0], sides[1], l.pairs, l.requests)
}

func (l *lab) startNode(ctx context.Context, alg string, remember bool) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "node", "server.js")
	cmd.Dir = nodeDir
	cmd.Env = append(l.env(), "PORT="+port, "NODE_ENV=production", "ALGORITHM="+alg,
		"PUBLIC_KEY="+l.keys.file(alg))
	if remember {
		cmd.Env = append(cmd.Env, "REMEMBER_TOKENS=1")
	}
	return start(cmd, port, nodeDir)
}

// perSecond is how many requests fit a second of CPU.
func perSecond(each time.Duration) string {
	return fmt.Sprintf("%.0f", float64(time.Second)/float64(each))
}

// inverse is the spread of a comparison the other way round.
func inverse(c comparison) string {
	return comparison{n: c.n, ours: c.other, other: c.ours}.spread()
}
