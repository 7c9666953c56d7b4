package filestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// A backup of a file that is being written is the file at one moment: each sale in it is whole, and
// all that were told before it began are there. It goes into the place of the file as it is.
func TestBackupLive(t *testing.T) {
	store := opened(t, filestore.Config{Path: fresh(t)})
	sold := map[string]bool{}
	for i := range 50 {
		id := fmt.Sprintf("before %d", i)
		if err := store.Do(t.Context(), sell(id)); err != nil {
			t.Fatal(err)
		}
		sold[id] = true
	}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := 0; ctx.Err() == nil; j++ {
				err := store.Do(ctx, sell(fmt.Sprintf("%d-%d", i, j)))
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		var backup bytes.Buffer
		if err := store.Backup(t.Context(), &backup); err != nil {
			t.Fatal(err)
		}
		restored := fresh(t)
		if err := os.WriteFile(restored, backup.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if sales := intact(t, restored, sold); sales < 50 {
			t.Fatalf("%d sales", sales)
		}
	}
	stop()
	all.Wait()
}

// A backup has no free pages, and leaves nothing beside the file.
func TestBackupSmall(t *testing.T) {
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path})
	for _, value := range []string{string(make([]byte, 500)), ""} {
		err := store.Do(t.Context(), func(s ledger.Steps) error {
			for i := range uint64(5000) {
				if err := change(ledger.Key{Kind: 1, ID: hash(i, 16)}, value)(s); err != nil {
					return err
				}
			}
			return change(ada, "stays")(s)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var backup bytes.Buffer
	if err := store.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	if backup.Len() > 100<<10 {
		t.Errorf("one document in %d bytes", backup.Len())
	}
	has(t, store, ada, "stays")
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
		t.Errorf("beside the ledger: %v, %v", all, err)
	}
}

// failingWriter is a backup's disk that is full.
type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// A backup that cannot be written says why, and a closed store has none.
func TestBackupFails(t *testing.T) {
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path})
	full := errors.New("full")
	if err := store.Backup(t.Context(), failingWriter{full}); !errors.Is(err, full) {
		t.Errorf("%v, want %v", err, full)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.Backup(ctx, failingWriter{full}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was canceled", err)
	}
	closed(t, store)
	if err := store.Backup(t.Context(), failingWriter{full}); !errors.Is(err, filestore.ErrClosed) {
		t.Errorf("%v, want %v", err, filestore.ErrClosed)
	}
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
		t.Errorf("beside the ledger: %v, %v", all, err)
	}
}
