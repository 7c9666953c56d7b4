package filestore

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// backupPiece is how many bytes a backup writes in one transaction.
const backupPiece = 1 << 20

// Backup writes the file as it is at one moment, while it is used, and without its free pages. To
// restore it, put it in the place of the file. It needs as much space beside the file as it writes,
// for a while. Until it is done, freed pages are not used again.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := s.cfg.Path
	draft, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+backupSuffix+"*")
	if err != nil {
		return s.named(err)
	}
	defer func() {
		_ = draft.Close()
		_ = os.Remove(draft.Name())
	}()
	// First into a file, and then to w: a slow w would hold the free pages back for longer.
	if err := s.compactInto(draft.Name()); err != nil {
		return s.named(err)
	}
	_, err = io.Copy(w, reader{ctx, draft})
	return err
}

// compactInto writes all that is in use into another file, page after page full. That file is
// nobody's before it is whole, so it needs no syncs.
func (s *Store) compactInto(path string) error {
	options := bolt(path)
	// What a crash leaves of it is removed at the next start.
	options.NoSync, options.NoGrowSync = true, true
	return guard(func() (err error) {
		copied, err := bbolt.Open(path, 0o600, options)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, copied.Close()) }()
		return bbolt.Compact(copied, s.db, backupPiece)
	})
}

// reader reads until its context ends, so that a backup for a client that has gone ends as well.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
