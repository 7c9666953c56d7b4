package ledger_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
	"github.com/caddy-checkout/checkout/zotlo"
)

// A spent or revoked offer is known for as long as any offer may be good, however short facts are
// kept, and no longer.
func TestOfferOutlivesFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := ledger.Open(t.Context(), memorystore.New(nil), ledger.Config{
			Secrets: storySecrets(t), Keep: 24 * time.Hour,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		spent, revoked := ledger.OfferHash("spent"), ledger.OfferHash("revoked")
		_, err = l.Record(t.Context(), ledger.Delivery{
			Payer: "ada",
			Event: zotlo.Event{
				Kind: zotlo.WebhookPayment, Type: "start_paid", Status: "start_paid",
				TransactionID: "t1", Price: "9.99", Currency: "EUR",
			},
			Attribution: ledger.Attribution{
				Campaign: "pro", Offer: spent, Random: "r1", Minute: ledger.MinuteOf(time.Now()),
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Revoke(t.Context(), revoked); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			after time.Duration
			known bool
		}{{time.Minute, true}, {ledger.OfferLife, true}, {3 * 24 * time.Hour, false}} {
			time.Sleep(test.after)
			paid, err := l.Facts(t.Context(), "ada", spent)
			if err != nil {
				t.Fatal(err)
			}
			ended, err := l.Facts(t.Context(), "", revoked)
			if err != nil {
				t.Fatal(err)
			}
			if paid.OfferSpent() != test.known || ended.OfferRevoked() != test.known {
				t.Errorf("%s later: spent %v, revoked %v", test.after, paid.OfferSpent(),
					ended.OfferRevoked())
			}
		}
	})
}

// The hash stands in links and files: it is never another one.
func TestOfferHash(t *testing.T) {
	if got := ledger.OfferHash("INV-2026-17"); got != "-briZNnuudwgnoVL" {
		t.Errorf("got %q", got)
	}
	if ledger.OfferHash("a") == ledger.OfferHash("b") {
		t.Error("two offers have one hash")
	}
}
