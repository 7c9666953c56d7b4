//go:build unix

package redisstore

import (
	"context"
	"fmt"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/ledger"
)

// at is the Config of a store in a server.
func at(server *redistest.Server) Config { return Config{URLs: []string{server.URL()}} }

// durable starts a server that has on disk what it has answered.
func durable(t testing.TB) *redistest.Server {
	return redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
}

// A sale is recorded as the ledger does: a payment, its effects, the payment's mark that all is
// done. The effects lie in slots of their own.
const saleSteps = 4

var (
	state = ledger.Key{Kind: sales, ID: "state"}
	june  = ledger.Key{Kind: sums, ID: "june"}
)

// record takes the steps of a sale, and calls between before each of them but the first.
func record(ctx context.Context, s *Store, sale string, between func(done int)) error {
	payment := ledger.Key{Kind: sales, ID: sale}
	return s.Do(ctx, func(steps ledger.Steps) error {
		for i, step := range []func() error{
			func() error {
				return steps.Change(payment, func(old ledger.Doc) (ledger.Doc, error) {
					if old.Value == nil {
						old.Value = []byte("open")
					}
					return old, nil
				})
			},
			func() error { return steps.Change(state, to("paid")) },
			func() error {
				return steps.Add(june, sale, one("n"), ledger.Delta{Field: "eur", N: 1999})
			},
			func() error { return steps.Change(payment, to("done")) },
		} {
			if i > 0 && between != nil {
				between(i)
			}
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}

// reached says how many steps of a sale have happened, and fails where they are no beginning.
func reached(t *testing.T, s *Store, sale string) int {
	t.Helper()
	docs, err := s.Read(bg, ledger.Key{Kind: sales, ID: sale}, state)
	must(t, err)
	rows, err := s.Rows(bg, june)
	must(t, err)
	got := fmt.Sprintf("%s %s %v", docs[0].Value, docs[1].Value, rows[0])
	for i, want := range []string{
		"  map[]", "open  map[]", "open paid map[]", "open paid map[eur:1999 n:1]",
		"done paid map[eur:1999 n:1]",
	} {
		if got == want {
			return i
		}
	}
	t.Fatalf("what has happened is no beginning of the steps: %s", got)
	return 0
}

// eventually waits until a server reads and writes again.
func eventually(t *testing.T, s *Store) {
	t.Helper()
	redistest.Eventually(t, "the server is back", func() bool {
		_, err := s.Rows(bg, june)
		return err == nil && put(s, ada, to("back")) == nil
	})
}
