package filestore_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// written is the path of a closed file of a format, with one document.
func written(t *testing.T, format uint64) string {
	t.Helper()
	path := fresh(t)
	known := filestore.Formats{Current: format}
	store, err := filestore.OpenWith(filestore.Config{Path: path}, known)
	if err != nil {
		t.Fatal(err)
	}
	put(t, store, ada, "value")
	closed(t, store)
	return path
}

// mark is a conversion that writes into a bucket that it ran.
func mark(name string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		ran, err := tx.CreateBucketIfNotExists([]byte("ran"))
		if err != nil {
			return err
		}
		return ran.Put([]byte(name), []byte{1})
	}
}

// copies are the copies beside a file.
func copies(t *testing.T, path string) []string {
	t.Helper()
	names, err := filepath.Glob(path + ".format*")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A newer version's file is refused, with both formats named, and not touched.
func TestFormatNewer(t *testing.T) {
	path := written(t, 7)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, filestore.Config{Path: path}, filestore.ErrFormat, "7, which is newer than 1")
	if now, err := os.ReadFile(path); err != nil || string(now) != string(before) {
		t.Fatalf("it was changed: %v", err)
	}
}

// An older file is converted step by step, once, after a copy of it was put beside it. The copy is
// a whole ledger of the old format.
func TestFormatOlder(t *testing.T) {
	path := written(t, 1)
	known := filestore.Formats{Current: 3, From: map[uint64]func(*bbolt.Tx) error{
		1: mark("1 to 2"), 2: mark("2 to 3"),
	}}
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	cfg := filestore.Config{Path: path, Now: now}
	for range 2 {
		store, err := filestore.OpenWith(cfg, known)
		if err != nil {
			t.Fatal(err)
		}
		has(t, store, ada, "value")
		closed(t, store)
	}
	refused(t, filestore.Config{Path: path}, filestore.ErrFormat, "3, which is newer than 1")

	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		if n := tx.Bucket([]byte("ran")).Inspect().KeyN; n != 2 {
			t.Errorf("%d conversions ran", n)
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}

	kept := copies(t, path)
	if len(kept) != 1 {
		t.Fatalf("copies: %q", kept)
	}
	if info, err := os.Stat(kept[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	has(t, opened(t, filestore.Config{Path: kept[0]}), ada, "value")
}

// A conversion that fails leaves the file as it was, for the version that wrote it; and a version
// that does not know the way does not try.
func TestFormatFails(t *testing.T) {
	path := written(t, 1)
	broken := errors.New("not this one")
	for name, test := range map[string]struct {
		from map[uint64]func(*bbolt.Tx) error
		want error
	}{
		"it fails": {map[uint64]func(*bbolt.Tx) error{
			1: mark("1 to 2"), 2: func(*bbolt.Tx) error { return broken },
		}, broken},
		"it panics": {map[uint64]func(*bbolt.Tx) error{
			1: func(*bbolt.Tx) error { panic(broken) },
		}, filestore.ErrDamaged},
		"none": {map[uint64]func(*bbolt.Tx) error{1: mark("1 to 2")}, filestore.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			known := filestore.Formats{Current: 3, From: test.from}
			_, err := filestore.OpenWith(filestore.Config{Path: path}, known)
			if !errors.Is(err, test.want) {
				t.Fatalf("%v, want %v", err, test.want)
			}
			store := opened(t, filestore.Config{Path: path})
			has(t, store, ada, "value")
			closed(t, store)
		})
	}
	if kept := copies(t, path); len(kept) != 3 {
		t.Errorf("copies: %q", kept)
	}
}
