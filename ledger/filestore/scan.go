package filestore

import (
	"bytes"
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger"
)

// A scan reads a piece at a time, and visits between its transactions. So visit may take its time,
// read and change the store, and a scan that lasts keeps no page from being used again.
const (
	pieceDocs  = 500     // documents or fields
	pieceBytes = 1 << 20 // or as many bytes
)

// Scan is ledger.Store.Scan, in the order of ids. Each document is visited once. One that is
// written while the scan is on its way is visited if its id is still to come.
func (s *Store) Scan(ctx context.Context, kind ledger.Kind,
	visit func(id string, doc ledger.Doc) error,
) error {
	type entry struct {
		id  string
		doc ledger.Doc
	}
	var after []byte
	for {
		var piece []entry
		now := s.cfg.Now()
		more, err := s.piece(ctx, docBucket(kind), &after, func(key, raw []byte) error {
			doc, err := decodeDoc(raw, now)
			if err == nil && doc.Value != nil {
				piece = append(piece, entry{docID(key), doc})
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range piece {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := visit(e.id, e.doc); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

// ScanRows is ledger.Store.ScanRows. Each row is visited once. A row whose fields change meanwhile
// may be visited with some of them as they were and some as they are.
func (s *Store) ScanRows(ctx context.Context, kind ledger.Kind,
	visit func(id string, row map[string]int64) error,
) error {
	// A piece may end in the middle of a row, which the next one completes.
	var after []byte
	var id string
	var row map[string]int64 // of id, and nil before the first
	// flush visits a row when the first field of the next one is seen.
	flush := func() error {
		if row == nil {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return visit(id, row)
	}
	type entry struct {
		id, field string
		n         int64
	}
	for {
		var piece []entry
		more, err := s.piece(ctx, rowBucket(kind), &after, func(key, raw []byte) error {
			id, field, err := rowField(key)
			if err != nil {
				return err
			}
			n, err := decodeNumber(raw)
			piece = append(piece, entry{id, field, n})
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range piece {
			if row == nil || e.id != id {
				if err := flush(); err != nil {
					return err
				}
				id, row = e.id, map[string]int64{}
			}
			row[e.field] = e.n
		}
		if !more {
			return flush()
		}
	}
}

// piece reads the next piece of a bucket, from behind the key after, which it moves on. It reports
// whether there is more. The key may have been deleted meanwhile: the piece begins with the next
// one in the order of keys. A bucket that is not there is empty.
func (s *Store) piece(ctx context.Context, bucket []byte, after *[]byte,
	read func(key, raw []byte) error,
) (more bool, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		more = false
		b := tx.Bucket(bucket)
		if b == nil {
			return nil
		}
		cursor := b.Cursor()
		key, raw := cursor.Seek(*after)
		if *after != nil && bytes.Equal(key, *after) {
			key, raw = cursor.Next()
		}
		size := 0
		for n := 0; key != nil; key, raw = cursor.Next() {
			if n == pieceDocs || size >= pieceBytes {
				more = true
				return nil
			}
			if len(key) > bbolt.MaxKeySize {
				return fmt.Errorf("%w (a key of %d bytes)", ErrDamaged, len(key))
			}
			if err := read(key, raw); err != nil {
				return err
			}
			*after = append((*after)[:0:0], key...)
			n, size = n+1, size+len(key)+len(raw)
		}
		return nil
	})
	return more, err
}
