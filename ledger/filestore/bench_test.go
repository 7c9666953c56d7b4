package filestore_test

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// hash is an id as the ledger's are: a part of a keyed hash.
func hash(n uint64, size int) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
	return string(sum[:size])
}

// pay takes the steps of one payment: four documents and a row.
func pay(n uint64) func(ledger.Steps) error {
	return func(s ledger.Steps) error {
		for kind, size := range []int{150, 60, 60, 60} {
			key := ledger.Key{Kind: ledger.Kind(kind), ID: hash(n, 16)}
			err := s.Change(key, func(ledger.Doc) (ledger.Doc, error) {
				return ledger.Doc{Value: make([]byte, size)}, nil
			})
			if err != nil {
				return err
			}
		}
		row := ledger.Key{Kind: 100, ID: "2026-11-29 pro EUR"}
		return s.Add(row, "", ledger.Delta{Field: "n", N: 1}, ledger.Delta{Field: "cents", N: 1999})
	}
}

// BenchmarkDo is a payment that is durable when it returns: one caller alone, and 64 at once.
func BenchmarkDo(b *testing.B) {
	for name, callers := range map[string]int{"alone": 1, "64 at once": 64} {
		b.Run(name, func(b *testing.B) {
			store := opened(b, filestore.Config{Path: fresh(b)})
			var n atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range callers {
				all.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						if err := store.Do(b.Context(), pay(uint64(i))); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "do/s")
		})
	}
}
