package caddymodule

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/partners"
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

// parsePartners reads:
//
//	partners <file> {
//		from query <name>      (may be repeated: the first that names an active partner counts)
//		from path <number>
//		remember <duration> [<placeholder>]
//	}
func parsePartners(b *block.Block, to **partners.Config) error {
	cfg := new(partners.Config)
	*to = cfg
	at := block.PlaceOf(b.Dispenser)
	if err := b.TextAtLoad(&cfg.Path); err != nil {
		return err
	}
	inner := b.Inner("partners")
	err := inner.Read(block.Options{
		"from":     func() error { return parsePartnerPlace(inner, cfg) },
		"remember": func() error { return parseRememberPartner(inner, cfg) },
	})
	if err != nil {
		return err
	}
	if err := cfg.Check(); err != nil {
		return at.Errorf("%w", err)
	}
	return nil
}

func parsePartnerPlace(b *block.Block, cfg *partners.Config) error {
	args := b.RemainingArgs()
	var place partners.Place
	if len(args) == 2 {
		place.In, place.Name = args[0], args[1]
	}
	if place.In == partners.InPath {
		n, err := strconv.Atoi(place.Name)
		if err != nil {
			n = -1
		}
		place.Name, place.Part = "", n
	}
	cfg.From = append(cfg.From, place)
	return b.Check("from", place.Check())
}

func parseRememberPartner(b *block.Block, cfg *partners.Config) error {
	if err := b.Once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return b.Err("remember takes a duration and perhaps a placeholder that says whether the " +
			"visitor consents: write `remember 30d {http.request.cookie.consent}`")
	}
	d, err := caddy.ParseDuration(args[0])
	if err != nil {
		return b.Errf("remember: %q is not a duration: write one such as 30d", args[0])
	}
	cfg.Remember = &partners.Remember{For: caddy.Duration(d)}
	if len(args) == 2 {
		cfg.Remember.Consent = args[1]
	}
	return nil
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
	grammar := serverOptions(b, &c.RedisServer)
	grammar["ttl"] = func() error { return parseTTL(b, &c.TTL) }
	if err := b.Read(grammar); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return at.Errorf("cache redis: %w", err)
	}
	return nil
}

// serverOptions are those that say where a Redis is.
func serverOptions(b *block.Block, s *RedisServer) block.Options {
	return block.Options{
		"url":         func() error { return b.MoreAtLoad(&s.URLs) },
		"master_name": func() error { return b.TextAtLoad(&s.MasterName) },
		"cluster":     func() error { return b.Flag(&s.Cluster) },
		"username":    func() error { return b.TextAtLoad(&s.Username) },
		"password":    func() error { return b.TextAtLoad(&s.Password) },
		"key_prefix":  func() error { return b.TextAtLoad(&s.KeyPrefix) },
		"timeout":     func() error { return b.Duration(&s.Timeout) },
	}
}

// parseLedger reads:
//
//	ledger <module> { … }
func parseLedger(b *block.Block, to *json.RawMessage) error {
	if err := b.Once(); err != nil {
		return err
	}
	if !b.NextArg() {
		return b.Err("ledger takes the name of a module: write `ledger file`")
	}
	name := b.Val()
	id := "checkout.ledgers." + name
	if _, err := caddy.GetModule(id); err != nil {
		return b.Errf("ledger: unknown module %q: write file, redis or memory", name)
	}
	guest, err := caddyfile.UnmarshalModule(b.Dispenser, id)
	if err != nil {
		return err
	}
	*to = caddyconfig.JSONModuleObject(guest, "module", name, nil)
	return nil
}

// options are those of every kind of ledger.
func (s *LedgerSettings) options(b *block.Block, more block.Options) block.Options {
	more["keep"] = func() error { return b.Duration(&s.Keep) }
	more["secret"] = func() error { return b.MoreAtLoad(&s.Secret) }
	return more
}

// UnmarshalCaddyfile reads:
//
//	ledger file [<path>] {
//		keep <duration>
//		max_size <size>
//		secret <secret>        (may be repeated)
//	}
func (l *FileLedger) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		l.Path = d.Val()
	}
	if d.NextArg() {
		return d.Errf("ledger file takes one path, and %q is another value", d.Val())
	}
	b := block.New(d, "ledger file")
	return b.Read(l.options(b, block.Options{
		"max_size": func() error { return b.Size(&l.MaxSize) },
	}))
}

// UnmarshalCaddyfile reads:
//
//	ledger memory {
//		keep <duration>
//		secret <secret>        (may be repeated)
//	}
func (l *MemoryLedger) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.Errf("ledger memory takes no further value on its line, but %q stands there",
			d.Val())
	}
	b := block.New(d, "ledger memory")
	return b.Read(l.options(b, block.Options{}))
}

// UnmarshalCaddyfile reads the options of `cache redis` but ttl, and:
//
//	ledger redis {
//		url <url>              (may be repeated)
//		keep <duration>
//		secret <secret>        (may be repeated)
//	}
func (l *RedisLedger) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	at := block.PlaceOf(d)
	if d.NextArg() {
		return d.Errf("ledger redis takes no further value on its line, but %q stands there",
			d.Val())
	}
	b := block.New(d, "ledger redis")
	if err := b.Read(l.options(b, serverOptions(b, &l.RedisServer))); err != nil {
		return err
	}
	if err := l.check(); err != nil {
		return at.Errorf("ledger redis: %w", err)
	}
	return nil
}

// parseWebhookDirective reads:
//
//	checkout_webhook [<matcher>] {
//		token <token>          (may be repeated)
//		project <name>
//		verify
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
		"token":        func() error { return b.MoreAtLoad((*[]string)(&handler.Token)) },
		"project":      func() error { return b.Text(&handler.Project) },
		"verify":       func() error { return b.Flag(&handler.Verify) },
		"pass_through": func() error { return b.Flag(&handler.PassThrough) },
	})
	if err == nil && len(handler.Token) == 0 {
		err = at.Errorf("checkout_webhook: token is missing: write `token " +
			"{env.ZOTLO_WEBHOOK_TOKEN}`")
	}
	return handler, err
}

// parseEventsDirective reads:
//
//	checkout_events [<matcher>] {
//		token <token>          (may be repeated)
//	}
func parseEventsDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	at := block.PlaceOf(h.Dispenser)
	handler := new(EventsHandler)
	if h.NextArg() {
		return nil, h.Errf("checkout_events takes no value but a matcher, and %q is none: "+
			"begin a path with /", h.Val())
	}
	b := block.New(h.Dispenser, "checkout_events")
	err := b.Read(block.Options{
		"token": func() error { return b.MoreAtLoad((*[]string)(&handler.Token)) },
	})
	if err == nil && len(handler.Token) == 0 {
		err = at.Errorf("checkout_events: token is missing: write `token {env.EVENTS_TOKEN}`")
	}
	return handler, err
}

// Interface guards
var (
	_ caddyfile.Unmarshaler = (*MemoryCache)(nil)
	_ caddyfile.Unmarshaler = (*RedisCache)(nil)
	_ caddyfile.Unmarshaler = (*FileLedger)(nil)
	_ caddyfile.Unmarshaler = (*MemoryLedger)(nil)
	_ caddyfile.Unmarshaler = (*RedisLedger)(nil)
)
