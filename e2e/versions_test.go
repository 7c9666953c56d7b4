package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// Versions below these have known holes in what is theirs to guard.
func TestAbuse66VersionFloor(t *testing.T) {
	mod := shoptest.Read(t, "go.mod")
	for path, floor := range map[string]string{
		"github.com/caddyserver/caddy/v2": "v2.11.5", "github.com/golang-jwt/jwt/v5": "v5.2.2",
		"github.com/MicahParks/jwkset": "v0.6.0",
		"github.com/redis/go-redis/v9": "v9.7.3",
	} {
		found := regexp.MustCompile(regexp.QuoteMeta(path) + ` (v\S+)`).FindStringSubmatch(mod)
		if found == nil {
			t.Errorf("%s is not in go.mod", path)
			continue
		}
		if older(found[1], floor) {
			t.Errorf("%s is %s, older than %s", path, found[1], floor)
		}
	}
	line := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(mod)
	if line == nil || older("v"+line[1], "v1.26.0") {
		t.Errorf("the go line is %q", line)
	}
	if strings.Contains(mod, "dgrijalva") {
		t.Error("the abandoned JWT library is among the dependencies")
	}
}

// older compares versions of three numbers.
func older(version, floor string) bool {
	var a, b [3]int
	fmt.Sscanf(version, "v%d.%d.%d", &a[0], &a[1], &a[2])
	fmt.Sscanf(floor, "v%d.%d.%d", &b[0], &b[1], &b[2])
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// TestDocsNameThisCaddy keeps the version in `xcaddy build` lines that of go.mod: xcaddy refuses to
// lift a named one.
func TestDocsNameThisCaddy(t *testing.T) {
	build := regexp.MustCompile(`xcaddy build (v[\d.]+)`)
	for _, file := range markdownFiles(t) {
		for _, m := range build.FindAllStringSubmatch(shoptest.Read(t, file), -1) {
			if m[1] != caddyVersion(t) {
				t.Errorf("%s says %q, but go.mod asks for Caddy %s", file, m[0], caddyVersion(t))
			}
		}
	}
}

// caddyVersion is the version of Caddy that go.mod asks for.
func caddyVersion(t *testing.T) string {
	t.Helper()
	line := regexp.MustCompile(`github.com/caddyserver/caddy/v2 (v\S+)`)
	found := line.FindStringSubmatch(shoptest.Read(t, "go.mod"))
	if found == nil {
		t.Fatal("go.mod does not name Caddy")
	}
	return found[1]
}
