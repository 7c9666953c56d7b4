//go:build unix && !solaris && !illumos && !aix

package filestore

import (
	"fmt"
	"math/bits"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// mapsAhead: a map that is bigger than the file costs nothing but addresses, of which 64 bits have
// enough.
const mapsAhead = bits.UintSize == 64

// Identity is a file by its device and number, whatever it is called. Identities are compared with
// ==, and are keys of maps.
type Identity struct {
	device, inode uint64
}

// Identify says which file a path names: symbolic and hard links, and relative spellings, name the
// same one. It opens nothing. A file that is not there is fs.ErrNotExist. By it a configuration
// finds a file that is open in this process already, under another name.
func Identify(path string) (Identity, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Identity{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Identity{}, fmt.Errorf("%s: no inode", path)
	}
	device, inode := uint64(stat.Dev), uint64(stat.Ino) //nolint:unconvert // other types elsewhere
	return Identity{device, inode}, nil
}

// lock keeps other processes out, and other Stores of this one. bbolt takes the same lock again,
// which is none with the same file descriptor.
func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// checkOwner is an error if another user owns the file, root included: what one writes, the other
// might not be able to read.
func checkOwner(info os.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() {
		return nil
	}
	return fmt.Errorf("%w: to %s, and this process runs as %s; run it as the owner, "+
		"or chown the file", ErrOwner, userName(int(stat.Uid)), userName(os.Geteuid()))
}

// userName is the name of a user, or their number where the system knows no name, as in many
// containers.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "user " + strconv.Itoa(uid)
}
