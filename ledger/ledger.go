// Package ledger knows what came of the links: payments, refunds, who has paid, and who was shown
// which variant. It is a library for any Go server; it knows nothing of Caddy, logs nothing and
// asks nobody but the stores that it is given.
//
//	l := ledger.New(ledger.Config{Shared: redis, Local: memory})
//	…
//	event, err := zotlo.ParseWebhook(body)
//	sale := ledger.SaleOf(event)
//	news, err := l.Record(ctx, ledger.Delivery{Event: event, Body: body, Subscribers: …})
//
// Subscribers come as keyed hashes. Their ids are never kept.
package ledger

import (
	"context"
	"time"
)

// Facts are small facts with a time to live, in this process or in a fleet. They are safe for
// concurrent use. With an error, Once says true: to do something twice is better than never. The
// functions of package ledgertest are the test of an implementation. Once and Remember do not share
// keys: a mark is no value.
type Facts interface {
	// Once reports whether this is the first call with key within ttl; Seen whether there was one.
	Once(ctx context.Context, key string, ttl time.Duration) (first bool, err error)
	Seen(ctx context.Context, key string) (seen bool, err error)
	// Remember keeps a small value under key for ttl; Recall returns it.
	Remember(ctx context.Context, key, value string, ttl time.Duration) error
	Recall(ctx context.Context, key string) (value string, found bool, err error)
}

// Config configures a Ledger.
type Config struct {
	// Shared holds what the whole fleet knows. Required.
	Shared Facts
	// Local holds what this process has counted already, across configurations. Required. It
	// answers where Shared fails.
	Local Facts
	// Failed is told of failures of Shared that the ledger went on without. Optional; it must be
	// quick and safe for concurrent use.
	Failed func(err error)
}

// Ledger is safe for concurrent use.
type Ledger struct {
	shared, local Facts
	failed        func(error)
}

// New makes a Ledger. It asks nobody. Stores that are missing are not looked for: without them the
// first use panics.
func New(cfg Config) *Ledger {
	l := &Ledger{shared: cfg.Shared, local: cfg.Local, failed: cfg.Failed}
	if l.failed == nil {
		l.failed = func(error) {}
	}
	return l
}
