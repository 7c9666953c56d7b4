package ledger_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
)

func TestExperiments(t *testing.T) {
	ledgertest.Experiments(t, func(t *testing.T) ledger.Store { return memorystore.New(nil) })
}

func TestStoriesTorn(t *testing.T) {
	ledgertest.Stories(t, func(t *testing.T) ledger.Store {
		return ledgertest.Tear(memorystore.New(nil), func() bool { return false })
	})
}

func TestStories(t *testing.T) {
	ledgertest.Stories(t, func(t *testing.T) ledger.Store { return memorystore.New(nil) })
}
