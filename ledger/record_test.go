package ledger_test

import (
	"strings"
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

// What a page quoted stands in a first payment and in its subscription, and in no renewal: nobody
// compares those.
func TestRenewalHoldsNoQuote(t *testing.T) {
	l := fuzzLedger(t)
	for _, d := range []ledger.Delivery{bought(1), renewed(1, 1), renewed(1, 2)} {
		if _, err := l.Record(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	var text strings.Builder
	if err := l.Export(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	quoted := 0
	for line := range strings.Lines(text.String()) {
		if !strings.Contains(line, `"quote":"9.99"`) {
			continue
		}
		quoted++
		if strings.Contains(line, `"status":"renewal"`) {
			t.Errorf("a renewal holds it: %s", line)
		}
	}
	if quoted != 2 {
		t.Errorf("%d documents hold it, want the payment's and the subscription's", quoted)
	}
	if n := strings.Count(text.String(), `"campaign":"black-friday"`); n != 4 {
		t.Errorf("%d documents are the campaign's, want 4", n)
	}
}
