// Package scripts_test presses, in Chromium, the buttons of the pages in docs/scripts.md and
// docs/embedded.md: with plain fetch, htmx, Turbo and Inertia, from another origin, and in a form
// that stands in the page; and tells a story of a partner of docs/campaigns.md. Caddyfiles, pages and scripts are those of the documentation.
package scripts_test

import (
	"os"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// TestMain lets the tests name the project's files by their paths from its root.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	code := shoptest.Main(m)
	closeBrowser()
	os.Exit(code)
}
