package ledger_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
)

func TestPayments(t *testing.T) {
	ledgertest.Payments(t, func(t *testing.T) *ledger.Ledger {
		return ledger.New(ledger.Config{
			Shared: memory(t), Local: memory(t),
			Failed: func(err error) { t.Error(err) },
		})
	})
}
