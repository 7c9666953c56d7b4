package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// storage is the shop's own database, in a folder that one demo has at a time. The module's ledger
// lies beside it. Both are synced before a payment is answered, so they survive kill -9.
type storage struct {
	dir string // with slashes
	db  *bbolt.DB
}

// defaultFolder is where a demo keeps what survives it, in the user's folder for caches.
const defaultFolder = "checkout-demo"

// openStorage opens the folder that was asked for. Where none was, it opens the default one, or
// for one demo beside another the temporary one; then the note says so.
func openStorage(asked, temporary string) (s *storage, note string, err error) {
	if asked != "" {
		s, err = openFolder(asked)
		return s, "", err
	}
	dir, err := os.UserCacheDir()
	if err == nil {
		s, err = openFolder(filepath.Join(dir, defaultFolder))
	}
	if err == nil {
		return s, "", nil
	}
	s, tempErr := openFolder(temporary)
	return s, fmt.Sprintf("This demo forgets at its end who has paid: %v.\n", err), tempErr
}

// errOtherDemo is the error about a folder that another demo has open.
var errOtherDemo = errors.New("another demo uses")

// openFolder opens a folder, and makes it if it is missing.
func openFolder(dir string) (*storage, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	const oneTry = time.Nanosecond
	db, err := bbolt.Open(filepath.Join(dir, "shop.db"), 0o600, &bbolt.Options{Timeout: oneTry})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%w %s", errOtherDemo, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the shop's database in %s: %w", dir, err)
	}
	return &storage{filepath.ToSlash(dir), db}, nil
}

var bucket = []byte("shop")

// load reads what save wrote under a name. What was never written leaves the value as it is.
func (s *storage) load(name string, into any) error {
	return s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		if b == nil || b.Get([]byte(name)) == nil {
			return nil
		}
		return json.Unmarshal(b.Get([]byte(name)), into)
	})
}

// save writes a value. It is on the disk when save returns.
func (s *storage) save(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return s.db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		return b.Put([]byte(name), text)
	})
}

func (s *storage) close() error { return s.db.Close() }
