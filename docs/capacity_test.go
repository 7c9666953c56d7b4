package docs_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// What the capacity table of operations.md takes for granted.
const (
	peakFactor = 5
	apiTime    = 300 * time.Millisecond
	ttl        = 5 * time.Minute

	memoryBytes     = 366 // of a link in the memory cache
	redisLinkBytes  = 389 // of a link in Redis
	redisEpochBytes = 181 // of a user of the last two hours in Redis
)

// capacity is a row of the table.
type capacity struct{ users, calls, inFlight, alive, memoryMB, redisMB float64 }

func capacityOf(users float64) capacity {
	calls := peakFactor * users / 3600
	alive := calls * ttl.Seconds()
	return capacity{
		users: users, calls: calls, inFlight: calls * apiTime.Seconds(), alive: alive,
		memoryMB: alive * memoryBytes / 1e6,
		redisMB:  (alive*redisLinkBytes + 2*users*redisEpochBytes) / 1e6,
	}
}

func TestCapacityTableIsItsArithmetic(t *testing.T) {
	rows := capacityTable(t)
	if len(rows) < 3 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		c := capacityOf(row[0])
		want := []float64{c.users, c.calls, c.inFlight, c.alive, c.memoryMB, c.redisMB}
		for i, n := range want {
			if math.Abs(row[i]-n) > max(0.05, n*0.02) {
				t.Errorf("%.0f users, column %d: the table says %v, the arithmetic %.2f",
					row[0], i+1, row[i], n)
			}
		}
	}
}

// capacityTable reads the rows of the table.
func capacityTable(t *testing.T) (rows [][]float64) {
	t.Helper()
	text, err := os.ReadFile("operations.md")
	if err != nil {
		t.Fatal(err)
	}
	numbers := regexp.MustCompile(`(?m)^\|((?: [\d.,]+(?: MB)? \|){6})$`)
	plain := strings.NewReplacer(",", "", " ", "", "MB", "")
	for _, m := range numbers.FindAllStringSubmatch(string(text), -1) {
		var row []float64
		for cell := range strings.SplitSeq(strings.TrimSuffix(m[1], "|"), "|") {
			n, err := strconv.ParseFloat(plain.Replace(cell), 64)
			if err != nil {
				t.Fatal(err)
			}
			row = append(row, n)
		}
		rows = append(rows, row)
	}
	return rows
}

// TestAnHourOfTenThousandUsers plays the hour that the table speaks of in virtual time: most users
// come within ten minutes, five times as many as on average, and each clicks three times.
func TestAnHourOfTenThousandUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const users, rush = 10_000, 10 * time.Minute
		want := capacityOf(users)
		h := newHour(t)
		random := rand.New(rand.NewPCG(1, 2))
		inRush := int(want.calls * rush.Seconds())
		var all sync.WaitGroup
		for i := range users {
			comes := time.Duration(random.Int64N(int64(rush)))
			if i >= inRush {
				comes = rush + time.Duration(random.Int64N(int64(50*time.Minute)))
			}
			again := func() time.Duration { return time.Duration(random.Int64N(int64(2 * time.Minute))) }
			pauses := [...]time.Duration{comes, again(), again()}
			all.Go(func() { h.click(i, pauses) })
		}
		mean, alive := h.watch(rush)
		all.Wait()

		if h.zotlo.Calls() != users {
			t.Errorf("%d calls for %d users", h.zotlo.Calls(), users)
		}
		if mean < want.inFlight*0.9 || mean > want.inFlight*1.1 {
			t.Errorf("%.2f calls in flight at the peak, the table says %.1f", mean, want.inFlight)
		}
		if float64(alive) < want.alive*0.9 || float64(alive) > want.alive*1.25 {
			t.Errorf("%d links in the cache at the peak, the table says %.0f and a quarter more",
				alive, want.alive)
		}
		t.Logf("%d calls, %.1f in flight on average and %d at most, %d links",
			h.zotlo.Calls(), mean, h.zotlo.MaxInFlight(), alive)
	})
}

// hour is a generator with default limits and a stand-in for Zotlo that takes its time.
type hour struct {
	t        *testing.T
	zotlo    *sandbox.Sandbox
	memory   *memorycache.Cache
	links    *linkgen.Generator
	inFlight atomic.Int64
}

func newHour(t *testing.T) *hour {
	h := &hour{
		t:      t,
		zotlo:  sandbox.New(sandbox.Config{PublicURL: "https://pay.example.com"}),
		memory: memorycache.New(memorycache.Config{}),
	}
	h.zotlo.Fail(sandbox.Latency(apiTime))
	t.Cleanup(h.memory.Close)
	var err error
	h.links, err = linkgen.New(linkgen.Config{
		Projects: []linkgen.Project{{
			Project: zotlo.Project{
				AccessKey: sandbox.DefaultAccessKey, AccessSecret: sandbox.DefaultAccessSecret,
				ApplicationKey: sandbox.DefaultApplicationKey,
			},
		}},
		Key: []byte("the key of a simulation"), Cache: h.memory, TTL: ttl,
		Transport: h.zotlo.Transport(),
		Hooks:     linkgen.Hooks{InFlight: func(delta int) { h.inFlight.Add(int64(delta)) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.links.Close)
	return h
}

// click is one user, who clicks after each pause.
func (h *hour) click(i int, pauses [3]time.Duration) {
	for _, pause := range pauses {
		time.Sleep(pause)
		order := h.links.Prepare(linkgen.Order{
			Subscriber: linkgen.Subscriber{
				Kind: "email", ID: fmt.Sprintf("user%d@example.com", i),
			},
			IP:       netip.MustParseAddr("203.0.113.7"),
			Language: "en", LinkID: "100", Campaign: "pro",
		})
		_, err := h.links.Link(context.Background(), order, "shop.example.com")
		if err != nil {
			h.t.Errorf("user %d: %v", i, err)
		}
	}
}

// watch looks every 100 ms for a while: how many calls are in flight on average, and how many links
// the cache holds at most.
func (h *hour) watch(rush time.Duration) (mean float64, alive int) {
	looks := 0
	for until := time.Now().Add(rush); time.Now().Before(until); looks++ {
		time.Sleep(100 * time.Millisecond)
		mean += float64(h.inFlight.Load())
		alive = max(alive, h.memory.Len())
	}
	return mean / float64(looks), alive
}
