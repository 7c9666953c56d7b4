package redisstore

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/ledger"
)

func TestMain(m *testing.M) {
	logging.Disable() // as every program does that owns its process
	// A pool that could not connect looks once a second whether it was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// The kinds of these tests.
const (
	sales ledger.Kind = 1
	sums  ledger.Kind = 2
)

var (
	bg  = context.Background()
	ada = ledger.Key{Kind: sales, ID: "ada"}
	may = ledger.Key{Kind: sums, ID: "may"}
)

// open has time-outs that no busy machine reaches, unless the test is about time.
func open(t testing.TB, cfg Config) *Store {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = redisclient.MaxTimeout
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// to is a change to a value, whatever was there.
func to(value string) func(ledger.Doc) (ledger.Doc, error) {
	return func(ledger.Doc) (ledger.Doc, error) { return ledger.Doc{Value: []byte(value)}, nil }
}

// put changes one document in a Do of its own.
func put(s *Store, key ledger.Key, change func(ledger.Doc) (ledger.Doc, error)) error {
	return s.Do(bg, func(steps ledger.Steps) error { return steps.Change(key, change) })
}

// count adds to one row in a Do of its own.
func count(s *Store, key ledger.Key, once string, deltas ...ledger.Delta) error {
	return s.Do(bg, func(steps ledger.Steps) error { return steps.Add(key, once, deltas...) })
}

func one(field string) ledger.Delta { return ledger.Delta{Field: field, N: 1} }

// must is for what has to succeed before a test begins.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// has wants a document to have this value; an empty one is a document that is not there.
func has(t testing.TB, s *Store, key ledger.Key, want string) {
	t.Helper()
	docs, err := s.Read(bg, key)
	if err != nil || string(docs[0].Value) != want {
		t.Fatalf("%q is %q, %v, want %q", key.ID, docs, err, want)
	}
}

// hasRow wants a row to be this.
func hasRow(t testing.TB, s *Store, key ledger.Key, want map[string]int64) {
	t.Helper()
	rows, err := s.Rows(bg, key)
	if err != nil || !maps.Equal(rows[0], want) {
		t.Fatalf("%q is %v, %v, want %v", key.ID, rows, err, want)
	}
}

// fails wants an error of one of the store's kinds, whose text repeats nothing.
func fails(t testing.TB, err error, kind string) {
	t.Helper()
	var e *redisclient.Error
	if !errors.As(err, &e) || e.Kind != kind || err.Error() != "redis "+e.Op+": "+kind {
		t.Fatalf("%v, want kind %s", err, kind)
	}
}

// clockAt is a clock that stands.
func clockAt(now time.Time) func() time.Time { return func() time.Time { return now } }

// everyOperation runs each operation once and returns its error.
func everyOperation(ctx context.Context, t testing.TB, s *Store) map[string]error {
	t.Helper()
	errs := map[string]error{}
	docs, err := s.Read(ctx, ada)
	if err == nil && len(docs) != 1 || err != nil && docs != nil {
		t.Errorf("read %v, %v", docs, err)
	}
	errs["read"] = err
	rows, err := s.Rows(ctx, may)
	if err == nil && len(rows) != 1 || err != nil && rows != nil {
		t.Errorf("rows %v, %v", rows, err)
	}
	errs["rows"] = err
	errs["change"] = s.Do(ctx, func(steps ledger.Steps) error {
		return steps.Change(ada, to("new"))
	})
	errs["add"] = s.Do(ctx, func(steps ledger.Steps) error {
		return steps.Add(may, "sale", one("n"))
	})
	errs["scan"] = s.Scan(ctx, sales, func(string, ledger.Doc) error { return nil })
	errs["scan of rows"] = s.ScanRows(ctx, sums, func(string, map[string]int64) error {
		return nil
	})
	_, errs["durability"] = s.Durability(ctx)
	return errs
}
