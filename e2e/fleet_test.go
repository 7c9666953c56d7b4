//go:build unix

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/sandbox"
)

// fleetUsers is how many users click; CHECKOUT_FLEET_USERS says another number. The test names some
// of them, so there are at least 25.
func fleetUsers(t *testing.T) int {
	t.Helper()
	text := os.Getenv("CHECKOUT_FLEET_USERS")
	if text == "" {
		return max(25, testsize.Of(1000))
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
			f.zotlo.SetWebhooks(sandbox.WebhooksTo(f.nodes[(i+1)%4].HookURL()))
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
		f.wantSum(t, shoptest.Conversions, "", 12)
	})
	t.Run("a webhook that all nodes get counts once", func(t *testing.T) {
		f.zotlo.HoldWebhooks()
		if _, err := f.zotlo.Pay(f.hit(t, 0, "walker-20@example.com")); err != nil {
			t.Fatal(err)
		}
		body := string(f.nodes[0].Event(t, sandbox.KindPayment).Body)
		all := func() {
			var posts sync.WaitGroup
			for _, node := range f.nodes {
				posts.Go(func() {
					resp, err := http.Post(node.HookURL(), "application/json",
						strings.NewReader(body))
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
		}
		all() // several of them may do the work, since it may be done twice; one counts
		f.wantSum(t, shoptest.Conversions, "", 13)
		f.wantSum(t, shoptest.Webhooks, `result="(processed|repeated)",type="payment"`, 12+4)
		before := 0.0
		for _, node := range f.nodes {
			before += node.Metric(t, shoptest.Webhooks, `result="repeated",type="payment"`)
		}
		all()
		f.wantSum(t, shoptest.Webhooks, `result="repeated",type="payment"`, before+4)
		f.wantSum(t, shoptest.Conversions, "", 13)
	})
	t.Run("two copies at once count once", func(t *testing.T) {
		const payments = 200 // one in forty was counted by neither copy
		event := f.nodes[0].Event(t, sandbox.KindPayment)
		var posts sync.WaitGroup
		for i := range payments {
			body := strings.ReplaceAll(string(event.Body), event.ID,
				fmt.Sprintf("%s-%d", event.ID, i))
			body = transactionID.ReplaceAllString(body,
				fmt.Sprintf(`"transaction_id": "copied-%d"`, i))
			for range 2 {
				posts.Go(func() {
					resp, err := http.Post(f.nodes[0].HookURL(), "application/json",
						strings.NewReader(body))
					if err != nil {
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
		f.wantSum(t, shoptest.Conversions, "", 13+payments)
	})
	t.Run("Redis holds nothing in clear", func(t *testing.T) { wantSealed(t, redis, f.zotlo) })
}

// TestFleetSharesRateAndPauses has four processes, of which one is told to wait.
func TestFleetSharesRateAndPauses(t *testing.T) {
	t.Parallel()
	const calls = 8 // of all nodes together, in a day
	rate := fmt.Sprintf("wait 30s\n\t\t\trate %d/1d", calls)
	limited := strings.Replace(sharing, "wait 30s", rate, 1)
	f := openFleet(t, 4, limited, redistest.Start(t).URL())
	for i := range calls {
		f.hit(t, i%4, fmt.Sprintf("early-%d@example.com", i))
	}
	for i := range 4 {
		f.turnedAway(t, i, fmt.Sprintf("late-%d@example.com", i))
		f.hit(t, i, "early-0@example.com") // a cached link passes no limit
	}
	seen := 0
	f.wantCalls(t, &seen, calls, calls)
	f.wantSum(t, "caddy_checkout_requests_total", `outcome="busy"`, 4)

	f = openFleet(t, 4, sharing, redistest.Start(t).URL())
	for node := range f.nodes {
		f.hit(t, node, fmt.Sprintf("first-%d@example.com", node))
	}
	f.zotlo.FailNext(1, sandbox.RateLimited("60"))
	f.turnedAway(t, 0, "unlucky@example.com")
	for node := range f.nodes {
		clicks := 0
		redistest.Eventually(t, "the node has heard of the pause", func() bool {
			clicks++
			email := fmt.Sprintf("next-%d-%d@example.com", node, clicks)
			got, err := f.nodes[node].TryClick(t.Context(), email, "/lifetime")
			return err == nil && got.StatusCode != http.StatusSeeOther
		})
	}
	before := f.zotlo.Calls()
	for node := range f.nodes {
		f.turnedAway(t, node, fmt.Sprintf("last-%d@example.com", node))
	}
	if now := f.zotlo.Calls(); now != before {
		t.Errorf("%d calls in the pause", now-before)
	}
}

var transactionID = regexp.MustCompile(`"transaction_id": ?"[^"]*"`)

// wantSealed reads all that Redis knows, as somebody who can reach it could.
func wantSealed(t *testing.T, redis *redistest.Server, zotlo *sandbox.Sandbox) {
	t.Helper()
	if keys := redis.Client().Keys(t.Context(), "*").Val(); len(keys) < 2*fleetUsers(t) {
		t.Fatalf("only %d keys", len(keys))
	}
	links := zotlo.Links()
	wantPrivateRedis(t, redis, []string{"lifetime"}, append(shoptest.Secrets(), "walker",
		"example.com", "https://", links[0].ID, links[len(links)-1].ID, shoptest.HookToken)...)
}
