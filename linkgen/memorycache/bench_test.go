package memorycache_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

// fill puts n links of 150 bytes, each of its own subscriber, into m.
func fill(m *memorycache.Cache, n int, life time.Duration) {
	now := time.Now()
	for i := range n {
		k := keyOf(i, 1)
		seen, _ := m.Get(context.Background(), k)
		url := string(append([]byte(nil), link150...)) // as decoding makes it
		m.Set(context.Background(), k, seen.Epoch, linkgen.Entry{URL: url, Made: now, Until: now.Add(life)})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkMemory reports what a cached link of 150 bytes takes: B/link, at most 400.
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				m := memorycache.New(memorycache.Config{MaxLinks: n})
				fill(m, n, time.Hour)
				b.ReportMetric(float64(heap()-before)/float64(n), "B/link")
				m.Close()
			}
		})
	}
}

// BenchmarkSweep reports the longest Get of a busy server while a million links expire and the
// cache sweeps them at its own pace: at most 2 ms. It takes a minute. For comparison it reports the
// same while the links of another cache are swept: what is longer than 2 ms there, too, is the
// machine.
func BenchmarkSweep(b *testing.B) {
	const n = 1_000_000
	for _, name := range []string{"expired", "elsewhere"} {
		b.Run(name, func(b *testing.B) {
			var all watched
			for b.Loop() {
				swept := memorycache.New(memorycache.Config{MaxLinks: n})
				fill(swept, n, time.Millisecond)
				asked := swept
				if name == "elsewhere" {
					asked = memorycache.New(memorycache.Config{})
				}
				runtime.GC()
				all.while(asked, func() bool { return swept.Len() > 0 })
				swept.Close()
				asked.Close()
			}
			b.ReportMetric(float64(all.longest), "ns/longest-Get")
			b.ReportMetric(float64(all.late), "Gets-above-2ms")
			b.ReportMetric(float64(all.gets), "Gets")
		})
	}
}

// watched is what was seen of many Gets.
type watched struct {
	longest    time.Duration
	late, gets int
}

// while asks m 20,000 times a second, for keys of all shards, as long as there is work.
func (w *watched) while(m *memorycache.Cache, work func() bool) {
	keys := make([]linkgen.Key, 4096)
	for i := range keys {
		keys[i] = keyOf(i, 1)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for work() {
		<-tick.C
		for range 20 {
			start := time.Now()
			m.Get(context.Background(), keys[w.gets%len(keys)])
			took := time.Since(start)
			w.gets++
			w.longest = max(w.longest, took)
			if took > 2*time.Millisecond {
				w.late++
			}
		}
	}
}

// BenchmarkFull is Set into a full cache: each gives up an old link.
func BenchmarkFull(b *testing.B) {
	const n = 100_000
	m := memorycache.New(memorycache.Config{MaxLinks: n})
	defer m.Close()
	fill(m, n, time.Hour)
	now := time.Now()
	b.ReportAllocs()
	for i := n; b.Loop(); i++ {
		m.Set(context.Background(), keyOf(i, 1), "0", linkgen.Entry{URL: link150, Made: now, Until: now.Add(time.Hour)})
	}
}
