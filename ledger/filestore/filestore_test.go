package filestore_test

import (
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caddy-checkout/checkout/internal/ledgermodel"
	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
)

func TestMain(m *testing.M) {
	inChild(m)
	goleak.VerifyTestMain(m)
}

// opened is an open store, which the test closes if nobody else does.
func opened(t testing.TB, cfg filestore.Config) *filestore.Store {
	t.Helper()
	store, err := filestore.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return store
}

// fresh is where a file can be.
func fresh(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") }

func TestExperiments(t *testing.T) {
	ledgertest.Experiments(t, func(t *testing.T) ledger.Store {
		return opened(t, filestore.Config{Path: fresh(t)})
	})
}

func TestStores(t *testing.T) {
	ledgertest.Stores(t, func(t *testing.T) ledger.Store {
		return opened(t, filestore.Config{Path: fresh(t)})
	})
}

func TestStories(t *testing.T) {
	ledgertest.Stories(t, func(t *testing.T) ledger.Store {
		return opened(t, filestore.Config{Path: fresh(t)})
	})
}

func TestModel(t *testing.T) {
	ledgermodel.Play(t, testsize.Long(ledgermodel.Sales),
		func(now func() time.Time) ledger.Store {
			return opened(t, filestore.Config{Path: fresh(t), Now: now})
		})
}
