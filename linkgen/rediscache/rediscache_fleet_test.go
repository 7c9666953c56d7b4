//go:build unix

package rediscache

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// fleet is several nodes that share nothing but the API and what caches share.
type fleet struct {
	*testing.T
	zotlo   *sandbox.Sandbox
	nodes   []*linkgen.Generator
	arrived func() // at the API, once per call; set before the clicks
}

// newFleet makes a node for each cache.
func newFleet(t *testing.T, limits linkgen.Limits, caches ...*Cache) *fleet {
	t.Helper()
	f := &fleet{T: t, zotlo: sandbox.New(sandbox.Config{PublicURL: "https://pay.example.com"})}
	f.arrived = func() {}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.arrived()
		f.zotlo.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	for _, cache := range caches {
		g, err := linkgen.New(linkgen.Config{
			Projects: []linkgen.Project{{
				Project: zotlo.Project{
					AccessKey: sandbox.DefaultAccessKey, AccessSecret: sandbox.DefaultAccessSecret,
					ApplicationKey: sandbox.DefaultApplicationKey, APIURL: api.URL,
				},
			}},
			Key: secret, Cache: cache, Pacer: cache, Limits: limits,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(g.Close)
		f.nodes = append(f.nodes, g)
	}
	return f
}

func (f *fleet) click(node int, user string) (linkgen.Result, error) {
	g := f.nodes[node]
	return g.Link(f.Context(), g.Prepare(linkgen.Order{
		Subscriber: linkgen.Subscriber{Kind: "email", ID: user},
		IP:         netip.MustParseAddr("203.0.113.7"), Language: "en", LinkID: "123", Campaign: "pro",
	}), "shop.example.com")
}

// hit clicks and looks whether the link is the user's own.
func (f *fleet) hit(node int, user string) linkgen.Result {
	f.Helper()
	r, err := f.click(node, user)
	if err != nil {
		f.Errorf("node %d, %s: %v", node, user, err)
		return r
	}
	f.owns(user, r)
	return r
}

func (f *fleet) owns(user string, r linkgen.Result) {
	f.Helper()
	if l, ok := f.zotlo.Link(r.URL); !ok || l.SubscriberID != user {
		f.Errorf("%s got the link of %q", user, l.SubscriberID)
	}
}

func (f *fleet) apiCalls(least, most int) {
	f.Helper()
	if n := f.zotlo.Calls(); n < least || n > most {
		f.Errorf("%d API calls, want between %d and %d", n, least, most)
	}
}

func user(i int) string { return fmt.Sprintf("user-%d@example.com", i) }

func fourNodes(t *testing.T, redis *redistest.Server) []*Cache {
	var caches []*Cache
	for range 4 {
		caches = append(caches, open(t, patient(Config{URLs: []string{redis.URL()}})))
	}
	return caches
}

const users = 1000

var calm = linkgen.Limits{Timeout: 30 * time.Second, Wait: 30 * time.Second, MaxInFlight: 64}

func TestFleetMakesOneCallPerUser(t *testing.T) {
	f := newFleet(t, calm, fourNodes(t, redistest.Start(t))...)
	random := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		for i := range users {
			f.hit(random.IntN(4), user(i))
		}
	}
	f.apiCalls(users, users)
}

func TestFleetAtOnceMakesAtMostOneCallPerNodeAndUser(t *testing.T) {
	f := newFleet(t, calm, fourNodes(t, redistest.Start(t))...)
	f.atOnce()
	f.apiCalls(users, 4*users)
}

func TestFleetWithoutRedisMakesAtMostOneCallPerNodeAndUser(t *testing.T) {
	redis := redistest.Start(t)
	f := newFleet(t, calm, fourNodes(t, redis)...)
	redis.Kill()
	f.atOnce()
	f.apiCalls(users, 4*users)
}

// atOnce has every user click on every node at the same time.
func (f *fleet) atOnce() {
	var all sync.WaitGroup
	for i := range users {
		for node := range f.nodes {
			all.Go(func() { f.hit(node, user(i)) })
		}
	}
	all.Wait()
}

func TestAPaymentOnOneNodeKillsTheLinkOnAll(t *testing.T) {
	f := newFleet(t, calm, fourNodes(t, redistest.Start(t))...)
	for i := range 50 {
		made := f.hit(0, user(i))
		f.hit(1, user(i))
		if err := f.nodes[2].Forget(t.Context(), f.nodes[2].SubscriberHash(user(i))); err != nil {
			t.Fatal(err)
		}
		for node := range f.nodes {
			if again := f.hit(node, user(i)); again.URL == made.URL {
				t.Fatalf("node %d gives out the dead link", node)
			}
		}
	}
	f.apiCalls(100, 100)
}

// TestBrokenRedisTimesBrokenAPI breaks both in every combination. A broken Redis alone never fails
// a checkout; with a broken API too, the answer is the API's failure, in the API's time.
func TestBrokenRedisTimesBrokenAPI(t *testing.T) {
	faults := map[string]sandbox.Fault{
		"500": sandbox.ServerError(), "400": sandbox.BadRequest(400008), "credentials": sandbox.BadCredentials(),
		"429": sandbox.RateLimited("60"), mute: sandbox.Latency(time.Hour), "a reset": sandbox.Reset(),
		"an answer cut off": sandbox.CutOff(), "not JSON": sandbox.NotJSON(), "an error in 200": sandbox.ErrorInside200(400008),
		"another link": sandbox.WrongLink("http://evil.example.com/"),
	}
	for _, lie := range redistest.Lies {
		t.Run(lie.Name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{URLs: []string{redistest.Fake(t, lie.Answer)}, Secret: secret}
			newFleet(t, calm, open(t, cfg)).hit(0, user(1))
			var all sync.WaitGroup
			for name, fault := range faults {
				limits := calm
				if name == mute {
					limits.Timeout = 200 * time.Millisecond
				}
				f := newFleet(t, limits, open(t, cfg))
				f.zotlo.Fail(fault)
				all.Go(func() { f.fails(name, limits.Timeout) })
			}
			all.Wait()
		})
	}
}

const mute = "silence"

func (f *fleet) fails(fault string, limit time.Duration) {
	began := time.Now()
	_, err := f.click(0, user(1))
	if !errors.As(err, new(*linkgen.Error)) {
		f.Errorf("%s: %v, want the API's failure", fault, err)
	}
	if took := time.Since(began); fault == mute && took > limit+20*redisclient.DefaultTimeout {
		f.Errorf("an API that says nothing for %v: took %v", limit, took)
	}
}
