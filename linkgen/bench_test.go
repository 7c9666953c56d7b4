package linkgen_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

// typical is an order of a plain campaign with an experiment; its link has 150 bytes.
func typical() linkgen.Order {
	o := full()
	o.Fields = o.Fields[:1]
	o.OwnHost = "shop.example.com:443"
	return o
}

func benchStage(b *testing.B) *stage {
	s := set(b)
	s.api.does(says(200, fmt.Sprintf(`{"meta":{"httpStatus":200},"result":{"onelink":%q}}`, link150)))
	return s
}

// BenchmarkHit is Link for a cached link: key, cache, checks. With a kept key it is what is left.
func BenchmarkHit(b *testing.B) {
	s := benchStage(b)
	ctx, o := context.Background(), typical()
	k := s.g.Key(o)
	if _, err := s.g.Link(ctx, o); err != nil {
		b.Fatal(err)
	}
	b.Run("Link", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.g.Link(ctx, o)
		}
	})
	b.Run("LinkKeyed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.g.LinkKeyed(ctx, o, k)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				s.g.Link(ctx, o)
			}
		})
	})
	if s.api.calls.Load() != 1 {
		b.Fatal("these were no hits")
	}
}

func BenchmarkKey(b *testing.B) {
	s, o := benchStage(b), typical()
	b.ReportAllocs()
	for b.Loop() {
		s.g.Key(o)
	}
}

// BenchmarkMiss is Link with a call to an API that answers at once, without a network.
func BenchmarkMiss(b *testing.B) {
	s := benchStage(b)
	o := typical()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.Subscriber.ID = fmt.Sprint(i)
		if _, err := s.g.Link(context.Background(), o); err != nil {
			b.Fatal(err)
		}
	}
}

// fill puts n links of 150 bytes, each of its own subscriber, into m.
func fill(m *linkgen.Memory, n int, life time.Duration) {
	now := time.Now()
	for i := range n {
		k := keyOf(i, 1)
		seen, _ := m.Get(context.Background(), k)
		url := string(append([]byte(nil), link150...)) // as decoding makes it
		m.Set(context.Background(), k, seen.Generation, linkgen.Entry{URL: url, Made: now, Until: now.Add(life)})
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
				m := linkgen.NewMemory(linkgen.MemoryConfig{MaxLinks: n})
				fill(m, n, time.Hour)
				b.ReportMetric(float64(heap()-before)/float64(n), "B/link")
				m.Close()
			}
		})
	}
}

// BenchmarkSweep reports the longest Get while a million links expire and are swept: at most 2 ms. For comparison it
// reports the same while those of another cache are swept: what is longer than 2 ms there is the machine, not a lock.
func BenchmarkSweep(b *testing.B) {
	const n = 1_000_000
	for _, name := range []string{"expired", "elsewhere"} {
		b.Run(name, func(b *testing.B) {
			var longest time.Duration
			var late, gets int
			for b.Loop() {
				swept := linkgen.NewMemory(linkgen.MemoryConfig{MaxLinks: n})
				fill(swept, n, time.Millisecond)
				watched := swept
				if name == "elsewhere" {
					watched = linkgen.NewMemory(linkgen.MemoryConfig{})
				}
				runtime.GC()
				l, above, all := watchGets(watched, func() { linkgen.SweepAll(swept) })
				longest, late, gets = max(longest, l), late+above, gets+all
				if swept.Len() != 0 {
					b.Fatalf("%d links are left", swept.Len())
				}
				swept.Close()
				watched.Close()
			}
			b.ReportMetric(float64(longest), "ns/longest-Get")
			b.ReportMetric(float64(late), "Gets-above-2ms")
			b.ReportMetric(float64(gets), "Gets")
		})
	}
}

// watchGets measures Gets, one after the other, while work is done.
func watchGets(m *linkgen.Memory, work func()) (longest time.Duration, late, gets int) {
	keys := make([]linkgen.Key, 4096)
	for i := range keys {
		keys[i] = keyOf(i, 1)
	}
	done := make(chan struct{})
	go func() { work(); close(done) }()
	for ; ; gets++ {
		select {
		case <-done:
			return longest, late, gets
		default:
		}
		start := time.Now()
		m.Get(context.Background(), keys[gets%len(keys)])
		took := time.Since(start)
		longest = max(longest, took)
		if took > 2*time.Millisecond {
			late++
		}
	}
}

// BenchmarkFull is Set into a full cache: each gives up an old link.
func BenchmarkFull(b *testing.B) {
	const n = 100_000
	m := linkgen.NewMemory(linkgen.MemoryConfig{MaxLinks: n})
	defer m.Close()
	fill(m, n, time.Hour)
	now := time.Now()
	b.ReportAllocs()
	for i := n; b.Loop(); i++ {
		m.Set(context.Background(), keyOf(i, 1), "0", linkgen.Entry{URL: link150, Made: now, Until: now.Add(time.Hour)})
	}
}
