//go:build unix

package redisstore

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/ledger"
)

// value is about as long as a sealed payment.
var value = strings.Repeat("x", 300)

// hash is an id as the ledger makes them: 16 bytes.
func hash(i int64) string { return fmt.Sprintf("%016x", i) }

// servers are the kinds of Redis that are measured: one that is as durable as can be, and one that
// is not.
func servers(b *testing.B, f func(b *testing.B, server *redistest.Server)) {
	for name, args := range map[string][]string{
		"always":   {"--appendonly", "yes", "--appendfsync", "always"},
		"everysec": {"--appendonly", "yes", "--appendfsync", "everysec"},
	} {
		b.Run(name, func(b *testing.B) { f(b, redistest.Start(b, args...)) })
	}
}

// at64 runs f by 64 at once, with a new number each time.
func at64(b *testing.B, unit string, f func(i int64) error) {
	b.Helper()
	var n atomic.Int64
	b.SetParallelism(32) // times two processors
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := f(n.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), unit)
}

// BenchmarkChange writes new documents.
func BenchmarkChange(b *testing.B) {
	servers(b, func(b *testing.B, server *redistest.Server) {
		s := open(b, at(server))
		at64(b, "changes/s", func(i int64) error {
			return put(s, ledger.Key{Kind: sales, ID: hash(i)}, to(value))
		})
	})
}

// BenchmarkAdd adds to 100 rows, two fields each time.
func BenchmarkAdd(b *testing.B) {
	servers(b, func(b *testing.B, server *redistest.Server) {
		s := open(b, at(server))
		at64(b, "adds/s", func(i int64) error {
			row := ledger.Key{Kind: sums, ID: hash(i % 100)}
			return count(s, row, hash(i), one("n"), ledger.Delta{Field: "eur", N: 1999})
		})
	})
}

// BenchmarkSale records sales of four steps.
func BenchmarkSale(b *testing.B) {
	servers(b, func(b *testing.B, server *redistest.Server) {
		s := open(b, at(server))
		at64(b, "sales/s", func(i int64) error { return record(bg, s, hash(i), nil) })
	})
}

// BenchmarkRead reads three documents in one round trip, as a click does.
func BenchmarkRead(b *testing.B) {
	s := open(b, Config{URLs: []string{redistest.Start(b).URL()}})
	for i := range int64(1000) {
		must(b, put(s, ledger.Key{Kind: sales, ID: hash(i)}, to(value)))
	}
	at64(b, "reads/s", func(i int64) error {
		_, err := s.Read(bg, ledger.Key{Kind: sales, ID: hash(i % 1000)},
			ledger.Key{Kind: sales, ID: hash((i + 1) % 1000)}, ledger.Key{Kind: sums, ID: "nobody"})
		return err
	})
}

// BenchmarkScan scans documents beside as many of others.
func BenchmarkScan(b *testing.B) {
	const documents = 20_000
	s := open(b, Config{URLs: []string{redistest.Start(b).URL()}})
	must(b, s.Do(bg, func(steps ledger.Steps) error {
		for i := range int64(documents) {
			for _, kind := range []ledger.Kind{sales, sums} {
				if err := steps.Change(ledger.Key{Kind: kind, ID: hash(i)}, to(value)); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	for b.Loop() {
		must(b, s.Scan(bg, sales, func(string, ledger.Doc) error { return nil }))
	}
	b.ReportMetric(float64(documents)*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

// BenchmarkBytes is what Redis needs for a document, beside its value; for a row of two fields; and
// for the mark of an addition.
func BenchmarkBytes(b *testing.B) {
	server := redistest.Start(b)
	s, admin := open(b, at(server)), server.Client()
	size := func(name string) float64 { return float64(admin.MemoryUsage(bg, name, 0).Val()) }
	for b.Loop() {
		for _, n := range []int{30, 300} {
			key := ledger.Key{Kind: sales, ID: hash(int64(n))}
			must(b, put(s, key, to(value[:n])))
			b.ReportMetric(size(s.name(docs, key))-float64(n), fmt.Sprint("bytes-beside-", n))
		}
		const marks = 10_000
		row := ledger.Key{Kind: sums, ID: hash(1)}
		for i := range int64(marks) {
			must(b, count(s, row, hash(i), one("n"), ledger.Delta{Field: "eur", N: 1999}))
		}
		b.ReportMetric(size(s.name(rows, row)), "bytes/row")
		b.ReportMetric(size(s.name(onces, row))/marks, "bytes/mark")
	}
}
