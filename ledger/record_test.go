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

// TestFirstPaymentSize: what a first payment of a new subscriber needs, with all its indexes. Pages
// of the file are 69 % full when documents come in random order (ln 2), so 480 bytes need 700.
func TestFirstPaymentSize(t *testing.T) {
	store := memorystore.New(nil)
	l, err := ledger.Open(t.Context(), store, ledger.Config{Secrets: storySecrets(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if _, err := l.Record(t.Context(), boughtNow(1)); err != nil {
		t.Fatal(err)
	}
	// Beside each document the file has 16 bytes of bbolt's, and three for when it ends.
	const beside = 16 + 3
	size := 0
	for kind := range 256 {
		err := store.Scan(t.Context(), ledger.Kind(kind), func(id string, doc ledger.Doc) error {
			if !doc.Until.IsZero() {
				size += beside + len(id) + len(doc.Value)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if size < 400 || size > 480 {
		t.Errorf("a first payment needs %d bytes, want 400 to 480", size)
	}
}
