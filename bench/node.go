package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// nodeDir is where the Node handler is, seen from the module's root, where go run is called.
const nodeDir = "bench/node"

// measureNode compares the cached redirect with the one that a Node site would write. Its handler
// verifies the token of each request, as jose is used; the last row lets it remember verified
// tokens as we do.
func measureNode(ctx context.Context, l *lab) ([]table, error) {
	if _, err := os.Stat(filepath.Join(nodeDir, "node_modules")); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the packages are not installed: run `npm ci --prefix %s` first",
			nodeDir)
	}
	p := peer{name: "Node", start: startNode, bar: nodeBar}
	t, err := p.against(ctx, l, "Cached redirects per second of server CPU, by those of Express "+
		"with jose and lru-cache",
		append(eachRequest, duty{"any, Node remembers verified tokens too", "HS256", true}))
	t.note("On the clock the load generator shares the processors: Node uses one of them, Caddy " +
		"what is left of all.")
	return []table{t}, err
}

func startNode(
	ctx context.Context, l *lab, alg, _ string, remember bool,
) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "node", "server.js")
	cmd.Dir = nodeDir
	cmd.Env = append(l.peerEnv(port, alg, remember), "NODE_ENV=production")
	return start(cmd, port, nodeDir)
}

// peerEnv is what a peer is told in its environment.
func (l *lab) peerEnv(port, alg string, remember bool) []string {
	env := append(l.env(), "PORT="+port, "ALGORITHM="+alg, "PUBLIC_KEY="+l.keys.file(alg))
	if remember {
		env = append(env, "REMEMBER_TOKENS=1")
	}
	return env
}
