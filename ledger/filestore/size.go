package filestore

import (
	"context"

	"go.etcd.io/bbolt"
)

// Size is how many bytes of pages are in use: the file without the pages that are free to be used
// again. The file itself never shrinks; a backup does. A file that cannot be read has no size. It
// reads no page, so it may be asked before each write.
func (s *Store) Size() int64 {
	var size int64
	err := s.view(context.Background(), func(tx *bbolt.Tx) error {
		stats := s.db.Stats()
		free := int64(stats.FreePageN+stats.PendingPageN) * int64(s.db.Info().PageSize)
		size = max(0, tx.Size()-free)
		return nil
	})
	if err != nil {
		return 0
	}
	return size
}

// Full reports whether Config.MaxSize is reached, and NearlyFull whether four fifths of it are.
// What follows is the ledger's to say: payments are never refused.
func (s *Store) Full() bool { return s.fills(100) }

// NearlyFull: see Full.
func (s *Store) NearlyFull() bool { return s.fills(80) }

func (s *Store) fills(percent int64) bool {
	maxSize := s.maxSize.Load()
	return maxSize > 0 && s.Size() >= maxSize/100*percent
}

// SetMaxSize replaces Config.MaxSize. 0 is no limit.
func (s *Store) SetMaxSize(bytes int64) { s.maxSize.Store(bytes) }
