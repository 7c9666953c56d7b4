package redisstore

import (
	"context"

	"github.com/caddy-checkout/checkout/ledger"
)

// Do takes steps, each at once and in its own time; see the package's comment. It returns nil only
// if every step has happened, even where take does not hand on a step's error.
func (s *Store) Do(ctx context.Context, take func(ledger.Steps) error) error {
	// With no steps at all, a closed store would else succeed.
	t := &steps{store: s, ctx: ctx}
	if err := t.run("do", func(context.Context) error { return nil }); err != nil {
		return err
	}
	if err := take(t); err != nil {
		return err
	}
	return t.failed
}

// steps are the steps of one Do. Like those of a transaction they are for one goroutine.
type steps struct {
	store *Store
	ctx   context.Context
	// failed is the first failure of the store. After it nothing more is tried, so that what has
	// happened is a beginning of the steps, and not the first and the third.
	failed error
}

// Read is Store.Read, in the time of a step.
func (t *steps) Read(keys ...ledger.Key) (found []ledger.Doc, err error) {
	err = t.run("read", func(ctx context.Context) (err error) {
		if len(keys) > 0 {
			found, err = t.store.read(ctx, t.store.steps.Redis, keys)
		}
		return err
	})
	return found, err
}

// Add adds to a row, see ledger.Steps.
func (t *steps) Add(row ledger.Key, once string, deltas ...ledger.Delta) error {
	return t.run("add", func(ctx context.Context) error {
		return t.store.add(ctx, row, once, deltas)
	})
}

// run runs one step, unless one before it has failed.
func (t *steps) run(op string, f func(context.Context) error) error {
	if t.failed != nil {
		return t.failed
	}
	t.failed = t.store.steps.Insist(t.ctx, op, f)
	return t.failed
}
