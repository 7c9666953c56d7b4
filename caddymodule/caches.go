package caddymodule

import (
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

// Cache keeps links.
type Cache = linkgen.Cache

// CacheOpener is what a guest module in `checkout.caches` implements.
type CacheOpener interface {
	// OpenCache returns the cache and a function that gives it back. The same cache may be handed
	// to several configurations, so that links survive a reload. secret seals what leaves the
	// process.
	OpenCache(secret []byte) (cache Cache, giveBack func() error, err error)
	// LinkTTL is how long a link is given out. Zero means the default.
	LinkTTL() time.Duration
}

// CacheActivator is what a guest module implements whose settings change a cache that it shares
// with other configurations.
type CacheActivator interface {
	// Activate is called when the configuration begins to serve, never for one that is rejected. It
	// may be called again.
	Activate(cache Cache)
}

// maxTTL keeps a cached link clear of its end: Zotlo's links live one hour, and a shopper needs
// time to pay.
const maxTTL = 55 * time.Minute

// checkTTL refuses what would hand out dead links.
func checkTTL(ttl time.Duration) error {
	if ttl < 0 {
		return fmt.Errorf("ttl: %s is negative: write a duration such as 5m", ttl)
	}
	if ttl > maxTTL {
		return fmt.Errorf("ttl: %s is too long: a link lives one hour and the shopper needs "+
			"time to pay, so write at most 55m", ttl)
	}
	return nil
}

// MemoryCache keeps links in this process. They survive configuration reloads, not restarts.
type MemoryCache struct {
	// TTL is how long a link is given out, from the start of the API call that made it. Default 5m,
	// at most 55m. A link dies when it is paid: without a webhook, a shopper who pays and clicks
	// again within this time meets a dead link.
	TTL caddy.Duration `json:"ttl,omitempty"`
	// MaxLinks bounds the number of links. Default 100000, roughly 400 bytes each. When it is
	// reached, old links give way. What else is remembered, such as who paid, has the same bound,
	// and 100000 at least.
	MaxLinks int `json:"max_links,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (*MemoryCache) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "checkout.caches.memory",
		New: func() caddy.Module { return new(MemoryCache) },
	}
}

// Validate refuses limits that make no sense.
func (m *MemoryCache) Validate() error {
	if m.MaxLinks < 0 {
		return fmt.Errorf("max_links: %d is negative: write a number such as 100000", m.MaxLinks)
	}
	return checkTTL(time.Duration(m.TTL))
}

// LinkTTL is how long a link is given out.
func (m *MemoryCache) LinkTTL() time.Duration { return time.Duration(m.TTL) }

// OpenCache returns the one memory cache of this process. Its keys are HMACs under each
// configuration's own secret, so configurations that differ in secrets cannot meet in it.
func (m *MemoryCache) OpenCache([]byte) (Cache, func() error, error) {
	v, _, err := memoryCaches.LoadOrNew(memoryKey, func() (caddy.Destructor, error) {
		return pooledMemory{memorycache.New(memorycache.Config{MaxLinks: m.MaxLinks})}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	return v.(pooledMemory).Cache, func() error {
		_, err := memoryCaches.Delete(memoryKey)
		return err
	}, nil
}

// Activate makes this configuration's bound hold for the cache that it shares with others.
func (m *MemoryCache) Activate(cache Cache) {
	if memory, ok := cache.(*memorycache.Cache); ok {
		memory.SetMaxLinks(m.MaxLinks)
	}
}

// memoryCaches outlives configurations.
var memoryCaches = caddy.NewUsagePool()

const memoryKey = "memory"

// cachedLinks reads the process's memory cache.
var cachedLinks = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
	Name: "caddy_checkout_cached_links",
	Help: "Links in the memory cache.",
}, func() (n float64) {
	memoryCaches.Range(func(_, value any) bool {
		n += float64(value.(pooledMemory).Len())
		return true
	})
	return n
})

type pooledMemory struct{ *memorycache.Cache }

func (p pooledMemory) Destruct() error { p.Close(); return nil }

// openCache is the cache of one configuration.
type openCache struct {
	Cache
	name      string // of the guest module
	ttl       time.Duration
	guest     any // its configuration
	giveBack  func() error
	activator CacheActivator // nil if there is nothing to do
}

// activate makes this configuration's settings hold for a shared cache.
func (c *openCache) activate() {
	if c.activator != nil {
		c.activator.Activate(c.Cache)
	}
}

// openConfiguredCache opens the guest module that the configuration has; nil is the memory cache. key
// seals what leaves the process.
func openConfiguredCache(guest any, key []byte) (*openCache, error) {
	if guest == nil {
		guest = new(MemoryCache)
	}
	opener, ok := guest.(CacheOpener)
	if !ok {
		return nil, fmt.Errorf("cache: module %T is not a link cache", guest)
	}
	if err := checkTTL(opener.LinkTTL()); err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	cache, giveBack, err := opener.OpenCache(key)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	open := &openCache{
		Cache: cache, guest: guest, name: guestName(guest), ttl: opener.LinkTTL(),
		giveBack: giveBack,
	}
	open.activator, _ = guest.(CacheActivator)
	return open, nil
}

// guestName is the last label of a guest's module ID.
func guestName(guest any) string {
	if module, ok := guest.(caddy.Module); ok {
		return module.CaddyModule().ID.Name()
	}
	return metrics.Other
}

// release gives the cache back, once. A configuration that was rejected half-way may hold none.
func (c *openCache) release() error {
	if c == nil || c.giveBack == nil {
		return nil
	}
	giveBack := c.giveBack
	c.giveBack = nil
	return giveBack()
}

// sharedState is the generator's state that outlives configurations: flights, breakers, pauses and
// limiters.
type sharedState struct {
	pooledState
	held bool
}

var states = caddy.NewUsagePool()

const stateKey = "state"

type pooledState struct{ *linkgen.State }

func (p pooledState) Destruct() error { return nil }

func takeState() (*sharedState, error) {
	v, _, err := states.LoadOrNew(stateKey, func() (caddy.Destructor, error) {
		return pooledState{linkgen.NewState()}, nil
	})
	if err != nil {
		return nil, err
	}
	return &sharedState{pooledState: v.(pooledState), held: true}, nil
}

func (s *sharedState) release() error {
	if s == nil || !s.held {
		return nil
	}
	s.held = false
	_, err := states.Delete(stateKey)
	return err
}

// Interface guards
var (
	_ caddy.Validator = (*MemoryCache)(nil)
	_ CacheOpener     = (*MemoryCache)(nil)
	_ CacheActivator  = (*MemoryCache)(nil)
)
