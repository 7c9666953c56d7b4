//go:build unix

package rediscache

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/cachetest"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

// link150 is a link of 150 bytes.
var link150 = link + "/" + strings.Repeat("x", 150-len(link)-1)

func fill(b *testing.B, c linkgen.Cache, n int) []linkgen.Key {
	b.Helper()
	keys := make([]linkgen.Key, n)
	for i := range keys {
		keys[i] = cachetest.Key(fmt.Sprint("subscriber ", i), "pro")
		l, err := c.Get(bg, keys[i])
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Set(bg, keys[i], l.Epoch, cachetest.Entry(link150)); err != nil {
			b.Fatal(err)
		}
	}
	return keys
}

// BenchmarkHit is the latency of a hit, over memory and over Redis on the same machine.
func BenchmarkHit(b *testing.B) {
	memory := memorycache.New(memorycache.Config{})
	b.Cleanup(memory.Close)
	for name, cache := range map[string]linkgen.Cache{
		"memory": memory,
		"redis":  open(b, patient(Config{URLs: []string{redistest.Start(b).URL()}})),
	} {
		b.Run(name, func(b *testing.B) {
			keys := fill(b, cache, 100)
			for i := 0; b.Loop(); i++ {
				if l, err := cache.Get(bg, keys[i%len(keys)]); err != nil || !l.Found {
					b.Fatal(l, err)
				}
			}
		})
	}
}

// BenchmarkLinks is how many links one Redis takes and gives out, asked by many at once: links/s
// counts a look that finds nothing, a link that is kept, and a look that finds it.
func BenchmarkLinks(b *testing.B) {
	c := open(b, patient(Config{URLs: []string{redistest.Start(b).URL()}}))
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		own := newEpoch()
		for i := 0; pb.Next(); i++ {
			k := cachetest.Key(own+strconv.Itoa(i), "pro")
			l, err := c.Get(bg, k)
			if err != nil {
				b.Error(err)
				return
			}
			if err := c.Set(bg, k, l.Epoch, cachetest.Entry(link150)); err != nil {
				b.Error(err)
				return
			}
			if l, err := c.Get(bg, k); err != nil || !l.Found {
				b.Error(l.Found, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "links/s")
}

// BenchmarkHits is how many hits one Redis gives out, asked by many at once.
func BenchmarkHits(b *testing.B) {
	c := open(b, patient(Config{URLs: []string{redistest.Start(b).URL()}}))
	keys := fill(b, c, 1000)
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if l, err := c.Get(bg, keys[i%len(keys)]); err != nil || !l.Found {
				b.Error(l.Found, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hits/s")
}

// BenchmarkBytesPerLink is what a link of 150 bytes of a subscriber of its own costs Redis, its
// epoch included.
func BenchmarkBytesPerLink(b *testing.B) {
	const links = 50_000
	server := redistest.Start(b)
	admin := server.Client()
	c := open(b, patient(Config{URLs: []string{server.URL()}}))
	fill(b, c, 100)
	for b.Loop() {
		admin.FlushAll(bg)
		before := used(b, admin)
		keys := fill(b, c, links)
		b.ReportMetric(float64(used(b, admin)-before)/links, "bytes/link")
		n := c.names(keys[0])
		b.ReportMetric(float64(admin.MemoryUsage(bg, n.link).Val()), "bytes-of-link")
		b.ReportMetric(float64(admin.MemoryUsage(bg, n.epoch).Val()), "bytes-of-epoch")
	}
}

func used(b *testing.B, admin *redis.Client) int64 {
	b.Helper()
	for line := range strings.Lines(admin.Info(bg, "memory").Val()) {
		if text, ok := strings.CutPrefix(line, "used_memory:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatal("no used_memory")
	return 0
}
