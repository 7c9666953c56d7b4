package filestore_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// setFileUser sets whose file permissions this thread has.
func setFileUser(uid int) error { return syscall.Setfsuid(uid) }

// throughDevice makes what the store writes and syncs go to a device, until the function that it
// returns is called.
func throughDevice(t *testing.T, store *filestore.Store, name string) (back func()) {
	t.Helper()
	fd := store.Fd()
	saved, err := syscall.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	device, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Dup3(int(device.Fd()), fd, syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	return func() {
		err := syscall.Dup3(saved, fd, syscall.O_CLOEXEC)
		if err := errors.Join(err, syscall.Close(saved), device.Close()); err != nil {
			t.Error(err)
		}
	}
}

// On a full disk nothing is written, and what is there is read. With space again, it is written
// again.
func TestDiskFull(t *testing.T) {
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path})
	put(t, store, ada, "old")
	back := throughDevice(t, store, "/dev/full")
	for range 3 {
		fails(t, store, filestore.ErrFull)
		has(t, store, ada, "old")
	}
	back()
	if err := store.Err(); err != nil {
		t.Errorf("it stopped writing: %v", err)
	}
	put(t, store, ada, "again")
	closed(t, store)
	has(t, opened(t, filestore.Config{Path: path}), ada, "again")
}

// A sync that failed is not tried again: the system may have dropped what it could not write, and
// say yes to the second one. The null device takes everything and syncs nothing.
func TestSyncFails(t *testing.T) {
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path})
	put(t, store, ada, "old")
	back := throughDevice(t, store, "/dev/null")
	fails(t, store, filestore.ErrDisk)
	back()
	failed(t, store, filestore.ErrDisk)
	has(t, store, ada, "old")
	closed(t, store)
	store = opened(t, filestore.Config{Path: path, MustExist: true})
	has(t, store, ada, "old")
	put(t, store, ada, "again")
}
