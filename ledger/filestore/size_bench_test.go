package filestore_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// BenchmarkSize says what a fact needs, by pages in use, and how long a file of that size takes to
// open. A payment is four facts. With ten million facts, which takes minutes and 2 GB of disk:
//
//	CHECKOUT_FACTS=10000000 go test -run=- -bench=Size -benchtime=1x -timeout=2h .
func BenchmarkSize(b *testing.B) {
	facts := 20_000
	if s := os.Getenv("CHECKOUT_FACTS"); s != "" {
		var err error
		if facts, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	person := func(n uint64) func(ledger.Steps) error {
		key := ledger.Key{Kind: 50, ID: hash(n, 24)}
		return func(s ledger.Steps) error {
			return s.Change(key, func(ledger.Doc) (ledger.Doc, error) {
				until := time.Now().Add(9000 * time.Hour)
				return ledger.Doc{Value: make([]byte, 16), Until: until}, nil
			})
		}
	}
	for name, kind := range map[string]struct {
		things int
		write  func(uint64) func(ledger.Steps) error
	}{
		"payment": {facts / 4, pay},
		"person":  {facts, person},
	} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "ledger.db")
			for range b.N {
				_ = os.Remove(path)
				fill(b, path, kind.things, kind.write)
			}
		})
	}
}

// fill writes things into a new file, and reports on it. Many share a commit, since each commit
// writes all pages anew that it changes.
func fill(b *testing.B, path string, things int, write func(uint64) func(ledger.Steps) error) {
	store := opened(b, filestore.Config{Path: path})
	began := time.Now()
	const perCommit = 5000
	for from := 0; from < things; from += perCommit {
		err := store.Do(b.Context(), func(s ledger.Steps) error {
			for n := from; n < min(from+perCommit, things); n++ {
				if err := write(uint64(n))(s); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(store.Size())/float64(things), "bytes/thing")
	b.ReportMetric(float64(things)/time.Since(began).Seconds(), "things/s")
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	began = time.Now()
	opened(b, filestore.Config{Path: path})
	b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms/open")
	if info, err := os.Stat(path); err == nil {
		b.ReportMetric(float64(info.Size())/(1<<20), "MiB/file")
	}
	if keep := os.Getenv("CHECKOUT_FACTS_KEEP"); keep != "" {
		_ = os.Link(path, filepath.Join(keep, b.Name()[len("BenchmarkSize/"):]+".db"))
	}
}
