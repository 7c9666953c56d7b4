package filestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger"
)

// steps are the steps of one take. What they change stands beside the transaction until the take
// has succeeded: a take that fails leaves nothing behind, and the others in the same commit need
// not be taken again.
type steps struct {
	tx   *bbolt.Tx
	now  time.Time
	docs map[ledger.Key]ledger.Doc // changed; without a value: deleted
	rows map[field]int64           // changed: the new number
}

// field is one number of a row, by the key under which it stands in the row's bucket. As a string
// it can be a key of a map.
type field struct {
	kind ledger.Kind
	key  string
}

// errOver is the answer to steps that somebody kept: their transaction is gone, and with it the
// memory that it was mapped to.
var errOver = errors.New("ledger file: a step was taken after its take had returned")

// Read is ledger.Steps.Read.
func (s *steps) Read(keys ...ledger.Key) ([]ledger.Doc, error) {
	docs := make([]ledger.Doc, len(keys))
	err := s.guard(func() (err error) {
		for i, key := range keys {
			if docs[i], err = s.doc(key); err != nil {
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

// Change is ledger.Steps.Change. There is one writer, so change is called once. What it panics with
// is Do's to pass on, and so is not looked at here.
func (s *steps) Change(key ledger.Key, change func(ledger.Doc) (ledger.Doc, error)) error {
	var old ledger.Doc
	err := s.guard(func() (err error) {
		old, err = s.doc(key)
		return err
	})
	if err != nil {
		return err
	}
	doc, err := change(old)
	if err != nil {
		return err
	}
	if len(doc.Value) > ledger.MaxValue {
		return fmt.Errorf("ledger file: a value of %d bytes is longer than %d", len(doc.Value),
			ledger.MaxValue)
	}
	// The buffer is the caller's, who may use it again before the transaction is written.
	s.docs[key] = ledger.Doc{Value: bytes.Clone(doc.Value), Until: fullHour(hours(doc.Until))}
	return nil
}

// Add is ledger.Steps.Add. All steps are taken or none, so once is not looked at.
func (s *steps) Add(row ledger.Key, _ string, deltas ...ledger.Delta) error {
	return s.guard(func() error {
		// The sums stand apart until the last of them is known to fit.
		if err := checkKey(row.ID); err != nil {
			return err
		}
		sums := make(map[field]int64, len(deltas))
		prefix := rowPrefix(row.ID)
		for _, delta := range deltas {
			if err := checkKey(delta.Field); err != nil {
				return err
			}
			key := append(slices.Clip(prefix), delta.Field...)
			name := field{row.Kind, string(key)}
			old, ok := sums[name]
			if !ok {
				var err error
				if old, err = s.number(name); err != nil {
					return err
				}
			}
			sum := old + delta.N
			if (sum > old) != (delta.N > 0) && delta.N != 0 {
				return errors.New("ledger file: a number of a row would overflow")
			}
			sums[name] = sum
		}
		maps.Copy(s.rows, sums)
		return nil
	})
}

// guard makes an error of damage that a step meets, and of a step that comes too late.
func (s *steps) guard(step func() error) error {
	if s.tx == nil {
		return errOver
	}
	return guard(step)
}

// doc is a document with the steps before. Its value is the caller's.
func (s *steps) doc(key ledger.Key) (ledger.Doc, error) {
	doc, ok := s.docs[key]
	if !ok {
		return readDoc(s.tx, key, s.now)
	}
	if len(doc.Value) == 0 || ended(doc.Until, s.now) {
		return ledger.Doc{}, nil
	}
	doc.Value = bytes.Clone(doc.Value)
	return doc, nil
}

// number is a field with the steps before: what Add adds to.
func (s *steps) number(name field) (int64, error) {
	if n, ok := s.rows[name]; ok {
		return n, nil
	}
	return readNumber(s.tx, name.kind, []byte(name.key))
}

// apply writes what the steps changed into the transaction, and reports whether that was anything:
// what is as it was is not written, and costs no sync. An error of it is the transaction's.
func (s *steps) apply() (changed bool, err error) {
	// The bucket of a kind is created by its first document or row; to delete needs none.
	put := func(name, key, value []byte) error {
		bucket := s.tx.Bucket(name)
		switch {
		case bucket == nil && value == nil:
			return nil
		case bucket == nil:
			if bucket, err = s.tx.CreateBucket(name); err != nil {
				return err
			}
		}
		old := bucket.Get(key)
		if bytes.Equal(old, value) {
			return nil // values are never empty, so an equal nil is one as well
		}
		changed = true
		if value == nil {
			return bucket.Delete(key)
		}
		return bucket.Put(key, value)
	}
	for key, doc := range s.docs {
		var value []byte
		if len(doc.Value) > 0 {
			value = encodeDoc(doc)
		}
		if err := put(docBucket(key.Kind), docKey(key.ID), value); err != nil {
			return changed, err
		}
	}
	// A field that has come to zero is deleted, so a row of zeros is no row.
	for name, n := range s.rows {
		var value []byte
		if n != 0 {
			value = binary.AppendVarint(nil, n)
		}
		if err := put(rowBucket(name.kind), []byte(name.key), value); err != nil {
			return changed, err
		}
	}
	return changed, nil
}
