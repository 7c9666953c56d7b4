package memorystore_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
)

func TestStores(t *testing.T) {
	ledgertest.Stores(t, func(t *testing.T) ledger.Store {
		store := memorystore.New(nil)
		t.Cleanup(func() { _ = store.Close() })
		return store
	})
}
