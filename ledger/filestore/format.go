package filestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

var formatKey = []byte("format")

// formats are the formats of files that a program knows. A new kind of document is no new format;
// one is needed only where what stands in old files would be misread.
type formats struct {
	current uint64
	// from converts a file of one format to the next one, in a transaction.
	from map[uint64]func(*bbolt.Tx) error
}

// current are the formats of this version. There was none before the first.
var current = formats{current: 1}

// writeFormat says in the file what format it has.
func writeFormat(tx *bbolt.Tx, format uint64) error {
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	return meta.Put(formatKey, binary.AppendUvarint(nil, format))
}

// readFormat reads it.
func readFormat(tx *bbolt.Tx) (uint64, error) {
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		return 0, fmt.Errorf("%w (a database of another program)", ErrForeign)
	}
	raw := meta.Get(formatKey)
	format, n := binary.Uvarint(raw)
	if n <= 0 || n != len(raw) {
		return 0, fmt.Errorf("%w (it does not say its format)", ErrDamaged)
	}
	return format, nil
}

// convert makes the open file one of the current format. All conversions are one transaction, so a
// crash leaves the old format.
func (f formats) convert(s *Store) error {
	var format uint64
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		format, err = readFormat(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case format == f.current:
		return nil
	case format > f.current:
		return fmt.Errorf("%w: %d, which is newer than %d; use the version that wrote it, or its backup",
			ErrFormat, format, f.current)
	}
	if err := s.keepCopy(format); err != nil {
		return fmt.Errorf("copying the file of format %d before its conversion to %d: %w", format,
			f.current, err)
	}
	return s.db.Update(func(tx *bbolt.Tx) error {
		for ; format < f.current; format++ {
			next, ok := f.from[format]
			if !ok {
				return fmt.Errorf("%w: %d, which this version, of format %d, cannot convert", ErrFormat,
					format, f.current)
			}
			if err := next(tx); err != nil {
				return fmt.Errorf("converting it from format %d: %w", format, err)
			}
		}
		return writeFormat(tx, f.current)
	})
}

// keepCopy puts a copy beside the file, named after its format and the time. No copy is ever
// replaced: an earlier one may hold what a crash took.
func (s *Store) keepCopy(format uint64) error {
	stamp := s.cfg.Now().UTC().Format("20060102T150405.000000000")
	name := fmt.Sprintf("%s.format%d-%s", s.cfg.Path, format, stamp)
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = s.db.View(func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(out)
		return err
	})
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		_ = os.Remove(name)
		return err
	}
	return syncFolder(filepath.Dir(name))
}
