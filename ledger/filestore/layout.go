package filestore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger"
)

// This file is how documents and rows stand in the file:
//
//	bucket "d" kind    id → hours value              a document
//	bucket "r" kind    len(id) id field → number     a field of a row
//	bucket "meta"      "format" → number
//
// Hours, lengths and numbers are varints. bbolt adds 16 bytes to each key and value, and pages that
// are written in random order are two thirds full; so nothing stands here that is not needed.

var metaBucket = []byte("meta")

// maxID is the longest id or field, in bytes; what a bbolt key may hold is twice as much.
const maxID = 15 << 10

// Each kind has a bucket for its documents and one for its rows, which is created when the first of
// them is written.
func docBucket(kind ledger.Kind) []byte { return []byte{'d', byte(kind)} }
func rowBucket(kind ledger.Kind) []byte { return []byte{'r', byte(kind)} }

// docKey is an id as a key. bbolt has no empty keys, so an id that is empty, or begins with a zero,
// gets a zero in front.
func docKey(id string) []byte {
	if id == "" || id[0] == 0 {
		return append([]byte{0}, id...)
	}
	return []byte(id)
}

// docID is the id of a key. Keys are never empty.
func docID(key []byte) string {
	if key[0] == 0 {
		key = key[1:]
	}
	return string(key)
}

// rowPrefix begins the keys of all fields of a row, and of no other row. So the fields of a row
// stand together, and a row is read in one go.
func rowPrefix(id string) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(id))), id...)
}

// rowField takes the key of a field apart, which rowPrefix and the field made.
func rowField(key []byte) (id, field string, err error) {
	size, n := binary.Uvarint(key)
	if n <= 0 || size > uint64(len(key)-n) {
		return "", "", fmt.Errorf("%w (a row's key of %d bytes)", ErrDamaged, len(key))
	}
	return string(key[n : n+int(size)]), string(key[n+int(size):]), nil
}

// checkKey refuses what no key could hold.
func checkKey(what string) error {
	if len(what) > maxID {
		return fmt.Errorf("an id or field of %d bytes is longer than %d", len(what), maxID)
	}
	return nil
}

// hours is a time as full hours since 1970, rounded up, so that nothing ends early. 0 is never. As
// a varint that is three bytes until the year 2209.
func hours(until time.Time) uint64 {
	if until.IsZero() {
		return 0
	}
	seconds := until.Unix()
	if until.Nanosecond() > 0 {
		seconds++
	}
	// What ended in 1970 or before is over just as well an hour later.
	return uint64(max(1, (seconds+3599)/3600))
}

// fullHour is the time that hours stands for. What no time can be is the latest there is.
func fullHour(h uint64) time.Time {
	if h == 0 {
		return time.Time{}
	}
	return time.Unix(int64(min(h, math.MaxInt64/3600))*3600, 0).UTC()
}

// encodeDoc is a document as it stands in the file. It is never empty: nil is what is not there.
func encodeDoc(doc ledger.Doc) []byte {
	raw := make([]byte, 0, binary.MaxVarintLen32+len(doc.Value))
	raw = binary.AppendUvarint(raw, hours(doc.Until))
	return append(raw, doc.Value...)
}

// decodeDoc reads a document as it stands in the file. The value is a copy: what bbolt returns is
// the mapped file, and gone after the transaction. What is over by now is not there. A length that
// cannot be is damage, and must not become an allocation.
func decodeDoc(raw []byte, now time.Time) (ledger.Doc, error) {
	if raw == nil {
		return ledger.Doc{}, nil
	}
	h, n := binary.Uvarint(raw)
	if n <= 0 || len(raw) == n || len(raw)-n > ledger.MaxValue {
		return ledger.Doc{}, fmt.Errorf("%w (a document of %d bytes)", ErrDamaged, len(raw))
	}
	until := fullHour(h)
	if ended(until, now) {
		return ledger.Doc{}, nil
	}
	return ledger.Doc{Value: bytes.Clone(raw[n:]), Until: until}, nil
}

// ended reports whether a document is over. At its very end it is.
func ended(until, now time.Time) bool { return !until.IsZero() && !now.Before(until) }

// decodeNumber reads the number of a field. A zero is never stored.
func decodeNumber(raw []byte) (int64, error) {
	n, size := binary.Varint(raw)
	if size <= 0 || size != len(raw) {
		return 0, fmt.Errorf("%w (a number of %d bytes)", ErrDamaged, len(raw))
	}
	return n, nil
}

// readDoc reads a document as it is in a transaction. A kind that was never written has no bucket,
// and no documents.
func readDoc(tx *bbolt.Tx, key ledger.Key, now time.Time) (ledger.Doc, error) {
	if err := checkKey(key.ID); err != nil {
		return ledger.Doc{}, err
	}
	bucket := tx.Bucket(docBucket(key.Kind))
	if bucket == nil {
		return ledger.Doc{}, nil
	}
	return decodeDoc(bucket.Get(docKey(key.ID)), now)
}

// readRow reads all fields of a row as they are in a transaction.
func readRow(tx *bbolt.Tx, key ledger.Key) (map[string]int64, error) {
	row := map[string]int64{}
	if err := checkKey(key.ID); err != nil {
		return nil, err
	}
	bucket := tx.Bucket(rowBucket(key.Kind))
	if bucket == nil {
		return row, nil
	}
	prefix := rowPrefix(key.ID)
	cursor := bucket.Cursor()
	for k, v := cursor.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = cursor.Next() {
		if len(k) > bbolt.MaxKeySize {
			return nil, fmt.Errorf("%w (a row's key of %d bytes)", ErrDamaged, len(k))
		}
		n, err := decodeNumber(v)
		if err != nil {
			return nil, err
		}
		row[string(k[len(prefix):])] = n
	}
	return row, nil
}

// readNumber reads one field of a row by its key: 0 if it is not there.
func readNumber(tx *bbolt.Tx, kind ledger.Kind, key []byte) (int64, error) {
	bucket := tx.Bucket(rowBucket(kind))
	if bucket == nil {
		return 0, nil
	}
	raw := bucket.Get(key)
	if raw == nil {
		return 0, nil
	}
	return decodeNumber(raw)
}
