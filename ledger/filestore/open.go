package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Open opens the file, and creates it if it is missing. It waits for nobody: a file that is open
// elsewhere is ErrLocked. A file of an older format is converted, after a copy of it was put beside
// it. Errors wrap one of those of this package.
func Open(cfg Config) (*Store, error) { return openAs(cfg, current) }

// openAs is Open of a program that knows these formats.
func openAs(cfg Config, known formats) (*Store, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.SweepEvery == 0 {
		cfg.SweepEvery = 6 * time.Hour
	}
	// The path is looked at again after each commit, wherever the process is by then.
	full, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, named(cfg.Path, err)
	}
	cfg.Path = full
	s, err := open(cfg, known)
	if err != nil {
		return nil, named(cfg.Path, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	if cfg.SweepEvery > 0 {
		s.sweeper.Go(func() { s.sweepOften(ctx) })
	}
	return s, nil
}

// open finds or creates the file, opens it, and makes it one of the current format. It starts
// nothing.
func open(cfg Config, known formats) (*Store, error) {
	err := inspect(cfg.Path)
	if errors.Is(err, fs.ErrNotExist) && !cfg.MustExist {
		if err = create(cfg.Path, known); err == nil {
			err = inspect(cfg.Path)
		}
	}
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg}
	s.SetMaxSize(cfg.MaxSize)
	s.queue.idle.L = &s.queue.mu
	if err := s.openFile(); err != nil {
		return nil, err
	}
	// From here on the file is this process's alone.
	if err := guard(func() error { return known.convert(s.db, cfg.Now()) }); err != nil {
		return nil, errors.Join(err, guard(s.db.Close))
	}
	s.removeLeftovers()
	return s, nil
}

// inspect refuses what must not be opened: what is no file (to open a pipe may wait for ever), and
// what another user owns.
func inspect(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w (%v)", ErrForeign, info.Mode().Type())
	}
	return checkOwner(info)
}

// openFile opens, locks and checks the file, and hands it to bbolt. It is checked under the lock,
// when nobody is writing it.
func (s *Store) openFile() error {
	options := bolt(s.cfg.Path)
	// bbolt would create the file; this opens only one that is there.
	options.OpenFile = func(path string, _ int, _ os.FileMode) (*os.File, error) {
		file, err := openLocked(path)
		if err != nil {
			return nil, err
		}
		s.file = file
		if s.info, err = file.Stat(); err == nil {
			err = guard(func() error { return check(file, s.info.Size()) })
		}
		if err == nil && s.info.Mode().Perm()&0o077 != 0 { // others than the owner
			err = file.Chmod(0o600)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return file, nil
	}
	err := guard(func() (err error) {
		s.db, err = bbolt.Open(s.cfg.Path, 0o600, options)
		return err
	})
	if err != nil && s.file != nil {
		_ = s.file.Close() // after a panic bbolt has not
	}
	return err
}

// bolt are the options of bbolt. The list of free pages is written with each commit: without it,
// bbolt reads the whole file at every start. The map is bigger than the file, so that a long backup
// does not stop a writer that needs more of it.
func bolt(path string) *bbolt.Options {
	options := &bbolt.Options{
		Timeout:      time.Nanosecond, // one try
		FreelistType: bbolt.FreelistMapType,
	}
	if info, err := os.Stat(path); err == nil && mapsAhead {
		options.InitialMmapSize = int(max(1<<30, 2*info.Size()))
	}
	return options
}

// openLocked opens a file that is there, for this process alone. A file that may be read and not
// written is told from one that may not be read: the fix is another.
func openLocked(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) {
		if readable, readErr := os.Open(path); readErr == nil {
			_ = readable.Close()
			return nil, fmt.Errorf("%w (%w)", ErrReadOnly, err)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// create makes an empty ledger under another name, and gives it its own when it is whole. So a
// crash leaves no half a file, and a file that has come meanwhile is not replaced. The name is
// synced as well: a payment in a file without one would be lost with the power.
func create(path string, known formats) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(folder, filepath.Base(path)+newSuffix+"*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	if err := draft.Close(); err != nil {
		return err
	}
	db, err := bbolt.Open(draft.Name(), 0o600, bolt(draft.Name()))
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error { return writeFormat(tx, known.current) })
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	// Unlike a rename, a link does not replace what has this name already.
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(folder)
}

// Files of a moment, beside the ledger: their names begin with the ledger's.
const (
	newSuffix    = ".new-"
	backupSuffix = ".backup-"
)

// removeLeftovers removes what a process that was killed left behind. It has the lock, so nobody
// else is using them; a process that is just creating the same file fails, and tries again. Copies
// of older formats stay: they are the operator's.
func (s *Store) removeLeftovers() {
	for _, suffix := range []string{newSuffix, backupSuffix} {
		names, _ := filepath.Glob(escapeGlob(s.cfg.Path) + suffix + "*")
		for _, name := range names {
			_ = os.Remove(name)
		}
	}
}
