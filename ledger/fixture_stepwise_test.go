package ledger_test

import (
	"context"
	"errors"

	"github.com/caddy-checkout/checkout/ledger"
)

// stepwise makes a store of one that has transactions whose steps happen one by one, as in Redis,
// and that may die between any two of them.
type stepwise struct {
	ledger.Store
	left   int // steps until it dies; below 0 it lives
	onces  map[ledger.Key]map[string]bool
	broken bool
}

var errDied = errors.New("the store has died")

func (s *stepwise) Do(ctx context.Context, take func(ledger.Steps) error) error {
	if err := take(&oneByOne{ctx, s}); err != nil {
		return err
	}
	if s.broken {
		return errDied
	}
	return nil
}

// revive lets the store live again, for a number of steps.
func (s *stepwise) revive(steps int) { s.left, s.broken = steps, false }

type oneByOne struct {
	ctx   context.Context
	store *stepwise
}

// step takes one step, unless the store has died or dies now.
func (o *oneByOne) step(take func(ledger.Steps) error) error {
	if o.store.left == 0 {
		o.store.broken = true
	}
	if o.store.broken {
		return errDied
	}
	o.store.left--
	return o.store.Store.Do(o.ctx, take)
}

func (o *oneByOne) Read(keys ...ledger.Key) (docs []ledger.Doc, err error) {
	if o.store.broken {
		return nil, errDied
	}
	return o.store.Store.Read(o.ctx, keys...)
}

func (o *oneByOne) Change(key ledger.Key, change func(ledger.Doc) (ledger.Doc, error)) error {
	return o.step(func(s ledger.Steps) error { return s.Change(key, change) })
}

func (o *oneByOne) Add(row ledger.Key, once string, deltas ...ledger.Delta) error {
	return o.step(func(s ledger.Steps) error {
		if once != "" && o.store.onces[row][once] {
			return nil
		}
		if o.store.onces[row] == nil {
			o.store.onces[row] = map[string]bool{}
		}
		o.store.onces[row][once] = true
		return s.Add(row, once, deltas...)
	})
}
