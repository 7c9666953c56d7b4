//go:build unix

package checkout_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// sharing is the selling site as one of many, with all the patience that a busy machine needs: what is said here about
// numbers of calls is said of a Redis that answers in time.
var sharing = strings.Replace(selling, "api_url {$API}\n", `api_url {$API}
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
	nodes []*shop
	zotlo *sandbox.Sandbox
}

func openFleet(t *testing.T, nodes int, caddyfile, redis string) *fleet {
	t.Helper()
	first := openSellingShop(t, caddyfile, "REDIS="+redis)
	f := &fleet{nodes: []*shop{first}, zotlo: first.zotlo}
	for len(f.nodes) < nodes {
		f.join(t, caddyfile, "REDIS="+redis)
	}
	return f
}

// join adds a node.
func (f *fleet) join(t *testing.T, caddyfile string, env ...string) *shop {
	t.Helper()
	first := f.nodes[0]
	node := &shop{zotlo: f.zotlo, clock: first.clock, asked: first.asked, api: first.api}
	node.open(t, caddyfile, append(env, "HOOK_TOKEN="+hookToken)...)
	f.nodes = append(f.nodes, node)
	return node
}

// hit clicks on a node as a user and looks whether the link is the user's own. It is for goroutines.
func (f *fleet) hit(t *testing.T, node int, email string) (link string) {
	got, err := try(t.Context(), f.nodes[node].client, email, "http://"+shopHost+"/lifetime")
	if hungUp(err) {
		got, err = try(t.Context(), f.nodes[node].client, email, "http://"+shopHost+"/lifetime")
	}
	if err != nil {
		t.Errorf("node %d, %s: %v", node, email, err)
		return ""
	}
	link = got.Header.Get("Location")
	if l, known := f.zotlo.Link(link); got.StatusCode != http.StatusSeeOther || !known || l.SubscriberID != email {
		t.Errorf("node %d: %s got %s and a link of %q", node, email, got.Status, l.SubscriberID)
	}
	return link
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
		sum += node.metric(t, name, labels)
	}
	if sum != want {
		t.Errorf("%s{%s} is %v in all, want %v", name, labels, sum, want)
	}
}

// fleetUsers is how many users click; CHECKOUT_FLEET_USERS says another number.
// The race detector makes each of them ten times as dear.
func fleetUsers(t *testing.T) int {
	t.Helper()
	text := os.Getenv("CHECKOUT_FLEET_USERS")
	if text == "" && raceEnabled {
		return 400
	}
	if text == "" {
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("CHECKOUT_FLEET_USERS is %q, want a number", text)
	}
	return n
}

func TestFleet(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	f := openFleet(t, 4, sharing, redis.URL())
	users, calls := fleetUsers(t), 0

	t.Run("one click after the other is one call per user", func(t *testing.T) {
		everybody(users, "walker", func(email string, random *rand.Rand) {
			first := f.hit(t, random.IntN(4), email)
			for range 2 {
				if again := f.hit(t, random.IntN(4), email); again != first {
					t.Errorf("%s got another link", email)
				}
			}
		})
		f.wantCalls(t, &calls, users, users)
	})
	t.Run("all at once is at most one call per node and user", func(t *testing.T) {
		everybody(users/5, "runner", func(email string, _ *rand.Rand) {
			var clicks sync.WaitGroup
			for node := range f.nodes {
				for range 2 {
					clicks.Go(func() { f.hit(t, node, email) })
				}
			}
			clicks.Wait()
		})
		f.wantCalls(t, &calls, users/5, users/5*4)
	})
	t.Run("a payment on one node kills the link on all", func(t *testing.T) {
		for i := range 12 {
			email := fmt.Sprintf("walker-%d@example.com", i)
			paid := f.hit(t, i%4, email)
			f.zotlo.SetWebhooks(sandbox.WebhooksTo(f.nodes[(i+1)%4].hookURL()))
			if _, err := f.zotlo.Pay(paid); err != nil {
				t.Fatal(err)
			}
			for node := range f.nodes {
				if f.hit(t, node, email) == paid {
					t.Fatalf("node %d gives out a paid link", node)
				}
			}
		}
		f.wantCalls(t, &calls, 12, 12)
		f.wantSum(t, conversions, "", 12)
	})
	t.Run("a webhook that all nodes get counts once", func(t *testing.T) {
		f.zotlo.HoldWebhooks()
		if _, err := f.zotlo.Pay(f.hit(t, 0, "walker-20@example.com")); err != nil {
			t.Fatal(err)
		}
		body := string(f.nodes[0].event(t, sandbox.KindPayment).Body)
		var posts sync.WaitGroup
		for _, node := range f.nodes {
			posts.Go(func() {
				resp, err := http.Post(node.hookURL(), "application/json", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("a node answered %s", resp.Status)
				}
			})
		}
		posts.Wait()
		f.wantSum(t, conversions, "", 13)
		f.wantSum(t, hooksTotal, `result="repeated",type="payment"`, 3)
	})
	t.Run("two copies at once count once", func(t *testing.T) {
		const payments = 200 // one in forty was counted by neither copy
		event := f.nodes[0].event(t, sandbox.KindPayment)
		var posts sync.WaitGroup
		for i := range payments {
			body := strings.ReplaceAll(string(event.Body), event.ID, fmt.Sprintf("%s-%d", event.ID, i))
			for range 2 {
				posts.Go(func() {
					if resp, err := http.Post(f.nodes[0].hookURL(), "application/json", strings.NewReader(body)); err != nil {
						t.Error(err)
					} else {
						resp.Body.Close()
					}
				})
			}
			if i%10 == 9 {
				posts.Wait()
			}
		}
		posts.Wait()
		f.wantSum(t, conversions, "", 13+payments)
	})
	t.Run("Redis holds nothing in clear", func(t *testing.T) { wantSealed(t, redis, f.zotlo) })
}

// wantSealed reads all that Redis knows, as somebody who can reach it could.
func wantSealed(t *testing.T, redis *redistest.Server, zotlo *sandbox.Sandbox) {
	t.Helper()
	admin := redis.Client()
	if err := admin.ConfigSet(t.Context(), "rdbcompression", "no").Err(); err != nil {
		t.Fatal(err)
	}
	if err := admin.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	keys := admin.Keys(t.Context(), "*").Val()
	if len(keys) < 2*fleetUsers(t) {
		t.Fatalf("only %d keys", len(keys))
	}
	for _, key := range keys {
		if admin.TTL(t.Context(), key).Val() <= 0 {
			t.Errorf("%s has no time to live", key)
		}
	}
	dump := read(t, filepath.Join(redis.Dir, "dump.rdb"))
	if !strings.Contains(dump, keys[0]) {
		t.Fatal("the dump is not of this Redis")
	}
	links := zotlo.Links()
	for _, word := range append(secrets(), "walker", "example.com", "https://", links[0].ID, links[len(links)-1].ID, "lifetime", hookToken) {
		if strings.Contains(strings.ToLower(dump), strings.ToLower(word)) {
			t.Errorf("the dump holds %q", word)
		}
	}
}
