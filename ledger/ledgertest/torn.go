package ledgertest

import (
	"context"
	"errors"
	"sync"

	"github.com/caddy-checkout/checkout/ledger"
)

// ErrCut is what a Torn store answers where it was cut.
var ErrCut = errors.New("the process died here")

// Torn makes of any store one that takes each step on its own, as a store does whose documents lie
// on several servers, and that can be cut between any two of them.
type Torn struct {
	ledger.Store
	// Cut is asked before each step, and once more after the last one. With true the process dies
	// there: what was done stays. It must be safe for concurrent use.
	Cut func() bool

	mu   sync.Mutex
	once map[string]bool // additions that were done
}

// Tear makes a Torn store.
func Tear(store ledger.Store, cut func() bool) *Torn {
	return &Torn{Store: store, Cut: cut, once: map[string]bool{}}
}

// Do takes the steps one by one.
func (s *Torn) Do(ctx context.Context, take func(ledger.Steps) error) error {
	if err := take(tornSteps{ctx, s}); err != nil {
		return err
	}
	if s.Cut() {
		return ErrCut
	}
	return nil
}

// tornSteps are each a transaction of their own.
type tornSteps struct {
	ctx   context.Context
	store *Torn
}

func (t tornSteps) Read(keys ...ledger.Key) ([]ledger.Doc, error) {
	return t.store.Read(t.ctx, keys...)
}

func (t tornSteps) Change(key ledger.Key, change func(ledger.Doc) (ledger.Doc, error)) error {
	if t.store.Cut() {
		return ErrCut
	}
	return t.store.Store.Do(t.ctx, func(s ledger.Steps) error { return s.Change(key, change) })
}

func (t tornSteps) Add(row ledger.Key, once string, deltas ...ledger.Delta) error {
	if t.store.Cut() {
		return ErrCut
	}
	id := string(byte(row.Kind)) + row.ID + "\x00" + once
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	if once != "" && t.store.once[id] {
		return nil
	}
	err := t.store.Store.Do(t.ctx, func(s ledger.Steps) error { return s.Add(row, "", deltas...) })
	t.store.once[id] = err == nil
	return err
}
