package caddymodule_test

import (
	"context"
	"errors"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-checkout/checkout/caddymodule"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

// stumblingCache is a cache that fails as often as it is told: a Redis that is slow for a moment.
type stumblingCache struct{ *memorycache.Cache }

// stumble lets the next n calls of an operation fail: forget of the cache; read or do of the ledger,
// "do, done", which does its work and then loses the answer, or "do, panic".
func stumble(op string, n int) { caddymodule.Stumbles.Set(map[string]int{op: n}) }

func init() { caddy.RegisterModule(stumblingCache{}) }

func (stumblingCache) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "checkout.caches.stumbling",
		New: func() caddy.Module { return new(stumblingCache) },
	}
}

func (*stumblingCache) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { d.Next(); return nil }

func (*stumblingCache) LinkTTL() time.Duration { return 0 }

func (*stumblingCache) OpenCache([]byte) (caddymodule.Cache, func() error, error) {
	m := memorycache.New(memorycache.Config{})
	return &stumblingCache{m}, func() error { m.Close(); return nil }, nil
}

func (c *stumblingCache) Forget(ctx context.Context, s linkgen.SubscriberHash) error {
	if err := errors.Join(ctx.Err(), caddymodule.Stumbles.Next("forget")); err != nil {
		return err
	}
	return c.Cache.Forget(ctx, s)
}
