package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"
)

// What can be wrong with the file. Every error of this package that is about the file wraps one of
// them, names the path, and says what to do.
var (
	// ErrClosed is the answer of a store that is closed.
	ErrClosed = errors.New("the store is closed")
	// ErrLocked: another process, or another Store of this one, has the file open.
	ErrLocked = errors.New("it is open already, in this process or in another one; " +
		"two Caddys of one user need two paths")
	// ErrOwner: the file belongs to another user than this process.
	ErrOwner = errors.New("it belongs to another user")
	// ErrUnreadable: this process may not read the file, or not enter its folder.
	ErrUnreadable = errors.New("it may not be read; " +
		"check the permissions of the file and its folders")
	// ErrReadOnly: this process may read the file and not write it.
	ErrReadOnly = errors.New("it may not be written; " +
		"check the file's permissions and its disk's mount")
	// ErrDamaged: what stands in the file is not what was written, or its end is missing. The file
	// stays as it is, so that what can be read of it is not lost.
	ErrDamaged = errors.New("it is damaged; put a backup in its place, or move it away")
	// ErrForeign: the path is no file, or one of another program.
	ErrForeign = errors.New("it is no ledger; choose another path")
	// ErrFormat: the file was written by a newer version, which may have put into it what this one
	// would misread.
	ErrFormat = errors.New("its format is newer than this version knows")
	// ErrFull: the disk, or a quota, is full. The store writes again as soon as there is space.
	ErrFull = errors.New("the disk is full")
	// ErrGone: the file is not there, or the path names another one by now.
	ErrGone = errors.New("it is gone; put it, or a backup, in its place")
	// ErrDisk: the disk fails. Whether the last steps were stored is not known.
	ErrDisk = errors.New("the disk fails; look at the system's log")
)

// fileError is an error of a file. It says the path once, however deep the error comes from.
type fileError struct {
	path  string
	cause error // wraps one of the above
}

func (e *fileError) Error() string { return fmt.Sprintf("ledger file %s: %v", e.path, e.cause) }
func (e *fileError) Unwrap() error { return e.cause }

// named is err with the file's path in front and its kind in it, once.
func named(path string, err error) error {
	var already *fileError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &already):
		return err
	}
	return &fileError{path: path, cause: kind(err)}
}

// kind adds to an error of bbolt or the system which of the errors above it is. bbolt writes some
// causes as text, so the texts of the system are asked as well.
func kind(err error) error {
	// is asks for the cause itself, and for its text at the end of the error's.
	is := func(causes ...error) bool {
		for _, cause := range causes {
			if errors.Is(err, cause) || strings.HasSuffix(err.Error(), cause.Error()) {
				return true
			}
		}
		return false
	}
	for _, known := range []struct {
		kind   error
		causes []error
	}{
		{ErrClosed, []error{berrors.ErrDatabaseNotOpen}},
		{ErrLocked, []error{berrors.ErrTimeout, syscall.EWOULDBLOCK}},
		{ErrFull, []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}},
		{ErrReadOnly, []error{syscall.EROFS}},
		{ErrDisk, []error{syscall.EIO}},
		{ErrDamaged, []error{berrors.ErrInvalid, berrors.ErrChecksum}},
		{ErrForeign, []error{berrors.ErrVersionMismatch, syscall.EISDIR, syscall.ENOTDIR}},
		{ErrUnreadable, []error{fs.ErrPermission}},
		{ErrGone, []error{fs.ErrNotExist}},
	} {
		// What has a kind already keeps it.
		if errors.Is(err, known.kind) {
			return err
		}
		if is(known.causes...) {
			return fmt.Errorf("%w (%w)", known.kind, err)
		}
	}
	return err
}

// healing reports whether a commit that failed with err was undone, so that the next one may
// succeed: bbolt could not write its pages. After a sync that failed nobody knows what is on the
// disk, and a second sync would not tell. https://wiki.postgresql.org/wiki/Fsync_Errors
func healing(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) || errors.Is(err, ErrFull)
}

// guard makes errors of panics: bbolt panics on pages that make no sense, and the system faults
// where a mapped file was cut off. What a caller's function panics with never gets here.
func guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w (%v)", ErrDamaged, p)
		}
	}()
	return do()
}
