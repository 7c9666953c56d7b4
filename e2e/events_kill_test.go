//go:build unix

package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testsize"
)

// backedSite sells a campaign to those of whom the backend has told, at its price, and the plain one
// to all others.
const backedSite = "{" + shoptest.Private + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		%s
		campaign told {
			link_id 124
			event told
			no_event taken_back
			one_time_price {http.checkout.event.told.price} EUR 1.00 999.00
		}
		campaign plain {
			link_id 123
		}
	}
}

http:// {
	checkout_link /upgrade told plain
	checkout_events /events {
		token {env.EVENTS_TOKEN}
	}
}
`

// backed are the shops of these tests: one with a ledger file, one with a ledger in a Redis that
// syncs each write. kill ends the process, and with it the Redis, as a power cut does; what was down
// is up again afterwards.
func backed(t *testing.T, tell func(t *testing.T, s *shoptest.Shop, kill func())) {
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		s := shoptest.Open(t, fmt.Sprintf(backedSite, "ledger file {$DIR}/shop.db"),
			"EVENTS_TOKEN="+eventsToken)
		tell(t, s, func() { s.Kill(); s.Restart() })
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		redis := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
		s := shoptest.Open(t, fmt.Sprintf(backedSite, `ledger redis {
			url {env.REDIS}
			timeout 5s
		}`), "EVENTS_TOKEN="+eventsToken, "REDIS="+redis.URL())
		tell(t, s, func() {
			redis.Kill()
			s.Kill()
			redis.Restart()
			s.Restart()
		})
	})
}

// posts sends a batch and returns the status; 0 where nobody answered.
func posts(ctx context.Context, s *shoptest.Shop, method, body string) int {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.HTTP+"/events",
		strings.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+eventsToken)
	r.Header.Set("Content-Type", "application/json")
	got, err := shoptest.Do(s.Client, r)
	if err != nil {
		return 0
	}
	return got.StatusCode
}

// toldOf is a batch about some subscribers, at a price.
func toldOf(price int, who ...string) string {
	batch := make([]string, len(who))
	for i, email := range who {
		batch[i] = fmt.Sprintf(`{"subscriber":%q,"event":"told","values":{"price":"%d.00"}}`, email, price)
	}
	return "[" + strings.Join(batch, ",") + "]"
}

// priceOf is what a subscriber's click sells: the price that was told, or nothing.
func priceOf(t *testing.T, s *shoptest.Shop, email string) string {
	t.Helper()
	link := s.Sold(t, email, "/upgrade")
	if link.CheckoutLinkID == "123" {
		return ""
	}
	return link.CustomPrice
}

// TestKilledAfterEventsWereTaken kills the process as soon as a batch is answered. Each of it is
// known to the next click, and so is what was taken back.
func TestKilledAfterEventsWereTaken(t *testing.T) {
	t.Parallel()
	backed(t, func(t *testing.T, s *shoptest.Shop, kill func()) {
		for round := range max(testsize.Of(4), 2) {
			var who []string
			for i := range 5 {
				who = append(who, fmt.Sprintf("round%d-%d@example.com", round, i))
			}
			back := fmt.Sprintf(`{"subscriber":%q,"event":"told"}`, who[0])
			if got := posts(t.Context(), s, http.MethodPost, toldOf(round+1, who...)); got != 204 {
				t.Fatalf("a batch is answered %d", got)
			}
			if round%2 == 1 {
				kill()
			}
			if got := posts(t.Context(), s, http.MethodDelete, back); got != 204 {
				t.Fatalf("taking back is answered %d", got)
			}
			kill()
			for i, email := range who {
				want := fmt.Sprintf("%d.00", round+1)
				if i == 0 {
					want = ""
				}
				if got := priceOf(t, s, email); got != want {
					t.Errorf("round %d: %s is sold at %q, want %q", round, email, got, want)
				}
			}
		}
	})
}

// TestKilledWhileEventsComeIn kills the process in the middle of batches. What was answered 204 is
// there whole; in a file the other batches are there whole or not at all; told again, all are there.
func TestKilledWhileEventsComeIn(t *testing.T) {
	t.Parallel()
	backed(t, func(t *testing.T, s *shoptest.Shop, kill func()) {
		const batches, people = 24, 4
		batch := func(n int) (who []string) {
			for i := range people {
				who = append(who, fmt.Sprintf("batch%d-%d@example.com", n, i))
			}
			return who
		}
		answered := make([]bool, batches)
		some := make(chan struct{}, batches)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var all sync.WaitGroup
		for n := range batches {
			all.Go(func() {
				answered[n] = posts(ctx, s, http.MethodPost, toldOf(n+1, batch(n)...)) == 204
				some <- struct{}{}
			})
		}
		<-some
		kill()
		stop()
		all.Wait()
		isFile := strings.HasSuffix(t.Name(), "/file")
		for n := range batches {
			known := 0
			for _, email := range batch(n) {
				if priceOf(t, s, email) != "" {
					known++
				}
			}
			if answered[n] && known < people || isFile && known > 0 && known < people {
				t.Errorf("of batch %d (answered: %v) %d are known", n, answered[n], known)
			}
			if got := posts(t.Context(), s, http.MethodPost, toldOf(n+1, batch(n)...)); got != 204 {
				t.Errorf("told again it is answered %d", got)
			}
			for _, email := range batch(n) {
				if got, want := priceOf(t, s, email), fmt.Sprintf("%d.00", n+1); got != want {
					t.Errorf("told again, %s is sold at %q", email, got)
				}
			}
		}
	})
}

// TestManyBackendsTellOfOneSubscriber: 64 at once, each with an event of its own beside the one that
// all of them tell. All are answered, and the latest counts.
func TestManyBackendsTellOfOneSubscriber(t *testing.T) {
	t.Parallel()
	backed(t, func(t *testing.T, s *shoptest.Shop, kill func()) {
		const ada = "ada@example.com"
		begin := time.Now().Add(-time.Hour)
		var all sync.WaitGroup
		for n := range 64 {
			all.Go(func() {
				at := begin.Add(time.Duration(n%60) * time.Second).Format(time.RFC3339)
				body := fmt.Sprintf(`[{"subscriber":%q,"event":"own_%d"},
					{"subscriber":%q,"event":"told","at":%q,"values":{"price":"%d.00"}}]`,
					ada, n%50, ada, at, n+1)
				if got := posts(t.Context(), s, http.MethodPost, body); got != 204 {
					t.Errorf("backend %d is answered %d", n, got)
				}
			})
		}
		all.Wait()
		kill()
		if got := priceOf(t, s, ada); got != "60.00" {
			t.Errorf("Ada is sold at %q", got)
		}
	})
}

// TestEventsWhileTheLedgerIsAway: the backend is told to come back, and clicks go on.
func TestEventsWhileTheLedgerIsAway(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	s := shoptest.Open(t, fmt.Sprintf(backedSite, `ledger redis {
			url {env.REDIS}
		}`), "EVENTS_TOKEN="+eventsToken, "REDIS="+redis.URL())
	const ada = "ada@example.com"
	if got := posts(t.Context(), s, http.MethodPost, toldOf(7, ada)); got != 204 {
		t.Fatalf("a batch is answered %d", got)
	}
	redis.Kill()
	if got := posts(t.Context(), s, http.MethodPost, toldOf(8, ada)); got != 503 {
		t.Errorf("without a ledger a batch is answered %d", got)
	}
	if got := priceOf(t, s, ada); got != "" {
		t.Errorf("without a ledger Ada is sold at %q", got)
	}
}
