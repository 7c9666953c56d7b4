package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// everything is one call of each method, by name.
func (t *storeTeller) everything() map[string]func(context.Context) error {
	ada, may := key(people, "ada"), key(sums, "may")
	return map[string]func(context.Context) error{
		"read": func(ctx context.Context) error {
			_, err := t.store.Read(ctx, ada)
			return err
		},
		"do": func(ctx context.Context) error {
			return t.store.Do(ctx, func(s ledger.Steps) error {
				return s.Change(ada, to("new", time.Time{}))
			})
		},
		"rows": func(ctx context.Context) error {
			_, err := t.store.Rows(ctx, may)
			return err
		},
		"scan": func(ctx context.Context) error {
			return t.store.Scan(ctx, people, func(string, ledger.Doc) error { return nil })
		},
		"scan of rows": func(ctx context.Context) error {
			return t.store.ScanRows(ctx, sums, func(string, map[string]int64) error { return nil })
		},
	}
}

// closed: what was answered with success before is all there is. A request that outlives its
// configuration gets an error, and no panic.
func (t *storeTeller) closed() {
	t.put(key(people, "ada"), "old")
	if err := t.store.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	for name, call := range t.everything() {
		if err := call(t.Context()); err == nil {
			t.Errorf("%s of a closed store succeeded", name)
		}
	}
}

// canceled: a call whose context is over says so by the context's error, and a step is not taken. A
// context that ends during a scan ends it, after what was read already.
func (t *storeTeller) canceled() {
	ada := key(people, "ada")
	t.put(ada, "old")
	for name, call := range t.everything() {
		if err := call(t.over()); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.has(ada, "old")

	t.do(func(s ledger.Steps) error {
		for i := range 3000 {
			if err := s.Change(key(people, fmt.Sprint(i)), to("x", time.Time{})); err != nil {
				return err
			}
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	visited := 0
	err := t.store.Scan(ctx, people, func(string, ledger.Doc) error {
		visited++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || visited > 1000 {
		t.Fatalf("%v after %d", err, visited)
	}
}
