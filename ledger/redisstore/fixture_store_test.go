package redisstore

import (
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/caddy-checkout/checkout/internal/redisclient"
)

func TestMain(m *testing.M) {
	logging.Disable() // as every program does that owns its process
	// A pool that could not connect looks once a second whether it was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// open has a time-out that no busy machine reaches, unless the test is about time.
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
