//go:build unix

package rediscache

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

var _ zotlo.Pacer = (*Cache)(nil)

// near compares times of Redis's clock, which goes on while a test runs.
func near(a, b time.Duration) bool { return a <= b && a > b-time.Minute }

// TestTakeTurn is TestBucket of package zotlo, in Redis. A rate of events per hours leaves a busy
// machine time.
func TestTakeTurn(t *testing.T) {
	server := redistest.Start(t)
	one := open(t, patient(Config{URLs: []string{server.URL()}}))
	two := open(t, patient(Config{URLs: []string{server.URL()}}))
	nodes, n := []*Cache{one, two}, 0
	const per = 3 * time.Hour
	take := func(patience, wait time.Duration, ok bool) {
		t.Helper()
		n++
		gotWait, got, err := nodes[n%2].TakeTurn(bg, "shop", 3, per, patience)
		if err != nil || got != ok || wait == 0 && gotWait != 0 || wait > 0 && !near(gotWait, wait) {
			t.Errorf("%v, %v, %v; want %v, %v", gotWait, got, err, wait, ok)
		}
	}
	giveBack := func() {
		t.Helper()
		n++
		if err := nodes[n%2].GiveTurnBack(bg, "shop", 3, per); err != nil {
			t.Error(err)
		}
	}
	take(-time.Hour, 0, true) // leaves one of two
	take(-time.Hour, 0, true)
	take(-time.Hour, time.Hour, false) // the last one is for others
	take(0, 0, true)
	for range 50 { // a refusal costs nothing
		take(0, time.Hour, false)
		take(58*time.Minute, time.Hour, false)
	}
	take(time.Hour, time.Hour, true)
	take(5*time.Hour, 2*time.Hour, true)
	giveBack()
	take(0, 2*time.Hour, false)
	giveBack()
	giveBack()
	take(0, 0, true)
	take(0, time.Hour, false)

	if _, ok, err := one.TakeTurn(bg, "another shop", 1, time.Minute, 0); !ok || err != nil {
		t.Errorf("another name: %v, %v", ok, err)
	}
	for _, r := range []zotlo.Rate{{Events: 1, Per: 24 * time.Hour}, {Events: 5000, Per: time.Second}} {
		if wait, ok, err := one.TakeTurn(bg, r.Per.String(), r.Events, r.Per, 0); !ok || wait != 0 || err != nil {
			t.Errorf("%v: %v, %v, %v", r, wait, ok, err)
		}
	}
	for _, key := range server.Client().Keys(bg, "*").Val() {
		if !strings.HasPrefix(key, "checkout:rate:") {
			t.Errorf("a key outside the prefix: %s", key)
		}
	}
}

// crowd has shoppers click at random nodes all at once, each until they have their link; nobody
// starves, or this does not end. It returns how many calls the API saw above the rate, at the worst
// moment.
func (f *fleet) crowd(shoppers int, rate zotlo.Rate) (over float64) {
	f.Helper()
	began, seen, mu := time.Now(), 0, new(sync.Mutex)
	f.arrived = func() {
		at := time.Now()
		mu.Lock()
		defer mu.Unlock()
		seen++
		allowed := float64(rate.Events) * (1 + at.Sub(began).Seconds()/rate.Per.Seconds())
		over = max(over, float64(seen)-allowed)
	}
	var all sync.WaitGroup
	for i := range shoppers {
		all.Go(func() {
			for {
				r, err := f.click(i%len(f.nodes), user(i))
				if e, ok := errors.AsType[*linkgen.Error](err); ok && e.Reason == linkgen.Busy {
					if e.RetryAfter <= 0 {
						f.Errorf("turned away for no time")
					}
					time.Sleep(e.RetryAfter) // as they are told to
					continue
				}
				if err != nil {
					f.Errorf("%s: %v", user(i), err)
					return
				}
				f.owns(user(i), r)
				return
			}
		})
	}
	all.Wait()
	return over
}

// hurried lets shoppers wait for less time than the crowd needs.
func hurried(rate zotlo.Rate) linkgen.Limits {
	return linkgen.Limits{Timeout: 30 * time.Second, Wait: time.Second, MaxInFlight: 64, Rate: rate}
}

var fiftyPerSecond = zotlo.Rate{Events: 50, Per: time.Second}

// TestAFleetKeepsToOneRate: four nodes, 250 shoppers who have no link, 50 calls a second.
func TestAFleetKeepsToOneRate(t *testing.T) {
	t.Parallel()
	f := newFleet(t, hurried(fiftyPerSecond), fourNodes(t, redistest.Start(t))...)
	if over := f.crowd(250, fiftyPerSecond); over > 0 {
		t.Errorf("%v calls above the rate", over)
	}
	f.apiCalls(250, 250)
}

// TestNodesThatDoNotShareAreAFleetOfRates is the control: with a Redis each, four nodes pass the
// rate.
func TestNodesThatDoNotShareAreAFleetOfRates(t *testing.T) {
	t.Parallel()
	var caches []*Cache
	for range 4 {
		caches = append(caches, fourNodes(t, redistest.Start(t))[0])
	}
	f := newFleet(t, hurried(fiftyPerSecond), caches...)
	if over := f.crowd(400, fiftyPerSecond); over < 50 {
		t.Errorf("only %v calls above the rate", over)
	}
}

// TestWithoutRedisEachNodeKeepsToTheRate: nobody fails, and the fleet makes at most as many times
// the rate as it has nodes.
func TestWithoutRedisEachNodeKeepsToTheRate(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	f := newFleet(t, hurried(fiftyPerSecond), fourNodes(t, redis)...)
	f.crowd(20, fiftyPerSecond)
	redis.Kill()
	alone := zotlo.Rate{Events: 4 * fiftyPerSecond.Events, Per: fiftyPerSecond.Per}
	if over := f.crowd(600, alone); over > 0 {
		t.Errorf("%v calls above four times the rate", over)
	}
}

func TestA429PausesTheFleet(t *testing.T) {
	t.Parallel()
	f := newFleet(t, calm, fourNodes(t, redistest.Start(t))...)
	for node := range f.nodes {
		f.hit(node, user(node))
	}
	f.zotlo.FailNext(1, sandbox.RateLimited("60"))
	if _, err := f.click(0, "unlucky@example.com"); !throttled(err) {
		t.Fatal(err)
	}
	clicks := 0
	for node := range f.nodes {
		redistest.Eventually(t, "the node has heard of it", func() bool {
			clicks++
			_, err := f.click(node, user(10_000+clicks)) // who has no link
			return throttled(err)
		})
	}
	before := f.zotlo.Calls()
	for i := range 100 {
		if _, err := f.click(i%4, user(1000+i)); !throttled(err) {
			t.Errorf("node %d: %v", i%4, err)
		}
	}
	if f.zotlo.Calls() != before {
		t.Errorf("%d calls in the pause", f.zotlo.Calls()-before)
	}
	for node := range f.nodes {
		f.hit(node, user(node)) // cached links are given out
	}
}

func throttled(err error) bool {
	e, ok := errors.AsType[*linkgen.Error](err)
	return ok && e.Reason == linkgen.Throttled
}

// TestWhatIsAskedOfRedis counts commands: a hit asks what it asked before there were shared limits,
// and without a rate no script is run.
func TestWhatIsAskedOfRedis(t *testing.T) {
	server := redistest.Start(t)
	admin := server.Client()
	f := newFleet(t, calm, open(t, patient(Config{URLs: []string{server.URL()}})))
	count := func(what func()) map[string]string {
		admin.ConfigResetStat(bg)
		what()
		counts := make(map[string]string)
		for line := range strings.Lines(admin.Info(bg, "commandstats").Val()) {
			if name, stats, ok := strings.Cut(line, ":calls="); ok {
				counts[strings.TrimPrefix(name, "cmdstat_")], _, _ = strings.Cut(stats, ",")
			}
		}
		return counts
	}
	cold := count(func() {
		for i := range 50 {
			f.hit(0, user(i))
		}
	})
	if cold["evalsha"] != "" || cold["eval"] != "" || cold["set"] == "" {
		t.Errorf("fifty shoppers without a link, without a rate: %v", cold)
	}
	hits := count(func() {
		for i := range 50 {
			f.hit(0, user(i))
		}
	})
	delete(hits, "config|resetstat")
	delete(hits, "hello") // of a further connection
	if len(hits) != 1 || hits["getrange"] != "100" {
		t.Errorf("fifty hits: %v", hits)
	}
}
