// Package memorystore keeps a ledger in this process: for trying out, and for tests. What is in it
// dies with the process.
package memorystore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// errClosed is the answer of a store that was closed.
var errClosed = errors.New("the ledger is closed")

// errTooLarge is the error of a document that is longer than ledger.MaxValue.
var errTooLarge = errors.New("a document of the ledger is too large")

// errOverflow is the error of a number that would be too large.
var errOverflow = errors.New("a number of the ledger is too large")

// Store keeps documents and rows in maps. Steps are a transaction: all or nothing.
type Store struct {
	now func() time.Time

	mu     sync.Mutex
	closed bool
	docs   map[ledger.Key]ledger.Doc
	rows   map[ledger.Key]map[string]int64
}

// New makes an empty store. A nil clock is time.Now.
func New(now func() time.Time) *Store {
	if now == nil {
		now = time.Now
	}
	return &Store{
		now:  now,
		docs: map[ledger.Key]ledger.Doc{},
		rows: map[ledger.Key]map[string]int64{},
	}
}

// Read reads documents.
func (s *Store) Read(ctx context.Context, keys ...ledger.Key) ([]ledger.Doc, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	return s.read(keys), nil
}

// Do takes steps while nobody else does.
func (s *Store) Do(ctx context.Context, take func(ledger.Steps) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	t := &steps{ctx: ctx, store: s}
	done := false
	defer func() { // also where take panics
		if !done {
			t.undo()
		}
	}()
	err := take(t)
	if err == nil {
		err = ctx.Err()
	}
	done = err == nil
	return err
}

// Rows reads rows.
func (s *Store) Rows(ctx context.Context, keys ...ledger.Key) ([]map[string]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	rows := make([]map[string]int64, len(keys))
	for i, key := range keys {
		rows[i] = maps.Clone(s.rows[key])
	}
	return rows, nil
}

// Scan visits the documents of a kind as they are when it begins.
func (s *Store) Scan(
	ctx context.Context, kind ledger.Kind, visit func(string, ledger.Doc) error,
) error {
	s.mu.Lock()
	err := s.usable(ctx)
	found := map[string]ledger.Doc{}
	for key := range s.docs {
		if key.Kind == kind {
			if doc := s.doc(key); len(doc.Value) > 0 {
				found[key.ID] = doc
			}
		}
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for id, doc := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(id, doc); err != nil {
			return err
		}
	}
	return nil
}

// ScanRows visits the rows of a kind as they are when it begins.
func (s *Store) ScanRows(
	ctx context.Context, kind ledger.Kind, visit func(string, map[string]int64) error,
) error {
	s.mu.Lock()
	err := s.usable(ctx)
	found := map[string]map[string]int64{}
	for key, row := range s.rows {
		if key.Kind == kind {
			found[key.ID] = maps.Clone(row)
		}
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for id, row := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(id, row); err != nil {
			return err
		}
	}
	return nil
}

// Close forgets everything.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.docs, s.rows = true, nil, nil
	return nil
}

// usable is asked first, under the lock.
func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return errClosed
	}
	return ctx.Err()
}

func (s *Store) read(keys []ledger.Key) []ledger.Doc {
	docs := make([]ledger.Doc, len(keys))
	for i, key := range keys {
		docs[i] = s.doc(key)
	}
	return docs
}

// doc is a copy of a document, and drops one whose time is over.
func (s *Store) doc(key ledger.Key) ledger.Doc {
	doc, ok := s.docs[key]
	if !ok {
		return ledger.Doc{}
	}
	if !doc.Until.IsZero() && !s.now().Before(doc.Until) {
		delete(s.docs, key)
		return ledger.Doc{}
	}
	doc.Value = slices.Clone(doc.Value)
	return doc
}

// steps are one transaction. It notes how to take back what it did.
type steps struct {
	ctx   context.Context
	store *Store
	back  []func()
}

func (t *steps) undo() {
	for _, back := range slices.Backward(t.back) {
		back()
	}
}

func (t *steps) Read(keys ...ledger.Key) ([]ledger.Doc, error) {
	return t.store.read(keys), t.ctx.Err()
}

func (t *steps) Change(key ledger.Key, change func(ledger.Doc) (ledger.Doc, error)) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	old, was := t.store.docs[key]
	doc, err := change(t.store.doc(key))
	if err != nil {
		return err
	}
	if len(doc.Value) > ledger.MaxValue {
		return errTooLarge
	}
	t.back = append(t.back, func() {
		delete(t.store.docs, key)
		if was {
			t.store.docs[key] = old
		}
	})
	if len(doc.Value) == 0 {
		delete(t.store.docs, key)
		return nil
	}
	doc.Value = slices.Clone(doc.Value)
	doc.Until = fullHour(doc.Until)
	t.store.docs[key] = doc
	return nil
}

func (t *steps) Add(key ledger.Key, _ string, deltas ...ledger.Delta) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	old, was := t.store.rows[key]
	row := maps.Clone(old)
	if row == nil {
		row = map[string]int64{}
	}
	for _, d := range deltas {
		sum := row[d.Field] + d.N
		if d.N > 0 && sum < row[d.Field] || d.N < 0 && sum > row[d.Field] {
			return errOverflow
		}
		if row[d.Field] = sum; sum == 0 {
			delete(row, d.Field)
		}
	}
	t.back = append(t.back, func() {
		delete(t.store.rows, key)
		if was {
			t.store.rows[key] = old
		}
	})
	delete(t.store.rows, key)
	if len(row) > 0 {
		t.store.rows[key] = row
	}
	return nil
}

// fullHour is the hour at which a document ends, never early.
func fullHour(t time.Time) time.Time {
	if hour := t.Truncate(time.Hour); !t.IsZero() && hour.Before(t) {
		return hour.Add(time.Hour)
	}
	return t
}

// Interface guard
var _ ledger.Store = (*Store)(nil)
