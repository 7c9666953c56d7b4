package caddymodule

import (
	"encoding/json"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
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
func parseLimits(b *block.Block, to **Limits) error {
	if err := b.Once(); err != nil {
		return err
	}
	if b.NextArg() {
		return b.Err("limits takes no value on its own line: open a block with {")
	}
	l := new(Limits)
	*to = l
	inner := b.Inner("limits")
	rate := func(to *string) func() error {
		return func() error {
			option := inner.Val()
			if err := inner.Text(to); err != nil {
				return err
			}
			_, err := parseRate(*to)
			return inner.Check(option, err)
		}
	}
	return inner.Read(block.Options{
		"timeout":        func() error { return inner.Duration(&l.Timeout) },
		"max_in_flight":  func() error { return inner.Count(&l.MaxInFlight) },
		"wait":           func() error { return inner.Duration(&l.Wait) },
		"rate":           rate(&l.Rate),
		"per_subscriber": rate(&l.PerSubscriber),
		"per_ip":         rate(&l.PerIP),
	})
}

// parseCache reads:
//
//	cache <module> { … }
func parseCache(b *block.Block, to *json.RawMessage) error {
	if err := b.Once(); err != nil {
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
	*to = caddyconfig.JSONModuleObject(guest, "module", name, nil)
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
		return d.Errf("cache memory takes no further value on its line, but %q stands there",
			d.Val())
	}
	b := block.New(d, "cache memory")
	return b.Read(block.Options{
		"ttl":       func() error { return parseTTL(b, &m.TTL) },
		"max_links": func() error { return b.Count(&m.MaxLinks) },
	})
}

// parseTTL reads how long links are given out.
func parseTTL(b *block.Block, to *caddy.Duration) error {
	if err := b.Duration(to); err != nil {
		return err
	}
	return b.Check("ttl", checkTTL(time.Duration(*to)))
}

// UnmarshalCaddyfile reads:
//
//	cache redis {
//		url <url>              (may be repeated)
//		master_name <name>
//		cluster
//		username <name>
//		password <password>
//		key_prefix <prefix>
//		ttl <duration>
//		timeout <duration>
//	}
func (c *RedisCache) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	at := block.PlaceOf(d)
	if d.NextArg() {
		return d.Errf("cache redis takes no further value on its line, but %q stands there",
			d.Val())
	}
	b := block.New(d, "cache redis")
	err := b.Read(block.Options{
		"url":         func() error { return b.MoreAtLoad(&c.URLs) },
		"master_name": func() error { return b.TextAtLoad(&c.MasterName) },
		"cluster":     func() error { return b.Flag(&c.Cluster) },
		"username":    func() error { return b.TextAtLoad(&c.Username) },
		"password":    func() error { return b.TextAtLoad(&c.Password) },
		"key_prefix":  func() error { return b.TextAtLoad(&c.KeyPrefix) },
		"ttl":         func() error { return parseTTL(b, &c.TTL) },
		"timeout":     func() error { return b.Duration(&c.Timeout) },
	})
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return at.Errorf("cache redis: %w", err)
	}
	return nil
}

// parseWebhookDirective reads:
//
//	checkout_webhook [<matcher>] {
//		token <token>
//		pass_through
//	}
func parseWebhookDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	at := block.PlaceOf(h.Dispenser)
	handler := new(WebhookHandler)
	if h.NextArg() {
		return nil, h.Errf("checkout_webhook takes no value but a matcher, and %q is none: "+
			"begin a path with /", h.Val())
	}
	b := block.New(h.Dispenser, "checkout_webhook")
	err := b.Read(block.Options{
		"token":        func() error { return b.TextAtLoad(&handler.Token) },
		"pass_through": func() error { return b.Flag(&handler.PassThrough) },
	})
	if err == nil && handler.Token == "" {
		err = at.Errorf("checkout_webhook: token is missing: write `token " +
			"{env.ZOTLO_WEBHOOK_TOKEN}`")
	}
	return handler, err
}

// Interface guards
var (
	_ caddyfile.Unmarshaler = (*MemoryCache)(nil)
	_ caddyfile.Unmarshaler = (*RedisCache)(nil)
)
