package linkgen_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// TestSimulation plays days of a shop in virtual time: shoppers who click alone and in crowds, pay,
// come back; webhooks that are late; configurations that are reloaded; an API that fails in every
// way the sandbox knows. A seed decides everything but the interleaving of what happens in one
// instant.
//
// CHECKOUT_SEEDS says how many seeds are played instead of as many as testsize says, CHECKOUT_SEED
// names one to play again.
func TestSimulation(t *testing.T) {
	if seed, err := strconv.ParseUint(os.Getenv("CHECKOUT_SEED"), 10, 64); err == nil {
		simulate(t, seed)
		return
	}
	seeds := uint64(testsize.Long(1000))
	if n, err := strconv.ParseUint(os.Getenv("CHECKOUT_SEEDS"), 10, 64); err == nil {
		seeds = n
	}
	var next atomic.Uint64
	for worker := range 2 {
		t.Run(fmt.Sprint("worker", worker), func(t *testing.T) {
			t.Parallel()
			for seed := next.Add(1); seed <= seeds && !t.Failed(); seed = next.Add(1) {
				simulate(t, seed)
			}
		})
	}
}

func simulate(t *testing.T, seed uint64) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t, seed)
		defer w.memory.Close()
		for end := time.Now().Add(time.Duration(24+w.r.IntN(24)) * time.Hour); time.Now().Before(end) && !t.Failed(); {
			time.Sleep(time.Duration(w.r.ExpFloat64() * float64(3*time.Minute)))
			w.step()
		}
		w.epilogue()
		if t.Failed() {
			t.Logf("play it again with CHECKOUT_SEED=%d", seed)
		}
	})
}

// step is what happens next.
func (w *fixture) step() {
	switch dice := w.r.IntN(100); {
	case dice < 55:
		w.click(w.shopper(), w.offer())
	case dice < 75:
		w.crowd()
	case dice < 87:
		w.pay(w.shopper())
	case dice < 91:
		w.reload()
	case dice < 96:
		w.breakSomething()
	default:
		w.heal()
	}
}

func (w *fixture) shopper() string { return fmt.Sprintf("user%d@example.com", w.r.IntN(12)) }

// offer is the order of an offer, without its shopper.
func (w *fixture) offer() linkgen.Order {
	o := linkgen.Order{
		IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(w.r.IntN(2))}), Language: []string{"en", "tr"}[w.r.IntN(2)],
		LinkID: strconv.Itoa(1 + w.r.IntN(2)), Campaign: "pro",
	}
	if w.r.IntN(2) == 0 {
		o.Price, o.Currency = []string{"14.99", "9.99"}[w.r.IntN(2)], "EUR"
	}
	if w.r.IntN(2) == 0 {
		o.Fields = []zotlo.Field{{Name: "packageName", Value: "Pro, lifetime"}}
	}
	return o
}

// crowd is many clicks at once, some of one shopper, some of whom leave; and perhaps a payment or a
// reload among them.
func (w *fixture) crowd() {
	var wg sync.WaitGroup
	var id string
	for range 2 + w.r.IntN(20) {
		o, delay := w.offer(), time.Duration(w.r.IntN(400))*time.Millisecond
		id = w.shopper()
		leaves := time.Hour
		if w.r.IntN(4) == 0 {
			leaves = time.Duration(w.r.IntN(300)) * time.Millisecond
		}
		who := id
		wg.Go(func() {
			time.Sleep(delay)
			ctx, cancel := context.WithTimeout(context.Background(), leaves)
			defer cancel()
			w.clickUntil(ctx, who, o)
		})
	}
	switch w.r.IntN(3) {
	case 0:
		time.Sleep(200 * time.Millisecond)
		w.pay(id) // one of them pays what they were given earlier, while they ask for more
	case 1:
		time.Sleep(200 * time.Millisecond)
		w.reload()
	}
	wg.Wait()
}

// pay pays one of the shopper's links, if Zotlo still takes it. The webhook comes a little later.
func (w *fixture) pay(id string) {
	w.mu.Lock()
	links := w.given[id]
	w.given[id] = nil
	w.mu.Unlock()
	paid := false
	for _, link := range links {
		if _, err := w.zotlo.Pay(link); err == nil {
			paid = true
			break
		}
	}
	if !paid {
		return
	}
	time.Sleep(time.Duration(w.r.IntN(300)) * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.g.Forget(context.Background(), w.g.SubscriberHash(id)); err != nil {
		w.t.Error(err)
	}
	w.forgot[id] = time.Now()
}

func (w *fixture) breakSomething() {
	faults := []sandbox.Fault{
		sandbox.ServerError(), sandbox.RateLimited(""), sandbox.RateLimited("30"), sandbox.RateLimited("1000000"),
		sandbox.BadRequest(sandbox.CodeSubscriberID), sandbox.BadCredentials(), sandbox.ErrorInside200(400009),
		sandbox.ErrorInside200(500000), sandbox.Latency(3 * time.Second), sandbox.Latency(time.Minute), sandbox.Slow(10 * time.Second),
		sandbox.CutOff(), sandbox.Reset(), sandbox.NotJSON(), sandbox.Redirect("https://evil.example/"), sandbox.Huge(100_000),
		sandbox.WrongLink("https://evil.example/"), sandbox.WrongLink("javascript:alert(1)"),
	}
	f := faults[w.r.IntN(len(faults))]
	w.mu.Lock()
	w.healed, w.calm = false, time.Time{}
	w.mu.Unlock()
	if w.r.IntN(2) == 0 {
		w.zotlo.Fail(f)
		return
	}
	w.zotlo.FailNext(1+w.r.IntN(20), f)
}

func (w *fixture) heal() {
	w.zotlo.Heal()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.healed = true
}
