package caddymodule

import (
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseLimits reads:
//
//	limits {
//		timeout <duration>
//		max_in_flight <number>
//		wait <duration>
//		rate <events>/<duration>
//		per_subscriber <events>/<duration>
//		per_ip <events>/<duration>
//	}
func (app *App) parseLimits(b *block) error {
	if err := b.once(); err != nil {
		return err
	}
	if b.NextArg() {
		return b.Err("limits takes no value on its own line: open a block with {")
	}
	l := new(Limits)
	inner := newBlock(b.Dispenser, "limits")
	app.Limits = l
	return inner.read(words{
		"timeout":        func() error { return inner.duration(&l.Timeout) },
		"max_in_flight":  func() error { return inner.count(&l.MaxInFlight) },
		"wait":           func() error { return inner.duration(&l.Wait) },
		"rate":           func() error { return inner.rate(&l.Rate) },
		"per_subscriber": func() error { return inner.rate(&l.PerSubscriber) },
		"per_ip":         func() error { return inner.rate(&l.PerIP) },
	})
}

// rate reads a rate such as 10/1m.
func (b *block) rate(to *string) error {
	word := b.Val()
	if err := b.text(to); err != nil {
		return err
	}
	_, err := parseRate(*to)
	return b.check(word, err)
}

// parseCache reads:
//
//	cache <module> { … }
func (app *App) parseCache(b *block) error {
	if err := b.once(); err != nil {
		return err
	}
	if !b.NextArg() {
		return b.Err("cache takes the name of a module: write `cache memory {`")
	}
	name := b.Val()
	id := "checkout.caches." + name
	if _, err := caddy.GetModule(id); err != nil {
		return b.Errf("cache: unknown module %q: write memory or redis", name)
	}
	guest, err := caddyfile.UnmarshalModule(b.Dispenser, id)
	if err != nil {
		return err
	}
	app.CacheRaw = caddyconfig.JSONModuleObject(guest, "module", name, nil)
	return nil
}

// UnmarshalCaddyfile reads:
//
//	cache memory {
//		ttl <duration>
//		max_links <number>
//	}
func (m *MemoryCache) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.Errf("cache memory takes no further value on its line, but %q stands there", d.Val())
	}
	b := newBlock(d, "cache memory")
	return b.read(words{
		"ttl":       func() error { return b.ttl(&m.TTL) },
		"max_links": func() error { return b.count(&m.MaxLinks) },
	})
}

// ttl reads how long links are given out.
func (b *block) ttl(to *caddy.Duration) error {
	if err := b.duration(to); err != nil {
		return err
	}
	return b.check("ttl", checkTTL(time.Duration(*to)))
}

// Interface guards
var _ caddyfile.Unmarshaler = (*MemoryCache)(nil)
