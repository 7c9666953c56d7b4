package filestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

var formatKey = []byte("format")

// formats are the formats of files that a program knows. A new kind of document is no new format;
// one is needed only where what stands in old files would be misread.
type formats struct {
	current uint64
	// from converts a file of one format to the next one, in a transaction, by the format it has.
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

// readFormat reads it. A bbolt file that does not have it was written by another program.
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

// convert makes an open file one of the current format. All conversions are one transaction, so a
// crash leaves the old format. Before it a copy is made, for the day that the older version is
// wanted back.
func (f formats) convert(db *bbolt.DB, now time.Time) error {
	var format uint64
	err := db.View(func(tx *bbolt.Tx) (err error) {
		format, err = readFormat(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case format == f.current:
		return nil
	case format > f.current:
		return fmt.Errorf("%w: %d, which is newer than %d; use the version that wrote it, "+
			"or a backup", ErrFormat, format, f.current)
	}
	if err := keepCopy(db, format, now); err != nil {
		return fmt.Errorf("copying the file of format %d before its conversion to %d: %w", format,
			f.current, err)
	}
	// A format is changed in memory alone until the transaction is committed.
	return db.Update(func(tx *bbolt.Tx) error {
		for ; format < f.current; format++ {
			next, ok := f.from[format]
			if !ok {
				return fmt.Errorf("%w: %d, which this version, of format %d, cannot convert",
					ErrFormat, format, f.current)
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
func keepCopy(db *bbolt.DB, format uint64, now time.Time) error {
	stamp := now.UTC().Format("20060102T150405.000000000")
	name := fmt.Sprintf("%s.format%d-%s", db.Path(), format, stamp)
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	// As it is, with its free pages: that is quicker than a backup, and nothing is interpreted.
	err = db.View(func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(out)
		return err
	})
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		_ = os.Remove(name)
		return err
	}
	return syncFolder(filepath.Dir(name))
}
