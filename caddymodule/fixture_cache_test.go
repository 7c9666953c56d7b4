package caddymodule_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-checkout/checkout/caddymodule"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

// stumblingCache is a cache that fails as often as it is told: a Redis that is slow for a moment.
type stumblingCache struct{ *memorycache.Cache }

var stumbles struct {
	sync.Mutex
	left map[string]int // by operation; that of "once, done" does its work, and its answer is late
}

// stumble lets the next n calls of an operation fail.
func stumble(op string, n int) {
	stumbles.Lock()
	defer stumbles.Unlock()
	stumbles.left = map[string]int{op: n}
}

func stumbled(op string) error {
	stumbles.Lock()
	defer stumbles.Unlock()
	if stumbles.left[op] == 0 {
		return nil
	}
	stumbles.left[op]--
	return errors.New(op + ": timeout")
}

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
	if err := errors.Join(ctx.Err(), stumbled("forget")); err != nil {
		return err
	}
	return c.Cache.Forget(ctx, s)
}

func (c *stumblingCache) Seen(ctx context.Context, key string) (bool, error) {
	if stumbled("seen, panic") != nil {
		panic("a fault of the cache")
	}
	if err := errors.Join(ctx.Err(), stumbled("seen")); err != nil {
		return false, err
	}
	return c.Cache.Seen(ctx, key)
}

func (c *stumblingCache) Once(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := stumbled("once, done"); err != nil {
		c.Cache.Once(ctx, key, ttl)
		return true, err
	}
	return c.Cache.Once(ctx, key, ttl)
}

func (c *stumblingCache) Remember(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := errors.Join(ctx.Err(), stumbled("remember")); err != nil {
		return err
	}
	return c.Cache.Remember(ctx, key, value, ttl)
}
