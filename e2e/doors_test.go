package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

const (
	caddyTree = "github.com/caddyserver"
	zapTree   = "go.uber.org/zap"
)

// libraries are the packages that anyone can embed without Caddy, each with those it may know among
// the project's own. Who the shopper is does not mix with what they are offered. The sandbox reads
// and writes the wire by itself, so that a mistake there is caught instead of shared. What two
// libraries need alike is a leaf below internal.
var libraries = map[string][]string{
	"auth":     {"internal"},
	"campaign": {"internal"},
	"zotlo":    {"internal"},
	"linkgen":  {"internal", "zotlo"},
	"ledger":   {"internal", "zotlo"},
	"sandbox":  nil,
}

// programs are the packages that join the libraries, with all that they may know and what they
// cannot do without.
var programs = map[string]struct{ may, must []string }{
	".":           {adapter("caddymodule"), []string{"caddymodule"}},
	"caddymodule": {adapter(), []string{"auth", "campaign", "linkgen"}},
	"cmd/caddy":   {adapter("caddymodule"), []string{"caddymodule"}},
	"cmd/demo":    {adapter("caddymodule", "sandbox"), []string{"caddymodule", "sandbox"}},
	"cmd/sandbox": {[]string{"internal", "sandbox"}, []string{"sandbox"}},
}

// adapter is what Caddy's side may know: every library but the sandbox.
func adapter(more ...string) []string {
	return append([]string{"internal", "auth", "campaign", "zotlo", "linkgen", "ledger"}, more...)
}

func TestDoors(t *testing.T) {
	for name, may := range libraries {
		if _, err := os.Stat(name); os.IsNotExist(err) {
			continue // not written yet
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deps := dependencies(t, own(name)+"/...")
			wantOnly(t, name, deps, may)
			for _, dep := range deps {
				if within(caddyTree, dep) || within(zapTree, dep) {
					t.Errorf("a library must not import %s", dep)
				}
			}
		})
	}
	for name, room := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deps := dependencies(t, own(name))
			wantOnly(t, name, deps, room.may)
			for _, must := range room.must {
				if !slices.Contains(deps, own(must)) {
					t.Errorf("does not import %s: the list is not the one this test means", must)
				}
			}
		})
	}
}

// The sandbox needs nothing but the standard library, whose import paths have no host.
func TestSandboxIsPlain(t *testing.T) {
	for _, dep := range dependencies(t, own("sandbox")) {
		host, _, _ := strings.Cut(dep, "/")
		if strings.Contains(host, ".") && dep != own("sandbox") {
			t.Errorf("the sandbox must not import %s", dep)
		}
	}
}

// wantOnly checks that of the project's own packages only some are imported, beside a package's own
// tree. That a list holds the package itself is proof that it is a real one.
func wantOnly(t *testing.T, name string, deps, may []string) {
	t.Helper()
	if !slices.ContainsFunc(deps, func(dep string) bool { return within(own(name), dep) }) {
		t.Errorf("the dependencies of %s do not hold it: %v", name, deps)
	}
	for _, dep := range deps {
		of := func(tree string) bool { return within(own(tree), dep) }
		allowed := slices.ContainsFunc(may, of)
		itself := dep == own(name) || name != "." && within(own(name), dep)
		if within(shoptest.ModulePath, dep) && !allowed && !itself {
			t.Errorf("%s must not import %s", name, dep)
		}
	}
}

// own is the import path of one of the project's folders.
func own(folder string) string {
	return filepath.ToSlash(filepath.Join(shoptest.ModulePath, folder))
}

// within reports whether an import path is a tree's root or below it.
func within(tree, path string) bool { return path == tree || strings.HasPrefix(path, tree+"/") }

// dependencies lists the packages that a pattern matches and all they import, tests aside.
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
