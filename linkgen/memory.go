package linkgen

import "time"

// MemoryConfig configures a Memory cache.
type MemoryConfig struct {
	// MaxLinks bounds the number of links. Default 100,000. A full shard gives up an old entry.
	MaxLinks int
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Memory is a Cache in this process: go-cache in shards, bounded. It is safe for concurrent use.
type Memory struct{ Cache }

// NewMemory makes an empty cache. It sweeps expired entries in a goroutine of its own until Close.
func NewMemory(cfg MemoryConfig) *Memory { return nil }

// Len is the number of links kept, dead ones included until they are swept.
func (m *Memory) Len() int { return 0 }

// SetMaxLinks changes the bound of a cache that outlives a configuration.
func (m *Memory) SetMaxLinks(n int) {}

// Close ends the sweep and forgets everything. A closed cache is a miss, never an error or a panic.
func (m *Memory) Close() {}

var _ = time.Now
