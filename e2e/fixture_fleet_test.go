//go:build unix

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// sharing is the selling site as one of many, with all the patience that a busy machine needs: what
// is said here about numbers of calls is said of a Redis that answers in time.
var sharing = strings.Replace(shoptest.Selling, "api_url {$API}\n", `api_url {$API}
		cache redis {
			url {env.REDIS}
			timeout 5s
		}
		limits {
			timeout 30s
			wait 30s
			per_subscriber 100/1m
		}
`, 1)

// hasty has the time-out that Redis gets by default.
var hasty = strings.Replace(sharing, "timeout 5s", "timeout 50ms", 1)

// fleet is one shop on several nodes, each the real binary as a process of its own.
type fleet struct {
	nodes []*shoptest.Shop
	zotlo *sandbox.Sandbox
}

func openFleet(t *testing.T, nodes int, caddyfile, redis string) *fleet {
	t.Helper()
	first := shoptest.OpenSelling(t, caddyfile, "REDIS="+redis)
	f := &fleet{nodes: []*shoptest.Shop{first}, zotlo: first.Zotlo}
	for len(f.nodes) < nodes {
		f.join(t, caddyfile, "REDIS="+redis)
	}
	return f
}

// join adds a node.
func (f *fleet) join(t *testing.T, caddyfile string, env ...string) *shoptest.Shop {
	t.Helper()
	node := f.nodes[0].OpenNode(t, caddyfile, append(env, "HOOK_TOKEN="+shoptest.HookToken)...)
	f.nodes = append(f.nodes, node)
	return node
}

// hit clicks on a node as a user and looks whether the link is the user's own. It is for
// goroutines.
func (f *fleet) hit(t *testing.T, node int, email string) (link string) {
	got, err := f.nodes[node].TryClick(t.Context(), email, "/lifetime")
	if shoptest.HungUp(err) {
		got, err = f.nodes[node].TryClick(t.Context(), email, "/lifetime")
	}
	if err != nil {
		t.Errorf("node %d, %s: %v", node, email, err)
		return ""
	}
	link = got.Header.Get("Location")
	l, known := f.zotlo.Link(link)
	if got.StatusCode != http.StatusSeeOther || !known || l.SubscriberID != email {
		t.Errorf("node %d: %s got %s and a link of %q", node, email, got.Status, l.SubscriberID)
	}
	return link
}

// turnedAway clicks on a node as a user, who is to get no link and be told when to come back.
func (f *fleet) turnedAway(t *testing.T, node int, email string) {
	t.Helper()
	got := f.nodes[node].Click(t, email, "/lifetime")
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("node %d: %s got %s", node, email, got.Status)
	}
}

// everybody lets users do something, some of them at a time.
func everybody(users int, prefix string, do func(email string, random *rand.Rand)) {
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 7))
			for i := worker; i < users; i += 16 {
				do(fmt.Sprintf("%s-%d@example.com", prefix, i), random)
			}
		})
	}
	all.Wait()
}

// wantCalls checks how many API calls were made since the last time it was asked.
func (f *fleet) wantCalls(t *testing.T, since *int, least, most int) {
	t.Helper()
	now := f.zotlo.Calls()
	if n := now - *since; n < least || n > most {
		t.Errorf("%d API calls, want between %d and %d", n, least, most)
	}
	*since = now
}

// wantSum checks a metric's sum over all nodes.
func (f *fleet) wantSum(t *testing.T, name, labels string, want float64) {
	t.Helper()
	sum := 0.0
	for _, node := range f.nodes {
		sum += node.Metric(t, name, labels)
	}
	if sum != want {
		t.Errorf("%s{%s} is %v in all, want %v", name, labels, sum, want)
	}
}

// What stays in a Redis for ever: the ledger's sums, the lock of its key, and which experiments ran.
const ledgerSums = "checkout-ledger:row:"

var ledgerStays = regexp.MustCompile(`^checkout-ledger:doc:(108|114):`)

// wantPrivateRedis reads all that a Redis knows, as somebody who can reach it could. Nothing of a
// person is there in clear, and what is about one ends. Names of campaigns stand in sums alone.
func wantPrivateRedis(t *testing.T, redis *redistest.Server, names []string, secrets ...string) {
	t.Helper()
	admin := redis.Client()
	if err := admin.ConfigSet(t.Context(), "rdbcompression", "no").Err(); err != nil {
		t.Fatal(err)
	}
	if err := admin.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	keys := admin.Keys(t.Context(), "*").Val()
	dump := shoptest.Read(t, filepath.Join(redis.Dir, "dump.rdb"))
	if len(keys) == 0 || !strings.Contains(dump, keys[0]) {
		t.Fatal("the dump is not of this Redis")
	}
	holdsNone(t, "the dump", dump, secrets)
	for _, key := range keys {
		if strings.HasPrefix(key, ledgerSums) {
			continue
		}
		holdsNone(t, key, admin.Dump(t.Context(), key).Val(), names)
		if !ledgerStays.MatchString(key) && admin.TTL(t.Context(), key).Val() <= 0 {
			t.Errorf("%s has no time to live", key)
		}
	}
}

func holdsNone(t *testing.T, where, text string, words []string) {
	t.Helper()
	if text == "" {
		t.Errorf("%s is empty", where)
	}
	for _, word := range words {
		if strings.Contains(strings.ToLower(text), strings.ToLower(word)) {
			t.Errorf("%s holds %q", where, word)
		}
	}
}
