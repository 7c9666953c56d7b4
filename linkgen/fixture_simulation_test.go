package linkgen_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// fixture is one simulated shop and what must be true of it.
type fixture struct {
	t      *testing.T
	r      *rand.Rand
	zotlo  *sandbox.Sandbox
	memory *memorycache.Cache
	gauge  gauge
	cfg    linkgen.Config

	mu       sync.Mutex
	g        *generator
	ttl      time.Duration        // the longest of the generators that may still be answering
	forgot   map[string]time.Time // when the shopper's last payment was learned
	given    map[string][]string  // links by shopper, to be paid
	healed   bool                 // nothing is broken
	calm     time.Time            // when a call first succeeded since then
	firsts   atomic.Int64         // calls that are not retries, at most
	calls    atomic.Int64
	answered map[linkgen.Reason]int
}

func newFixture(t *testing.T, seed uint64) *fixture {
	w := &fixture{
		t: t, r: rand.New(rand.NewPCG(seed, 7)),
		zotlo:  sandbox.New(sandbox.Config{PublicURL: "https://pay.example.com", KeepRequests: -1, KeepLinks: 20_000}),
		memory: memorycache.New(memorycache.Config{MaxLinks: 12}), // too small on purpose
		forgot: make(map[string]time.Time), given: make(map[string][]string),
		answered: make(map[linkgen.Reason]int), healed: true,
	}
	w.cfg = linkgen.Config{
		Projects: []linkgen.Project{{
			Project: zotlo.Project{
				AccessKey: sandbox.DefaultAccessKey, AccessSecret: sandbox.DefaultAccessSecret,
				ApplicationKey: sandbox.DefaultApplicationKey,
			}, LinkHosts: []string{"pay.example.com"},
		}},
		Key: []byte("a key of sixteen bytes or more"), Cache: w.memory, State: linkgen.NewState(), Transport: &w.gauge,
		Hooks: linkgen.Hooks{
			Hooks:    zotlo.Hooks{APICall: func(string, string, time.Duration) { w.calls.Add(1) }},
			InFlight: func(delta int) { w.firsts.Add(int64(max(delta, 0))) },
			Panic:    func(v any, stack []byte) { t.Errorf("panic: %v\n%s", v, stack) },
		},
	}
	w.gauge.to = w.zotlo.Transport()
	w.reload()
	return w
}

// gauge gives calls a latency, and counts those under way where the client sees them: Zotlo notices
// a little later when one gives up.
type gauge struct {
	to               http.RoundTripper
	now, most, calls atomic.Int64
}

func (g *gauge) RoundTrip(r *http.Request) (*http.Response, error) {
	now := g.now.Add(1)
	defer g.now.Add(-1)
	way := 25*time.Millisecond + time.Duration(g.calls.Add(1)*37%200)*time.Millisecond
	time.Sleep(way)
	defer time.Sleep(way)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
	}
	return g.to.RoundTrip(r)
}

func (w *fixture) reload() {
	w.cfg.TTL = time.Duration(1+w.r.IntN(55)) * time.Minute
	w.cfg.Limits = linkgen.Limits{MaxInFlight: 4 + w.r.IntN(8), PerSubscriber: zotlo.Rate{Events: 20, Per: time.Minute}}
	g, err := newGenerator(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.g, w.ttl = g, w.cfg.TTL
}

func (w *fixture) click(id string, o linkgen.Order) (ok bool) {
	return w.clickUntil(context.Background(), id, o)
}

func (w *fixture) clickUntil(ctx context.Context, id string, o linkgen.Order) (ok bool) {
	o.Subscriber = linkgen.Subscriber{Kind: "email", ID: id}
	w.mu.Lock()
	g, ttl, calm := w.g, w.ttl, w.calm
	w.mu.Unlock()
	r, err := g.Link(ctx, o)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.failedLocked(err, calm)
		return false
	}
	w.rightLocked(o, r, ttl)
	w.given[id] = append(w.given[id], r.URL)
	if r.Source == linkgen.FromAPI && w.healed && w.calm.IsZero() {
		w.calm = time.Now()
	}
	return true
}

// rightLocked holds the invariants of a link that was given out: right shopper, right offer, young
// enough, and made after the last payment that we learned of.
func (w *fixture) rightLocked(o linkgen.Order, r linkgen.Result, ttl time.Duration) {
	now, made := time.Now(), r.ExpiresAt.Add(-time.Hour)
	link, ok := w.zotlo.Link(r.URL)
	switch {
	case !ok:
		w.t.Errorf("a link that Zotlo never made")
	case link.SubscriberID != o.Subscriber.ID:
		w.t.Errorf("%s got the link of %s", o.Subscriber.ID, link.SubscriberID)
	case link.CheckoutLinkID != o.LinkID, link.CustomPrice != o.Price, link.CustomCurrency != o.Currency,
		link.Language != o.Language, link.SubscriberIPAddress != o.IP.String(), (link.PackageName != "") != (len(o.Fields) > 0):
		w.t.Errorf("%s got another offer: %+v", o.Subscriber.ID, link)
	case made.After(link.CreatedAt), now.Before(made):
		w.t.Errorf("the call is said to have begun at %v, the link was made at %v", made, link.CreatedAt)
	case r.Source == linkgen.FromCache && now.Sub(made) >= ttl:
		w.t.Errorf("a cached link is %v old, ttl %v", now.Sub(made), ttl)
	}
	if forgot := w.forgot[o.Subscriber.ID]; forgot.Before(now) && link.CreatedAt.Before(forgot) {
		w.t.Errorf("%s paid at %v and got a link of %v at %v (%s)", o.Subscriber.ID, forgot, link.CreatedAt, now, r.Source)
	}
}

// failedLocked holds what must be true of a failure: when a call has succeeded since the API was
// healed, and longer ago than any pause lasts, there are none but limits and shoppers who left.
func (w *fixture) failedLocked(err error, calm time.Time) {
	var e *linkgen.Error
	if !errors.As(err, &e) {
		w.t.Errorf("an error of another type: %v", err)
		return
	}
	w.answered[e.Reason]++
	if calm.IsZero() || time.Since(calm) < 75*time.Second {
		return
	}
	switch e.Reason {
	case linkgen.Limited, linkgen.Left, linkgen.Timeout:
	default:
		w.t.Errorf("calm since %v, and yet %s: %v", time.Since(calm), e.Reason, e.Cause())
	}
}

// epilogue heals everything and counts: the shop works for everybody, and no more was asked than
// needed.
func (w *fixture) epilogue() {
	w.heal()
	time.Sleep(75 * time.Second)
	for i := range 12 {
		if !w.click(fmt.Sprintf("user%d@example.com", i), w.offer()) {
			w.t.Errorf("user %d gets no link though nothing is broken any more", i)
		}
	}
	calls, firsts := w.calls.Load(), w.firsts.Load()
	if calls > firsts+firsts/10+5 {
		w.t.Errorf("%d calls for %d links that were to be made", calls, firsts)
	}
	if int64(w.zotlo.Calls()) != calls {
		w.t.Errorf("Zotlo saw %d calls, the hooks %d", w.zotlo.Calls(), calls)
	}
	if most := w.gauge.most.Load(); most > 11 {
		w.t.Errorf("%d calls at once, the limits allow 11", most)
	}
	if n := w.memory.Len(); n > 12 {
		w.t.Errorf("%d cached links", n)
	}
}
