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
