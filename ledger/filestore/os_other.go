//go:build !unix || solaris || illumos || aix

package filestore

import (
	"os"
	"path/filepath"
)

// mapsAhead: some of these systems make the file as big as its map.
const mapsAhead = false

// Identity is a file by its full path. Identities are compared with ==, and are keys of maps.
type Identity struct {
	path string
}

// Identify says which file a path names. Hard links are not recognized here; the file's lock still
// keeps a second Store out. A file that is not there is fs.ErrNotExist.
func Identify(path string) (Identity, error) {
	full, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Identity{}, err
	}
	full, err = filepath.Abs(full)
	return Identity{path: full}, err
}

// lock is left to bbolt.
func lock(*os.File) error { return nil }

// checkOwner is left to the system.
func checkOwner(os.FileInfo) error { return nil }
