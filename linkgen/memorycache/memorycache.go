// Package memorycache keeps links in this process: go-cache in shards, bounded. It lives up to
// linkgen/cachetest, as rediscache does for a fleet.
package memorycache

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/caddy-checkout/checkout/linkgen"
)

const (
	// defaultMaxLinks is the bound of a Config that says nothing.
	defaultMaxLinks = 100_000
	// shards is how many parts the cache has: many enough that clicks hardly ever wait for each
	// other, and few enough that what finds a link in its part is still in the processor's cache.
	shards = 64
	// epochShards is how many parts the epochs have. Where one is full, all its links die.
	epochShards = 1024
	// A sweep round takes sweepEvery × shards, about a minute.
	sweepEvery = time.Second
)

// Config configures a Cache.
type Config struct {
	// MaxLinks bounds the number of links. Default 100,000. Where it is reached, a new link takes
	// the place of an old one.
	MaxLinks int
	// Now is the clock. Nil means time.Now. Steps of the wall clock make no link older or younger.
	Now func() time.Time
}

// Cache is a linkgen.Cache in this process. It is safe for concurrent use. Its methods never return
// an error.
//
// All links of a subscriber are in one shard. A link of 150 bytes takes about 350 bytes.
type Cache struct {
	now   func() time.Time
	start time.Time // what instants are counted from: they fit 8 bytes and stay monotonic
	// links are by Key.Order, in the shard of their subscriber.
	links *store
	// epochs are by subscriber; forgetting is held by whoever changes them.
	epochs     [epochShards]atomic.Pointer[epochs]
	forgetting sync.Mutex
	// stop is closed by Close, once.
	stop chan struct{}
	once sync.Once
	// closed makes writes do nothing, so that a late one leaves nothing behind.
	closed atomic.Bool
}

// link is what is kept of a link beside its URL. Its subscriber is known by their epochs.
type link struct {
	made  time.Duration // since Cache.start
	epoch uint64
}

// New makes an empty cache. It sweeps expired entries in a goroutine of its own until Close.
func New(cfg Config) *Cache {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Cache{
		now:   cfg.Now,
		start: cfg.Now(),
		links: newStore(),
		stop:  make(chan struct{}),
	}
	c.SetMaxLinks(cfg.MaxLinks)
	go c.sweep()
	return c
}

// age is the instant by which entries are kept.
func (c *Cache) age() time.Duration { return c.now().Sub(c.start) }

// Get implements linkgen.Cache. It is on the path of every click, so small steps are written out.
func (c *Cache) Get(_ context.Context, k linkgen.Key) (linkgen.Lookup, error) {
	spread := int(k.Subscriber[0])<<8 | int(k.Subscriber[1]) // as spreadOf
	current, name := c.epochs[spread%epochShards].Load().of(k.Subscriber)
	// The bytes of k are only compared here, never kept: no copy of them is needed.
	order := unsafe.String(&k.Order[0], len(k.Order))
	url, l, until, found := c.links.get(spread%shards, order, c.now().Sub(c.start))
	if !found || l.epoch < current {
		return linkgen.Lookup{Epoch: name}, nil
	}
	entry := linkgen.Entry{URL: url, Made: c.start.Add(l.made), Until: c.start.Add(until)}
	return linkgen.Lookup{Entry: entry, Found: true, Epoch: name}, nil
}

// Set implements linkgen.Cache. Under an epoch that is over, or is none of this cache's
// making, nothing is kept.
func (c *Cache) Set(_ context.Context, k linkgen.Key, g linkgen.Epoch, e linkgen.Entry) error {
	made, err := strconv.ParseUint(string(g), 36, 64)
	if err != nil || c.closed.Load() {
		return nil
	}
	spread := spreadOf(k.Subscriber)
	if current, _ := c.epochs[spread%epochShards].Load().of(k.Subscriber); made < current {
		return nil
	}
	// A Forget that comes between the check and the put is no harm: the link carries its epoch.
	c.links.put(spread%shards, string(k.Order[:]), e.URL, link{e.Made.Sub(c.start), made},
		e.Until.Sub(c.start))
	return nil
}

// Forget implements linkgen.Cache. It takes a few microseconds.
func (c *Cache) Forget(_ context.Context, s linkgen.SubscriberHash) error {
	c.forgetting.Lock()
	defer c.forgetting.Unlock()
	part := &c.epochs[spreadOf(s)%epochShards]
	part.Store(part.Load().forgetting(s, c.age()))
	return nil
}

// Len is the number of links kept, dead ones included until they are swept.
func (c *Cache) Len() int { return int(c.links.count.Load()) }

// SetMaxLinks changes the bound of a cache that outlives a configuration. Zero means the default.
// What is too much is given up before it returns.
func (c *Cache) SetMaxLinks(n int) {
	if n <= 0 {
		n = defaultMaxLinks
	}
	c.links.resize(n)
}

// Close ends the sweep and forgets everything. A closed cache is a miss, never an error or a panic.
func (c *Cache) Close() {
	c.once.Do(func() {
		c.closed.Store(true)
		close(c.stop)
		c.links.clear()
	})
}

// sweep removes expired entries, of one shard every sweepEvery, until Close.
func (c *Cache) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for next := 0; ; next = (next + 1) % shards {
		select {
		case <-c.stop:
			return
		case <-tick.C:
			c.links.sweep(next, c.age())
		}
	}
}

// spreadOf spreads well, since a linkgen.SubscriberHash is a keyed hash.
func spreadOf(s linkgen.SubscriberHash) int { return int(s[0])<<8 | int(s[1]) }
