package filestore

import "go.etcd.io/bbolt"

// Formats are formats of the tests' own, since there is but one so far.
type Formats struct {
	Current uint64
	From    map[uint64]func(*bbolt.Tx) error
}

// OpenWith is Open of a program that knows these formats.
func OpenWith(cfg Config, known Formats) (*Store, error) {
	return openAs(cfg, formats{current: known.Current, from: known.From})
}

// Fd is the descriptor of the store's file.
func (s *Store) Fd() int { return int(s.file.Fd()) }

// Waiting is how many calls wait for the next commit.
func (s *Store) Waiting() int {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return len(s.queue.waiting)
}

// Closed reports whether Close was called.
func (s *Store) Closed() bool {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return s.queue.closed
}
