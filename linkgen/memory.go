package linkgen

import (
	"context"
	"hash/maphash"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

const (
	defaultMaxLinks = 100_000
	// shards is how many parts the cache has. A million links make shards of a thousand: sweeping one takes below a
	// millisecond, and only its own subscribers wait for it.
	shards = 1024
	// A sweep round takes sweepEvery × shards / sweepShards, about a minute.
	sweepEvery  = time.Second
	sweepShards = 16
)

// MemoryConfig configures a Memory cache.
type MemoryConfig struct {
	// MaxLinks bounds the number of links. Default 100,000. Small facts have the same bound, but at least the default: who
	// paid must not be forgotten because few links are kept. Where a bound is reached, a new entry takes the place of an
	// old one.
	MaxLinks int
	// Now is the clock. Nil means time.Now. Steps of the wall clock do not make a link older or younger.
	Now func() time.Time
}

// Memory is a Cache in this process: go-cache in shards, bounded. It is safe for concurrent use.
//
// All links of a subscriber are in one shard, together with his generation. A link of 150 bytes takes about 350 bytes.
// Its methods never return an error.
type Memory struct {
	now    func() time.Time
	start  time.Time // what the instants of entries are counted from, so that they fit 8 bytes and stay monotonic
	seed   maphash.Seed
	links  *store[link]
	facts  *store[string]
	gens   [shards]generations
	stop   chan struct{}
	once   sync.Once
	closed atomic.Bool
}

// link is a cached link. Its subscriber is known by the shard's generations.
type link struct {
	url        string
	made       time.Duration // since Memory.start
	generation uint64
}

// NewMemory makes an empty cache. It sweeps expired entries in a goroutine of its own until Close.
func NewMemory(cfg MemoryConfig) *Memory {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &Memory{
		now:   cfg.Now,
		start: cfg.Now(),
		seed:  maphash.MakeSeed(),
		stop:  make(chan struct{}),
	}
	m.links, m.facts = newStore[link](m.age), newStore[string](m.age)
	m.SetMaxLinks(cfg.MaxLinks)
	go m.sweep()
	return m
}

func (m *Memory) age() time.Duration { return m.now().Sub(m.start) }

// Get implements Cache.
func (m *Memory) Get(_ context.Context, k Key) (Lookup, error) {
	shard := subjectShard(k.Subject)
	current, name := m.gens[shard].of(k.Subject)
	// The bytes of k are only compared here, never kept: no copy of them is needed.
	l, until, found := m.links.get(shard, unsafe.String(&k.Order[0], len(k.Order)))
	if !found || l.generation < current {
		return Lookup{Generation: name}, nil
	}
	entry := Entry{URL: l.url, Made: m.start.Add(l.made), Until: m.start.Add(until)}
	return Lookup{Entry: entry, Found: true, Generation: name}, nil
}

// Set implements Cache.
func (m *Memory) Set(_ context.Context, k Key, g Generation, e Entry) error {
	made, err := strconv.ParseUint(string(g), 36, 64)
	if err != nil || m.closed.Load() {
		return nil
	}
	shard := subjectShard(k.Subject)
	if current, _ := m.gens[shard].of(k.Subject); made < current {
		return nil
	}
	// A Forget that comes between the check and the put is no harm: the link carries its generation.
	m.links.put(shard, string(k.Order[:]), link{e.URL, e.Made.Sub(m.start), made}, e.Until.Sub(m.start))
	return nil
}

// Forget implements Cache.
func (m *Memory) Forget(_ context.Context, s Subject) error {
	m.gens[subjectShard(s)].forget(s, m.age())
	return nil
}

// Once implements Cache.
func (m *Memory) Once(_ context.Context, key string, ttl time.Duration) (bool, error) {
	if m.closed.Load() {
		return true, nil
	}
	return m.facts.add(m.factShard(key), "1"+key, "", m.age()+ttl), nil
}

// Seen implements Cache.
func (m *Memory) Seen(_ context.Context, key string) (bool, error) {
	_, _, seen := m.facts.get(m.factShard(key), "1"+key)
	return seen, nil
}

// Remember implements Cache.
func (m *Memory) Remember(_ context.Context, key, value string, ttl time.Duration) error {
	if !m.closed.Load() {
		m.facts.put(m.factShard(key), "="+key, value, m.age()+ttl)
	}
	return nil
}

// Recall implements Cache.
func (m *Memory) Recall(_ context.Context, key string) (string, bool, error) {
	value, _, found := m.facts.get(m.factShard(key), "="+key)
	return value, found, nil
}

// Len is the number of links kept, dead ones included until they are swept.
func (m *Memory) Len() int { return int(m.links.count.Load()) }

// SetMaxLinks changes the bound of a cache that outlives a configuration. Zero means the default. What is too much is
// given up before it returns.
func (m *Memory) SetMaxLinks(n int) {
	if n <= 0 {
		n = defaultMaxLinks
	}
	m.links.resize(n)
	m.facts.resize(max(n, defaultMaxLinks))
}

// Close ends the sweep and forgets everything. A closed cache is a miss, never an error or a panic.
func (m *Memory) Close() {
	m.once.Do(func() {
		m.closed.Store(true)
		close(m.stop)
		m.links.clear()
		m.facts.clear()
	})
}

func (m *Memory) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	next := 0
	for {
		select {
		case <-m.stop:
			return
		case <-tick.C:
		}
		now := m.age()
		for range sweepShards {
			m.links.sweep(next, now)
			m.facts.sweep(next, now)
			next = (next + 1) % shards
		}
	}
}

// subjectShard spreads well, since a Subject is a keyed hash.
func subjectShard(s Subject) int { return (int(s[0])<<8 | int(s[1])) % shards }

func (m *Memory) factShard(key string) int { return int(maphash.String(m.seed, key) % shards) }
