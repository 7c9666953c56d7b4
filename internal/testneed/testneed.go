// Package testneed finds the installed programs that some tests need.
//
// A test whose program is missing is skipped and says so, unless the environment variable
// CHECKOUT_TEST_REQUIRE names what it needs, in a list like "redis,chromium,npm": then it fails.
package testneed

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Redis returns the path of redis-server.
func Redis(t testing.TB) string {
	t.Helper()
	return program(t, "redis", "redis-server")
}

// Chromium returns the path of a Chromium or Chrome.
func Chromium(t testing.TB) string {
	t.Helper()
	return program(t, "chromium", "chromium", "chromium-browser", "google-chrome")
}

// Promtool returns the path of Prometheus's promtool.
func Promtool(t testing.TB) string {
	t.Helper()
	return program(t, "promtool", "promtool")
}

// Prometheus returns the path of the Prometheus server.
func Prometheus(t testing.TB) string {
	t.Helper()
	return program(t, "prometheus", "prometheus")
}

// OpenSSL returns the path of openssl.
func OpenSSL(t testing.TB) string {
	t.Helper()
	return program(t, "openssl", "openssl")
}

// Nginx returns the path of an nginx that has Lua, as Debian's packages install it: nginx,
// libnginx-mod-http-lua and lua-cjson.
func Nginx(t testing.TB) string {
	t.Helper()
	path := program(t, "nginx", "nginx")
	if _, err := os.Stat("/usr/lib/nginx/modules/ngx_http_lua_module.so"); err != nil {
		missing(t, "nginx", "nginx's Lua")
	}
	return path
}

// NodeModules returns the folder of the packages that `npm ci` installs beside the package.json in
// dir.
func NodeModules(t testing.TB, dir string) string {
	t.Helper()
	modules := filepath.Join(dir, "node_modules")
	// npm writes it last.
	if _, err := os.Stat(filepath.Join(modules, ".package-lock.json")); err != nil {
		missing(t, "npm", "what `npm ci` brings to "+dir)
	}
	return modules
}

// Node returns the path of Node.js.
func Node(t testing.TB) string {
	t.Helper()
	return program(t, "node", "node", "nodejs")
}

// Python returns the path of a Python that has this module. Debian's stands behind a later one that
// somebody has installed beside it.
func Python(t testing.TB, module string) string {
	t.Helper()
	return speaks(t, "python", []string{"python3", "/usr/bin/python3"}, "-c", "import "+module)
}

// Ruby returns the path of a Ruby that has this library.
func Ruby(t testing.TB, library string) string {
	t.Helper()
	return speaks(t, "ruby", []string{"ruby", "/usr/bin/ruby"}, "-e", "require '"+library+"'")
}

// speaks finds the first interpreter that runs a program of one line.
func speaks(t testing.TB, need string, names []string, flag, line string) string {
	t.Helper()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(context.Background(), path, flag, line).Run() == nil {
			return path
		}
	}
	missing(t, need, need+" with `"+line+"`")
	return ""
}

func program(t testing.TB, need string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, need, names[0])
	return ""
}

// missing skips a test whose program is not there, or fails it if it is required.
func missing(t testing.TB, need, what string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("CHECKOUT_TEST_REQUIRE"), ","), need) {
		t.Fatalf("%s is not installed, and CHECKOUT_TEST_REQUIRE asks for it", what)
	}
	t.Skipf("%s is not installed: this test needs it", what)
}
