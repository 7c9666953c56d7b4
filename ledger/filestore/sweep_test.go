package filestore_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// clock is a clock that a test sets.
type clock struct{ unix atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(c.unix.Load(), 0) }
func (c *clock) pass(d time.Duration)    { c.unix.Add(int64(d / time.Second)) }
func startClock(at time.Time) (c *clock) { c = &clock{}; c.unix.Store(at.Unix()); return c }

// fillUntil writes documents of a kind that end then.
func fillUntil(t *testing.T, store *filestore.Store, kind ledger.Kind, n int, until time.Time) {
	t.Helper()
	err := store.Do(t.Context(), func(s ledger.Steps) error {
		for i := range n {
			key := ledger.Key{Kind: kind, ID: fmt.Sprintf("%d until %d", i, until.Unix())}
			err := s.Change(key, func(ledger.Doc) (ledger.Doc, error) {
				return ledger.Doc{Value: make([]byte, 200), Until: until}, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// count scans a kind.
func count(t *testing.T, store *filestore.Store, kind ledger.Kind) (n int) {
	t.Helper()
	err := store.Scan(t.Context(), kind, func(string, ledger.Doc) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A sweep drops what is over, of all kinds, and nothing else; and what it frees is used again.
func TestSweep(t *testing.T) {
	c := startClock(time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC))
	store := opened(t, filestore.Config{Path: fresh(t), Now: c.now, SweepEvery: -1})
	put(t, store, ada, "for ever")
	fillUntil(t, store, 1, 2000, c.now().Add(time.Hour))
	fillUntil(t, store, 2, 700, c.now().Add(time.Hour))
	fillUntil(t, store, 2, 300, c.now().Add(3*time.Hour))
	full := store.Size()

	sweep := func(want int) {
		t.Helper()
		if n, err := store.Sweep(t.Context()); err != nil || n != want {
			t.Fatalf("swept %d, %v, want %d", n, err, want)
		}
	}
	c.pass(89 * time.Minute) // the end is kept to the hour, and never early
	sweep(0)
	if n := count(t, store, 1); n != 2001 {
		t.Fatalf("%d are there", n)
	}
	c.pass(time.Minute)
	if n := count(t, store, 1); n != 1 {
		t.Fatalf("%d are there before the sweep", n)
	}
	sweep(2700)
	sweep(0)
	if n := count(t, store, 2); n != 300 {
		t.Fatalf("%d are left", n)
	}
	has(t, store, ada, "for ever")

	swept := store.Size()
	if swept > full/3 {
		t.Errorf("%d bytes of %d are in use", swept, full)
	}
	fillUntil(t, store, 3, 1500, c.now().Add(time.Hour))
	if now := store.Size(); now > full {
		t.Errorf("%d bytes are in use, where %d were", now, full)
	}
}

// Freed pages are used again, so a file whose documents come and go does not grow.
func TestSweepReuses(t *testing.T) {
	c := startClock(time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC))
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path, Now: c.now, SweepEvery: -1})
	for range 40 { // a megabyte each; the file grows by sixteen at a time
		fillUntil(t, store, 1, 3000, c.now().Add(time.Hour))
		c.pass(2 * time.Hour)
		if n, err := store.Sweep(t.Context()); err != nil || n != 3000 {
			t.Fatalf("swept %d, %v", n, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 20<<20 {
		t.Fatalf("the file has %d bytes, %v", info.Size(), err)
	}
}

// A store sweeps by itself, soon after its start and then every few hours, until it is closed.
func TestSweepOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := filestore.Open(filestore.Config{Path: fresh(t)})
		if err != nil {
			t.Fatal(err)
		}
		for _, wait := range []time.Duration{0, 11 * time.Minute, 7 * time.Hour} {
			time.Sleep(wait)
			if n, err := store.Sweep(t.Context()); err != nil || n != 0 {
				t.Errorf("after %v, %d were left, %v", wait, n, err)
			}
			fillUntil(t, store, 1, 600, time.Now().Add(-time.Hour))
		}
		closed(t, store)
	})
}
