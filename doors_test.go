package checkout_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/caddy-checkout/checkout"

// TestDoors keeps the rooms apart. The libraries can be embedded without Caddy, who the shopper is does not mix with what
// he is offered, and the stand-in reads and writes the wire by itself, so that a mistake there is caught instead of shared.
func TestDoors(t *testing.T) {
	const (
		caddy       = "github.com/caddyserver/"
		zap         = "go.uber.org/zap"
		auth        = modulePath + "/auth"
		campaign    = modulePath + "/campaign"
		linkgen     = modulePath + "/linkgen"
		caddymodule = modulePath + "/caddymodule"
		sandbox     = modulePath + "/sandbox"
	)
	for _, room := range []struct {
		pattern string
		imports []string // the room itself, and proof that the list is a real one
		never   []string
	}{
		{"./auth/...", []string{auth}, []string{caddy, zap, campaign, linkgen, caddymodule, sandbox}},
		{"./campaign/...", []string{campaign}, []string{caddy, zap, auth, linkgen, caddymodule, sandbox}},
		{"./linkgen/...", []string{linkgen, linkgen + "/rediscache"}, []string{caddy, zap, auth, campaign, caddymodule, sandbox}},
		{"./sandbox/...", []string{sandbox}, []string{caddy, zap, modulePath}},
		{"./caddymodule/...", []string{caddymodule, caddy, auth, campaign, linkgen}, []string{sandbox}},
		{"./cmd/sandbox", []string{modulePath + "/cmd/sandbox", sandbox}, []string{caddy, zap, auth, campaign, linkgen, caddymodule}},
		{"./cmd/caddy", []string{modulePath + "/cmd/caddy", caddymodule, caddy, zap}, []string{sandbox}},
	} {
		t.Run(room.pattern, func(t *testing.T) {
			t.Parallel()
			deps := dependencies(t, room.pattern)
			for _, want := range room.imports {
				if !slices.ContainsFunc(deps, inside(want)) {
					t.Errorf("imports nothing of %s: the list is not the one this test means", want)
				}
			}
			for _, dep := range slices.DeleteFunc(deps, inside(room.imports[0])) {
				if i := slices.IndexFunc(room.never, func(tree string) bool { return inside(tree)(dep) }); i >= 0 {
					t.Errorf("must not import %s, but brings %s", room.never[i], dep)
				}
			}
		})
	}
}

// inside reports whether an import path is a tree's root or below it. A tree that ends in a slash has no root.
func inside(tree string) func(string) bool {
	return func(path string) bool {
		return path == tree || strings.HasPrefix(path, strings.TrimSuffix(tree, "/")+"/")
	}
}

// dependencies lists the packages a pattern matches and all they import, tests aside.
func dependencies(t *testing.T, pattern string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}}", pattern)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.String())
	}
	return strings.Fields(string(out))
}
