//go:build unix

package filestore_test

import (
	"errors"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// A pipe that nobody writes to would be waited for.
func TestOpenPipe(t *testing.T) {
	path := t.TempDir() + "/pipe"
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, filestore.Config{Path: path}, filestore.ErrForeign)
}

// The file of another user is refused, and both are named. Root makes one, anybody else takes
// root's.
func TestOpenOwner(t *testing.T) {
	path, owner := "/etc/passwd", 0
	if os.Geteuid() == 0 {
		path, owner = fresh(t), 1
		closed(t, opened(t, filestore.Config{Path: path}))
		if err := os.Chown(path, owner, -1); err != nil {
			t.Fatal(err)
		}
	}
	theirs, err := user.LookupId(strconv.Itoa(owner))
	if err != nil {
		t.Fatal(err)
	}
	own, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	refused(t, filestore.Config{Path: path}, filestore.ErrOwner, "to "+theirs.Username,
		"runs as "+own.Username)
}

// asNobody runs a function with the file permissions of a user who is not root. Those are a
// thread's own in Linux; elsewhere the tests run as an ordinary user.
func asNobody(t *testing.T, do func()) {
	if os.Geteuid() != 0 {
		do()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := setFileUser(65534); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := setFileUser(0); err != nil {
			panic(err)
		}
	}()
	do()
}

// A file that may be read is told from one that may not. Both stay as they are.
func TestOpenPermissions(t *testing.T) {
	for mode, cause := range map[os.FileMode]error{
		0o444: filestore.ErrReadOnly,
		0o000: filestore.ErrUnreadable,
	} {
		// The folders of t.TempDir are closed to the others.
		folder, err := os.MkdirTemp("", "ledger")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		path := folder + "/ledger.db"
		closed(t, opened(t, filestore.Config{Path: path}))
		if err := errors.Join(os.Chmod(folder, 0o755), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		asNobody(t, func() { refused(t, filestore.Config{Path: path}, cause) })
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%v, %v, want %v", info.Mode(), err, mode)
		}
	}
}
