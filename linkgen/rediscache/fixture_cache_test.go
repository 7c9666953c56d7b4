package rediscache

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/cachetest"
)

var secret = []byte("an access secret of the project")

const (
	ada  = "ada@example.com"
	link = "https://pay.example.com/personal/5f0c"
)

func TestMain(m *testing.M) {
	logging.Disable() // as every program does that owns its process
	// A pool that could not connect looks once a second whether it was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// patient has a time-out that no busy machine reaches, for tests that are not about time.
func patient(cfg Config) Config {
	cfg.Timeout = redisclient.MaxTimeout
	if cfg.Secret == nil {
		cfg.Secret = secret
	}
	return cfg
}

func open(t testing.TB, cfg Config) *Cache {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func get(t testing.TB, c *Cache, k linkgen.Key) linkgen.Lookup {
	t.Helper()
	l, err := c.Get(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func keep(t testing.TB, c *Cache, k linkgen.Key, url string) {
	t.Helper()
	if err := c.Set(t.Context(), k, get(t, c, k).Epoch, cachetest.Entry(url)); err != nil {
		t.Fatal(err)
	}
}

func hit(t testing.TB, c *Cache, k linkgen.Key, url string) {
	t.Helper()
	if l := get(t, c, k); !l.Found || l.Entry.URL != url {
		t.Fatalf("found %v %q, want %q", l.Found, l.Entry.URL, url)
	}
}

func miss(t testing.TB, c *Cache, k linkgen.Key) linkgen.Epoch {
	t.Helper()
	l := get(t, c, k)
	if l.Found {
		t.Fatalf("found %q, want nothing", l.Entry.URL)
	}
	return l.Epoch
}

// everyOperation runs each operation once and returns its error, having checked what must hold with
// any.
func everyOperation(ctx context.Context, t testing.TB, c *Cache, k linkgen.Key, g linkgen.Epoch) map[string]error {
	t.Helper()
	errs := map[string]error{}
	l, err := c.Get(ctx, k)
	if err != nil && Kind(err) != "corrupt" && l != (linkgen.Lookup{}) {
		t.Errorf("get failed with %v and answered %+v", err, l)
	}
	if l.Found && l.Entry.URL != link {
		t.Errorf("get found %q", l.Entry.URL)
	}
	errs["get"] = err
	errs["set"] = c.Set(ctx, k, g, cachetest.Entry(link))
	errs["forget"] = c.Forget(ctx, cachetest.Key("somebody else", "").Subscriber)
	first, err := c.Once(ctx, "of everybody", time.Hour)
	if err != nil && !first {
		t.Errorf("once failed with %v and said no", err)
	}
	errs["once"] = err
	errs["remember"] = c.Remember(ctx, "fact", "value", time.Hour)
	value, found, err := c.Recall(ctx, "fact")
	if found && value != "value" || err != nil && found {
		t.Errorf("recalled %q, %v, %v", value, found, err)
	}
	errs["recall"] = err
	wait, ok, err := c.TakeTurn(ctx, "of everybody", 1000, time.Second, time.Second)
	if err != nil && ok || ok && (wait < 0 || wait > 2*time.Second) {
		t.Errorf("took a turn: %v, %v, %v", wait, ok, err)
	}
	errs["rate"] = err
	for op, err := range errs {
		if err == nil {
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Op != op || err.Error() != "redis "+op+": "+Kind(err) {
			t.Errorf("%s says %q", op, err)
		}
	}
	return errs
}

var bg = context.Background()
