package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// xcaddyMain is the program that xcaddy writes for `xcaddy build … --with
// github.com/caddy-checkout/checkout=.`.
const xcaddyMain = `package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	// plug in Caddy modules here
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/caddy-checkout/checkout"
)

func main() {
	caddycmd.Main()
}
`

// TestXcaddy builds Caddy with the module as xcaddy does, and lets it judge the example. It needs
// neither xcaddy nor the network: every dependency is one of ours. Only xcaddy's -trimpath is left
// out: it changes no code, and would compile all of Caddy a second time.
func TestXcaddy(t *testing.T) {
	t.Parallel()
	binary, version := buildLikeXcaddy(t), caddyVersion(t)

	if got := output(t, binary, "version"); !strings.HasPrefix(got, version+" ") {
		t.Errorf("it is Caddy %q, want %s: our dependencies must not lift the version "+
			"that was asked for", got, version)
	}
	listed := strings.Fields(output(t, binary, "list-modules"))
	for _, id := range ownModules(t) {
		if !slices.Contains(listed, id) {
			t.Errorf("%s is not among its modules", id)
		}
	}
	output(t, binary, "validate", "--config", "Caddyfile.example", "--adapter", "caddyfile")
}

func buildLikeXcaddy(t *testing.T) (binary string) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go": xcaddyMain,
		"go.sum":  shoptest.Read(t, "go.sum"),
		"go.mod": "module caddy\n\ngo 1.26.0\n\n" +
			"require " + shoptest.ModulePath + " v0.0.0\n" +
			"require github.com/caddyserver/caddy/v2 " + caddyVersion(t) + "\n\n" +
			"replace " + shoptest.ModulePath + " => " + here + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	binary = filepath.Join(dir, "caddy")
	build := exec.Command("go", "build", "-o", binary, "-ldflags", "-w -s", "-tags",
		"nobadger,nomysql,nopgx")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS="+os.Getenv("GOFLAGS")+" -mod=mod")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	return binary
}

// output runs a binary with the keys that the example names, away from what is stored on this
// machine.
func output(t *testing.T, binary string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(shoptest.CleanEnv(t.TempDir()), "JWT_SECRET="+shoptest.JWTSecret,
		"ZOTLO_ACCESS_KEY="+sandbox.DefaultAccessKey,
		"ZOTLO_ACCESS_SECRET="+sandbox.DefaultAccessSecret,
		"ZOTLO_APPLICATION_KEY="+sandbox.DefaultApplicationKey)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v: %v\n%s", cmd, err, stderr.String())
	}
	return string(out)
}

// ownModules asks Caddy's registry for the modules whose types are this project's.
func ownModules(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, id := range caddy.Modules() {
		info, err := caddy.GetModule(id)
		if err != nil {
			t.Fatal(err)
		}
		module := reflect.TypeOf(info.New())
		if module.Kind() == reflect.Pointer {
			module = module.Elem()
		}
		path := module.PkgPath()
		if within(shoptest.ModulePath, path) && !strings.HasSuffix(path, "_test") {
			ids = append(ids, id)
		}
	}
	for _, id := range []string{
		"checkout", "checkout.caches.memory", "http.handlers.checkout_link",
	} {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is not registered", id)
		}
	}
	return ids
}
