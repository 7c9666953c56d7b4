package filestore_test

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// fails wants a write to fail for this cause.
func fails(t *testing.T, store *filestore.Store, cause error) {
	t.Helper()
	if err := store.Do(t.Context(), change(ada, "new")); !errors.Is(err, cause) {
		t.Fatalf("do: %v, want %v", err, cause)
	}
}

// failed wants the store to have stopped writing, for this cause and for good.
func failed(t *testing.T, store *filestore.Store, cause error) {
	t.Helper()
	if err := store.Err(); !errors.Is(err, cause) {
		t.Fatalf("err: %v, want %v", err, cause)
	}
	fails(t, store, cause)
}

// many fills a store with pages.
func many(t *testing.T, store *filestore.Store) {
	t.Helper()
	err := store.Do(t.Context(), func(s ledger.Steps) error {
		for i := range uint64(2000) {
			if err := change(ledger.Key{Kind: 1, ID: hash(i, 16)}, hash(i, 32))(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A payment that is written into a deleted file would be lost. So it is not taken, nor is any other
// until the file is back.
func TestDeleted(t *testing.T) {
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path})
	put(t, store, ada, "old")
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	fails(t, store, filestore.ErrGone)
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	failed(t, store, filestore.ErrGone)
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	failed(t, store, filestore.ErrGone)
	closed(t, store)
	store = opened(t, filestore.Config{Path: path, MustExist: true})
	put(t, store, ada, "again")
}

// A file that another program cuts off is an error of everything that meets the hole, and no end of
// the process. Afterwards the store closes, and lets go of the file.
func TestTruncated(t *testing.T) {
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path})
	many(t, store)
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	key := ledger.Key{Kind: 1, ID: hash(1, 16)}
	if _, err := store.Read(t.Context(), key); !errors.Is(err, filestore.ErrDamaged) {
		t.Errorf("read: %v", err)
	}
	err := store.Scan(t.Context(), 1, func(string, ledger.Doc) error { return nil })
	if !errors.Is(err, filestore.ErrDamaged) {
		t.Errorf("scan: %v", err)
	}
	if err := store.Backup(t.Context(), io.Discard); !errors.Is(err, filestore.ErrDamaged) {
		t.Errorf("backup: %v", err)
	}
	if _, err := store.Sweep(t.Context()); !errors.Is(err, filestore.ErrDamaged) {
		t.Errorf("sweep: %v", err)
	}
	// A take that meets it in a step gets it from the step, and may say something else.
	fails(t, store, filestore.ErrDamaged)
	own := errors.New("own")
	err = store.Do(t.Context(), func(s ledger.Steps) error {
		if _, err := s.Read(key); !errors.Is(err, filestore.ErrDamaged) {
			t.Errorf("step: %v", err)
		}
		return own
	})
	if err != own && !errors.Is(err, filestore.ErrDamaged) { //nolint:errorlint // as it is
		t.Errorf("do: %v", err)
	}
	_ = store.Close()
	refused(t, filestore.Config{Path: path}, filestore.ErrDamaged)
}

// A context that ends while another commit is under way takes its call back.
func TestWithdrawn(t *testing.T) {
	store := opened(t, filestore.Config{Path: fresh(t)})
	busy, free := make(chan struct{}), make(chan struct{})
	first := make(chan error)
	go func() {
		first <- store.Do(t.Context(), func(s ledger.Steps) error {
			close(busy)
			<-free
			return change(ada, "first")(s)
		})
	}()
	<-busy
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	go func() {
		second <- store.Do(ctx, func(ledger.Steps) error {
			t.Error("it was taken")
			return nil
		})
	}()
	for store.Waiting() == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("second: %v", err)
	}
	// Readers do not wait for a writer.
	has(t, store, ada, "")
	close(free)
	if err := <-first; err != nil {
		t.Errorf("first: %v", err)
	}
	has(t, store, ada, "first")
}

// Close lets what has begun end, and everything that comes later fail.
func TestCloseWaits(t *testing.T) {
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path})
	busy, free := make(chan struct{}), make(chan struct{})
	first, done := make(chan error), make(chan error)
	go func() {
		first <- store.Do(t.Context(), func(s ledger.Steps) error {
			close(busy)
			<-free
			return change(ada, "first")(s)
		})
	}()
	<-busy
	waits := make(chan error) // a call that is in the queue before Close
	go func() { waits <- store.Do(t.Context(), change(ada, "second")) }()
	for store.Waiting() == 0 {
		runtime.Gosched()
	}
	go func() { done <- store.Close() }()
	for !store.Closed() {
		runtime.Gosched()
	}
	fails(t, store, filestore.ErrClosed)
	select {
	case err := <-done:
		t.Fatalf("it closed below a take: %v", err)
	default:
	}
	close(free)
	if err := errors.Join(<-first, <-waits, <-done); err != nil {
		t.Fatal(err)
	}
	has(t, opened(t, filestore.Config{Path: path}), ada, "second")
}

// A take that ends its goroutine, as FailNow does, ends neither the writer nor anybody who waits.
func TestTakeEnds(t *testing.T) {
	store := opened(t, filestore.Config{Path: fresh(t)})
	err := store.Do(t.Context(), func(ledger.Steps) error {
		runtime.Goexit()
		return nil
	})
	if err == nil {
		t.Error("it succeeded")
	}
	put(t, store, ada, "value")
}

// Steps that are kept beyond their take are refused.
func TestStepsKept(t *testing.T) {
	store := opened(t, filestore.Config{Path: fresh(t)})
	var kept ledger.Steps
	err := store.Do(t.Context(), func(s ledger.Steps) error {
		kept = s
		return change(ada, "value")(s)
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = kept.Read(ada)
	for name, err := range map[string]error{
		"read":   err,
		"change": change(ada, "later")(kept),
		"add":    kept.Add(ada, "", ledger.Delta{Field: "n", N: 1}),
	} {
		if err == nil {
			t.Errorf("%s succeeded", name)
		}
	}
	has(t, store, ada, "value")
}
