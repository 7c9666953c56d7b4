//go:build powercut

package filestore_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// disk is what a disk would have of a file if power failed.
type disk struct {
	mu     sync.Mutex
	synced []byte          // the file at its last sync
	told   map[string]bool // the sales that were answered with success
	cuts   []cut
}

// cut is one moment at which power might have failed.
type cut struct {
	image []byte
	told  map[string]bool
}

// sector is what a disk writes as a whole, in bytes.
const sector = 512

// cut notes what would be on the disk if power failed now: of each sector that was written since
// the last sync, the old content or the new one.
func (d *disk) cut(now []byte) {
	image := make([]byte, len(now))
	copy(image, d.synced)
	share := rand.Float64()
	for at := 0; at < len(now); at += sector {
		if end := min(at+sector, len(now)); rand.Float64() < share {
			copy(image[at:end], now[at:end])
		}
	}
	d.cuts = append(d.cuts, cut{image, maps.Clone(d.told)})
}

// sync is called before each sync of the system, when what is written may be on the disk or not.
func (d *disk) sync(path string) {
	now, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if rand.IntN(4) == 0 {
		d.cut(now)
	}
	d.synced = now
}

// TestDisk sells at several tills at once, and then looks at what would have been left if power had
// failed on the way.
func TestDisk(t *testing.T) {
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path})
	d := &disk{told: map[string]bool{}}
	if synced, err := os.ReadFile(path); err != nil {
		t.Fatal(err)
	} else {
		d.synced = synced // creation synced it, and its folder
	}
	bbolt.SyncHook = d.sync
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 40 {
				id := fmt.Sprintf("%d-%d", i, j)
				if err := store.Do(t.Context(), sell(id)); err != nil {
					t.Error(err)
				}
				d.mu.Lock()
				d.told[id] = true
				d.mu.Unlock()
			}
		})
	}
	all.Wait()
	bbolt.SyncHook = nil
	now, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // after the last answer nothing needs to be written any more
		d.cut(now)
	}
	for i, cut := range d.cuts {
		left := fresh(t)
		if err := os.WriteFile(left, cut.image, 0o600); err != nil {
			t.Fatal(err)
		}
		if sales := intact(t, left, cut.told); t.Failed() {
			t.Fatalf("cut %d: of %d sales, %d were told", i, sales, len(cut.told))
		}
		_ = os.Remove(left)
	}
	if len(d.cuts) < 10 {
		t.Fatalf("%d cuts", len(d.cuts))
	}
	t.Logf("%d cuts", len(d.cuts))
}
