//go:build unix

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
	"github.com/caddy-checkout/checkout/ledger/redisstore"
)

// killSecret is the secret of the ledgers of these tests.
const killSecret = "the secret of a ledger that dies often"

// keeping is the selling site with a ledger of its own kind.
func keeping(ledger string) string {
	return strings.Replace(shoptest.Selling, "api_url {$API}\n", "api_url {$API}\n"+ledger, 1)
}

// TestKilledWhilePaymentsComeIn kills the process at random points while payments come in, eight at
// a time. What was answered 200 is in the ledger afterwards, and nothing is in it twice.
func TestKilledWhilePaymentsComeIn(t *testing.T) {
	t.Parallel()
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		s := shoptest.OpenSelling(t, keeping(`ledger file {$DIR}/shop.db {
			secret {env.LEDGER_SECRET}
		}
`), "LEDGER_SECRET="+killSecret)
		killOften(t, s, s.Kill, func(t *testing.T) ledger.Store {
			store, err := filestore.Open(filestore.Config{
				Path: filepath.Join(s.Dir, "shop.db"), MustExist: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			return store
		})
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		redis := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
		s := shoptest.OpenSelling(t, keeping(`ledger redis {
			url {env.REDIS}
			timeout 5s
			secret {env.LEDGER_SECRET}
		}
`), "REDIS="+redis.URL(), "LEDGER_SECRET="+killSecret)
		kill := func() { // both machines lose power
			redis.Kill()
			s.Kill()
			redis.Restart()
		}
		killOften(t, s, kill, func(t *testing.T) ledger.Store {
			store, err := redisstore.Open(redisstore.Config{
				URLs: []string{redis.URL()}, KeyPrefix: "checkout-ledger:", Timeout: 5 * time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			return store
		})
	})
}

// killOften lets payments come in, kills, restarts, and counts.
func killOften(
	t *testing.T, s *shoptest.Shop, kill func(), open func(*testing.T) ledger.Store,
) {
	p := &payers{shop: s, answered: map[int]bool{}, some: make(chan struct{}, 1)}
	dice := rand.New(rand.NewPCG(5, 0))
	for range testsize.Of(6) {
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { p.pay(ctx) })
		}
		p.wait(t, 1+dice.IntN(60))
		kill()
		stop()
		all.Wait()
		s.Restart()
	}
	// Zotlo repeats everything. What was answered before is known, and nothing else is missing.
	first := s.Metric(t, shoptest.Webhooks, `result="repeated"`)
	for n := range p.next {
		if p.answered[n] {
			s.PostHook(t, paymentHook(n), http.StatusOK)
		}
	}
	known := s.Metric(t, shoptest.Webhooks, `result="repeated"`) - first
	if int(known) != len(p.answered) {
		t.Errorf("%d payments were answered, and %v are known", len(p.answered), known)
	}
	for n := range p.next {
		s.PostHook(t, paymentHook(n), http.StatusOK)
	}
	t.Logf("%d payments, %d of them answered before", p.next, len(p.answered))
	s.Kill()
	payments, revenue := booked(t, open(t))
	if payments != int64(p.next) || revenue != int64(p.next)*1_0000 {
		t.Errorf("%d payments of 1.00: the ledger has %d, and %d ten-thousandths", p.next, payments,
			revenue)
	}
	s.Restart()
}

// paymentHook is the webhook of the n-th payment.
func paymentHook(n int) string {
	return fmt.Sprintf(`{"queue":{"type":"TransactionInsert","requestID":"request-%d"},
		"parameters":{"transaction_id":"t-%d","original_transaction_id":"t-%d","status":"start_paid",
		"payment_type":"subscription","package_id":"pro","price":"1.00","currency":"EUR",
		"subscriber_id":"payer-%d@example.com"}}`, n, n, n, n%20)
}

// payers post payments, one after the other, until the process is gone.
type payers struct {
	shop *shoptest.Shop
	some chan struct{}

	mu       sync.Mutex
	next     int
	answered map[int]bool
}

// pay posts payments until ctx ends, or nobody answers.
func (p *payers) pay(ctx context.Context) {
	for ctx.Err() == nil {
		p.mu.Lock()
		n := p.next
		p.next++
		p.mu.Unlock()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.shop.HookURL(),
			strings.NewReader(paymentHook(n)))
		if err != nil {
			panic(err)
		}
		got, err := p.shop.Client.Do(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, got.Body)
		got.Body.Close()
		if got.StatusCode != http.StatusOK {
			continue
		}
		p.mu.Lock()
		p.answered[n] = true
		p.mu.Unlock()
		select {
		case p.some <- struct{}{}:
		default:
		}
	}
}

// wait waits until so many more payments were answered.
func (p *payers) wait(t *testing.T, more int) {
	t.Helper()
	p.mu.Lock()
	want := len(p.answered) + more
	p.mu.Unlock()
	late := time.After(time.Minute)
	for {
		p.mu.Lock()
		got := len(p.answered)
		p.mu.Unlock()
		if got >= want {
			return
		}
		select {
		case <-p.some:
		case <-late:
			t.Fatalf("%d payments were answered within a minute, want %d", got, want)
		}
	}
}

// booked is what a ledger has of all days around today, read without the process.
func booked(t *testing.T, store ledger.Store) (payments, revenue int64) {
	t.Helper()
	defer store.Close()
	secrets, err := ledger.NewSecrets([]byte(killSecret))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), store, ledger.Config{Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	now := time.Now()
	figures, err := l.Days(t.Context(), now.AddDate(0, 0, -2), now.AddDate(0, 0, 2))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		payments += f.Payments
		revenue += int64(f.Revenue)
	}
	return payments, revenue
}
