package filestore_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// The size is that of pages in use. It warns before it is too much, and refuses nothing.
func TestSize(t *testing.T) {
	const maxSize = 1 << 20
	store := opened(t, filestore.Config{Path: fresh(t), MaxSize: maxSize})
	write := func(kind ledger.Kind, value string) {
		t.Helper()
		err := store.Do(t.Context(), func(s ledger.Steps) error {
			for i := range uint64(100) {
				if err := change(ledger.Key{Kind: kind, ID: hash(i, 16)}, value)(s); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(nearly, full bool) {
		t.Helper()
		if size := store.Size(); store.NearlyFull() != nearly || store.Full() != full {
			t.Fatalf("%d bytes: nearly %v, full %v", size, store.NearlyFull(), store.Full())
		}
	}
	value := string(make([]byte, 4<<10)) // two pages each
	is(false, false)
	write(1, value[:1900])
	is(false, false)
	write(2, value)
	is(true, false)
	write(3, value[:1900])
	is(true, true)
	write(1, "") // deleting is not refused either
	write(2, "")
	is(false, false)

	store.SetMaxSize(1)
	is(true, true)
	store.SetMaxSize(0)
	is(false, false)

	unbound := opened(t, filestore.Config{Path: fresh(t)})
	if unbound.Full() || unbound.NearlyFull() || unbound.Size() == 0 {
		t.Errorf("without a bound: %d bytes", unbound.Size())
	}
	closed(t, unbound)
	if unbound.Size() != 0 {
		t.Errorf("closed: %d bytes", unbound.Size())
	}
}
