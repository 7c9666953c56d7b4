package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

const (
	linkLength = 150
	linkBar    = 400 // bytes per link
)

// measureMemory fills the cache by itself, and then through the server, with links of 150 bytes.
func measureMemory(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: fmt.Sprintf("Memory of cached links of %d bytes", linkLength),
		head: []string{
			"what", "links", "live heap per link", "live heap", "resident", "peak", "bar", "",
		},
	}
	perLink, heap := cacheAlone(l.links)
	t.add("the cache alone", fmt.Sprint(l.links), fmt.Sprintf("%.0f B", perLink), megabytes(heap),
		"", "", fmt.Sprintf("≤ %d B", linkBar), verdict(perLink <= linkBar))
	err := l.cacheInServer(ctx, &t)
	t.note("The live heap is what is left after a collection; Go lets the heap grow to twice " +
		"that between collections, unless GOMEMLIMIT or GOGC say otherwise.")
	return []table{t}, err
}

// cacheAlone fills the memory cache in this process.
func cacheAlone(n int) (perLink float64, bytes int64) {
	before := liveHeap()
	m := memorycache.New(memorycache.Config{MaxLinks: n})
	defer m.Close()
	now := time.Now()
	text := strings.Repeat("x", linkLength-len("https://"))
	for i := range n {
		var k linkgen.Key
		// Keys are spread, as hashes are.
		binary.LittleEndian.PutUint64(k.Subscriber[:], uint64(i)*0x9E3779B97F4A7C15)
		binary.LittleEndian.PutUint64(k.Order[:], uint64(i))
		seen, _ := m.Get(context.Background(), k)
		_ = m.Set(context.Background(), k, seen.Epoch,
			linkgen.Entry{URL: "https://" + text, Made: now, Until: now.Add(time.Hour)})
	}
	bytes = liveHeap() - before
	return float64(bytes) / float64(m.Len()), bytes
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what the first one found dead in pools and finalizers
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// cacheInServer lets as many shoppers click, each for the first time. What the server keeps of so
// many is more than their links: sessions and limiters, which are bounded, and full long before. So
// a link is what the second half adds, each.
func (l *lab) cacheInServer(ctx context.Context, t *table) error {
	bare, err := l.zotlo.link()
	if err != nil {
		return err
	}
	zotlo, err := openAPI(linkBase+"/"+strings.Repeat("x", linkLength-len(bare)-1), 1)
	if err != nil {
		return err
	}
	defer zotlo.close()
	s := shop{
		global:    fmt.Sprintf("cache memory {\n\t\t\tttl 55m\n\t\t\tmax_links %d\n\t\t}", l.links),
		campaigns: plain, routes: []route{{oursPath, "checkout_link pro"}},
	}
	site, err := l.startCaddy(ctx, s.text(), "API="+zotlo.url)
	if err != nil {
		return err
	}
	defer site.stop()
	c, err := dial(site.addr, l.conns, http.StatusSeeOther, func(i int) []byte {
		token, err := l.keys.token("HS256", i)
		if err != nil {
			panic(err) // HMAC cannot fail
		}
		return click(oursPath, token)
	})
	if err != nil {
		return err
	}
	defer c.close()
	var heaps [2]int64
	halves := [2]int{l.links / 2, l.links - l.links/2}
	for i, n := range halves {
		if _, err := c.run(n); err != nil {
			return fmt.Errorf("%w\n%s", err, site.complaint())
		}
		if heaps[i], err = site.liveHeap(ctx); err != nil {
			return err
		}
	}
	if zotlo.Calls() != l.links {
		return fmt.Errorf("%d API calls for %d shoppers", zotlo.Calls(), l.links)
	}
	now, peak, err := resident(site.pid())
	if err != nil {
		return err
	}
	perLink := float64(heaps[1]-heaps[0]) / float64(halves[1])
	t.add("in the server, each of the second half", fmt.Sprint(l.links),
		fmt.Sprintf("%.0f B", perLink), megabytes(heaps[1]), megabytes(now), megabytes(peak),
		fmt.Sprintf("≤ %d B", linkBar), verdict(perLink <= linkBar))
	t.note("The server's live heap holds all else, too: Caddy itself, and what is remembered of " +
		"sessions and subscribers, which is bounded.")
	return nil
}

var heapAlloc = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)

// liveHeap asks the server for a collection and for what it left.
func (s *server) liveHeap(ctx context.Context) (int64, error) {
	const path = "/debug/pprof/heap?gc=1&debug=1"
	for range 2 {
		if _, err := s.admin(ctx, http.MethodGet, path, "", nil); err != nil {
			return 0, err
		}
	}
	text, err := s.admin(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return 0, err
	}
	found := heapAlloc.FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("the heap profile does not tell HeapAlloc")
	}
	return strconv.ParseInt(string(found[1]), 10, 64)
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }
