package ledger_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/ledgermodel"
	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
)

func TestModel(t *testing.T) {
	ledgermodel.Play(t, testsize.Long(ledgermodel.Sales), func(now func() time.Time) ledger.Store {
		return memorystore.New(now)
	})
}

// TestModelTorn plays the same on a store that takes each step on its own, and has the process die
// between two of them once in 200 steps.
func TestModelTorn(t *testing.T) {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(1, 0))
	cut := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return dice.IntN(200) == 0
	}
	// A reconciliation that dies begins anew, so this one has a quarter of the sales.
	sales := max(testsize.Long(ledgermodel.Sales/4), 100)
	ledgermodel.Play(t, sales, func(now func() time.Time) ledger.Store {
		return ledgertest.Tear(memorystore.New(now), cut)
	})
}
