package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// sample is the content of a file with two levels of branches, small buckets, long values, rows,
// and free pages.
var sample = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "ledger")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := folder + "/ledger.db"
	store, err := filestore.Open(filestore.Config{Path: path})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	for round := range uint64(3) {
		err = errors.Join(err, store.Do(ctx, func(s ledger.Steps) error {
			err := change(ledger.Key{Kind: 2, ID: "small"}, "value")(s)
			for i := range uint64(300) {
				// Long keys make for few of them on a branch.
				key := ledger.Key{Kind: 1, ID: fmt.Sprintf("%0500d", i*3+round)}
				row := ledger.Key{Kind: 3, ID: hash(i, 8)}
				err = errors.Join(err, change(key, "value")(s),
					s.Add(row, "", ledger.Delta{Field: "n", N: int64(i)}))
			}
			long := ledger.Key{Kind: 2, ID: fmt.Sprint("long ", round%2)}
			return errors.Join(err, change(long, string(make([]byte, 9000*round)))(s))
		}))
	}
	if err := errors.Join(err, store.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// FuzzDamage opens a file in which bytes are not what they were, and uses all of it: nothing
// panics, and nothing hangs. Half of the damage hits the first bytes of a page, where it does the
// most.
func FuzzDamage(f *testing.F) {
	whole, err := sample()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint64(0), uint8(0), uint32(0))
	for seed := range uint64(60) {
		f.Add(seed, uint8(1+seed%5), uint32(0))
	}
	f.Add(uint64(1), uint8(0), uint32(1))
	f.Add(uint64(1), uint8(3), uint32(20000))
	f.Fuzz(func(t *testing.T, seed uint64, flips uint8, cut uint32) {
		random := rand.New(rand.NewPCG(seed, 0))
		damaged := append([]byte(nil), whole[:len(whole)-int(cut)%len(whole)]...)
		for range min(int(flips), len(damaged)) {
			at := random.IntN(len(damaged))
			if random.IntN(2) == 0 {
				at = min(at/4096*4096+random.IntN(100), len(damaged)-1)
			}
			damaged[at] ^= byte(1 + random.IntN(255))
		}
		path := fresh(t)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		store, err := filestore.Open(filestore.Config{Path: path, SweepEvery: -1})
		if err == nil {
			err = errors.Join(useAll(t, store), store.Close())
		}
		if flips == 0 && cut == 0 && err != nil {
			t.Errorf("without damage: %v", err)
		}
	})
}

// useAll does all there is with a store, and joins the errors.
func useAll(t *testing.T, store *filestore.Store) error {
	ctx := t.Context()
	var errs []error
	for kind := range ledger.Kind(5) {
		errs = append(errs,
			store.Scan(ctx, kind, func(string, ledger.Doc) error { return nil }),
			store.ScanRows(ctx, kind, func(string, map[string]int64) error { return nil }))
	}
	_, err := store.Sweep(ctx)
	errs = append(errs, err, store.Backup(ctx, io.Discard))
	for i := range uint64(6) {
		key := ledger.Key{Kind: ledger.Kind(1 + i%2), ID: fmt.Sprintf("%0500d", i*140)}
		_, err := store.Read(ctx, key, ledger.Key{Kind: 2, ID: "small"})
		_, err2 := store.Rows(ctx, ledger.Key{Kind: 3, ID: hash(i, 8)})
		errs = append(errs, err, err2,
			store.Do(ctx, change(key, hash(i, 20))), store.Do(ctx, change(key, "")))
	}
	_ = store.Size()
	return errors.Join(errs...)
}
