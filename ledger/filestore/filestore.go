// Package filestore is a ledger.Store in one file, for one process.
//
//	store, err := filestore.Open(filestore.Config{Path: "/var/lib/shop/ledger.db"})
//	…
//	defer store.Close()
//
// The file is bbolt's: one writer, and readers that never wait for it. A Do is one transaction that
// is synced to the disk before it returns; calls that come while another one is synced share the
// next commit. The package logs nothing and starts no goroutine but its sweep, and its writer while
// there is something to write.
//
// # Damage
//
// A file is never replaced, and never emptied. One that cannot be used is an error, by which a
// caller can tell what is to do: see ErrLocked and its neighbors. What happens to the file while it
// is open (it is deleted, cut off, overwritten, its disk is full or broken) is an error of the call
// that meets it, and no panic.
package filestore

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger"
)

// Config says which file, and how big it may become.
type Config struct {
	// Path is the file. Its folder is created with mode 0700 if it is missing, the file with 0600.
	// A symbolic link is followed. Required.
	Path string
	// MustExist makes a missing file ErrGone instead of a new one. A caller that opens a file again
	// that it had open before sets it, so that a file that was moved away is missed.
	MustExist bool
	// MaxSize is how many bytes of pages in use are too many, for Full and NearlyFull. The store
	// itself refuses nothing. Default: no limit.
	MaxSize int64
	// SweepEvery is the time between two sweeps of documents whose time is over. Default: six
	// hours. With a negative one nothing is swept but by Sweep.
	SweepEvery time.Duration
	// Now is the clock that ends documents. Default: time.Now.
	Now func() time.Time
}

// Store is an open file. It implements ledger.Store, and takes the steps of a Do all or none. It is
// safe for concurrent use. No two Stores have one file, in this process or in any other.
type Store struct {
	cfg   Config
	db    *bbolt.DB
	file  *os.File    // of db, for the day that db cannot close it
	info  os.FileInfo // which file that was: by device and inode
	queue queue

	maxSize atomic.Int64          // Config.MaxSize, until it is replaced
	failure atomic.Pointer[error] // why nothing is written any more
	stop    context.CancelFunc    // ends the sweep
	sweeper sync.WaitGroup
}

var _ ledger.Store = (*Store)(nil)

// Read is ledger.Store.Read. It never waits for a writer.
func (s *Store) Read(ctx context.Context, keys ...ledger.Key) ([]ledger.Doc, error) {
	docs := make([]ledger.Doc, len(keys))
	now := s.cfg.Now()
	// One transaction: all documents are of the same moment.
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		for i, key := range keys {
			var err error
			if docs[i], err = readDoc(tx, key, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return docs, nil
}

// Rows is ledger.Store.Rows. It never waits for a writer.
func (s *Store) Rows(ctx context.Context, keys ...ledger.Key) ([]map[string]int64, error) {
	rows := make([]map[string]int64, len(keys))
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		for i, key := range keys {
			var err error
			if rows[i], err = readRow(tx, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// named is err with the file's path and its kind.
func (s *Store) named(err error) error { return named(s.cfg.Path, err) }

// view reads in one short transaction. A long one would hold back pages that writers want to use
// again.
func (s *Store) view(ctx context.Context, read func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.named(guard(func() error { return s.db.View(read) }))
}

// Err is why the store writes nothing any more, or nil: a sync that failed, a file that is gone,
// damage that a writer met. Reads may still be answered. It does not heal by itself: close the
// store, and open the file again with MustExist.
func (s *Store) Err() error {
	if err := s.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// fail makes err the answer to every later Do. The first one stays.
func (s *Store) fail(err error) { s.failure.CompareAndSwap(nil, &err) }

// Path is the path that the file was opened by, in full.
func (s *Store) Path() string { return s.cfg.Path }

// Close waits for the calls that are under way, closes the file and unlocks it. Calls that come
// later get ErrClosed. A second Close does nothing.
func (s *Store) Close() error {
	if !s.queue.close() {
		return nil
	}
	s.stop()
	s.sweeper.Wait()
	s.queue.drain()
	if s.queue.broken.Load() {
		// A writer that met damage may have left bbolt's locks behind. Without the file descriptor
		// its lock is gone, and the file can be opened again.
		return s.file.Close()
	}
	return s.named(guard(s.db.Close))
}
