package filestore_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// TestPersonInARunIsSmall: somebody who was exposed and paid nothing takes at most 100 bytes of the
// file, pages in use and all that follows from them included.
func TestPersonInARunIsSmall(t *testing.T) {
	people := testsize.Of(30_000)
	store := opened(t, filestore.Config{Path: fresh(t)})
	secrets, err := ledger.NewSecrets([]byte("the secret of the test"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), store, ledger.Config{
		Secrets: secrets, Failed: func(operation string, err error) { t.Error(operation, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	run := &ledger.Run{
		Campaign: "pro", Experiment: "price", Settings: "1",
		Variants: []ledger.Share{{Variant: "control", Width: 1}, {Variant: "cheaper", Width: 1}},
	}
	begun := time.Now()
	for i := range people {
		l.Expose(ledger.Exposure{
			Run: run, Variant: run.Variants[i%2].Variant, At: "link",
			Subscriber: fmt.Sprint("hash ", rand.Uint64()),
			Time:       begun.Add(-time.Duration(i%30) * 24 * time.Hour),
		})
	}
	l.Close()
	each := float64(store.Size()) / float64(people)
	t.Logf("%.1f bytes each, %.0f people a second", each, float64(people)/time.Since(begun).Seconds())
	if people >= 30_000 && each > 100 {
		t.Errorf("%.1f bytes each", each)
	}
}
