// Package e2e_test drives the production binary as operators and shoppers do, plays those who abuse
// it, and holds the documentation to what it says.
package e2e_test

import (
	"os"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

const (
	ann = shoptest.Ann
	ben = shoptest.Ben
)

// TestMain lets the tests name the project's files by their paths from its root.
func TestMain(m *testing.M) {
	if err := os.Chdir(".."); err != nil {
		panic(err)
	}
	os.Exit(shoptest.Main(m))
}
