// Package ledgermodel plays a shop whose ledger must agree with its books in the end. It is a test
// of every ledger.Store, and stands here because it needs the sandbox, which no library knows.
package ledgermodel

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// Sales is how many sales a model has at its full size.
const Sales = 10_000

// modelDays is how long the shop of the model sells.
const modelDays = 30

// Play plays a shop for a month: so many sales, with trials, discounts, quantities, renewals,
// second purchases, texts that left their link and refunds in parts. The sandbox sells; its
// webhooks get lost, come twice, late and in any order, and the process dies between steps where
// the store is Torn. The shop keeps books of its own. After a reconciliation the ledger must say the
// same, to the cent, day by day; a second one must find nothing and change nothing.
//
// open gets the clock of the shop. CHECKOUT_SEED plays another month.
func Play(t *testing.T, sales int, open func(now func() time.Time) ledger.Store) {
	seed := uint64(len(t.Name()))
	if n, err := strconv.ParseUint(os.Getenv("CHECKOUT_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("play it again with CHECKOUT_SEED=%d", seed)
	m := newModel(t, seed, open)
	for day := range modelDays {
		m.sellFor(sales*(day+1)/modelDays - sales*day/modelDays)
		m.live()
		m.post.deliver()
		m.clock.Advance(20 * time.Hour)
	}
	m.post.deliverLate()
	m.clock.Advance(4 * time.Hour) // nothing is on its way any more
	m.reconciles()
	m.isRight()
}

// secrets prove the attributions of the shop.
var secrets = func() *ledger.Secrets {
	s, err := ledger.NewSecrets([]byte("the secret of the model"))
	if err != nil {
		panic(err)
	}
	return s
}()

// model is a shop with its books, beside a ledger that hears of it.
type model struct {
	*testing.T
	dice   *rand.Rand
	start  time.Time
	clock  *sandbox.Clock
	zotlo  *sandbox.Sandbox
	client *zotlo.Client
	ledger *ledger.Ledger
	post   *post
	books  *books
	torn   bool

	sales []*purchase
	paid  []*sandbox.Payment
}

// purchase is one sale of the shop.
type purchase struct {
	by      ledger.Source
	text    string // its attribution
	first   sandbox.Payment
	running bool // a subscription that may be renewed
}

func newModel(t *testing.T, seed uint64, open func(now func() time.Time) ledger.Store) *model {
	start := time.Now().Add(-(modelDays + 15) * 24 * time.Hour).Truncate(24 * time.Hour)
	m := &model{
		T: t, dice: rand.New(rand.NewPCG(seed, 0)), start: start, books: newBooks(),
		clock: sandbox.NewClock(start.Add(time.Hour)),
	}
	hook := "https://shop.example.com/hooks"
	const all = 1_000_000
	m.zotlo = sandbox.New(sandbox.Config{
		Now: m.clock.Now, BaseLinks: modelCatalog, KeepLinks: all, KeepPayments: all,
		KeepWebhooks: all, KeepRequests: -1,
		Webhooks: sandbox.Webhooks{Payments: hook, Refunds: hook, Status: hook},
	})
	m.zotlo.HoldWebhooks()
	var err error
	m.client, err = zotlo.NewClient(zotlo.Config{
		Timeout: time.Minute, Transport: m.zotlo.Transport(), Now: m.clock.Now,
		Project: zotlo.Project{
			AccessKey: sandbox.DefaultAccessKey, AccessSecret: sandbox.DefaultAccessSecret,
			ApplicationKey: sandbox.DefaultApplicationKey, APIURL: "https://api.example.com",
		},
	})
	m.must(err)
	t.Cleanup(m.client.Close)
	store := open(m.clock.Now)
	_, m.torn = store.(*ledgertest.Torn)
	m.ledger, err = ledger.Open(t.Context(), store, ledger.Config{
		Secrets: secrets, Now: m.clock.Now,
		Share: func(partner string) int { return partnerShares[partner] },
		Failed: func(operation string, err error) {
			if !errors.Is(err, ledgertest.ErrCut) {
				t.Errorf("%s: %v", operation, err)
			}
		},
	})
	m.must(err)
	t.Cleanup(m.ledger.Close)
	m.post = &post{model: m}
	return m
}

func (m *model) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// chance is true so often in a hundred times.
func (m *model) chance(percent int) bool { return m.dice.IntN(100) < percent }

func pick[T any](m *model, of []T) T { return of[m.dice.IntN(len(of))] }

// reconciles looks without changing anything, takes in what is lacking, and looks again.
func (m *model) reconciles() {
	before := m.export()
	looked := m.reconcile(false)
	m.same("a look", before, m.export())
	took := m.reconcile(true)
	// What a payment says of its subscription is no longer lacking once the payment is in.
	if took == 0 && m.post.lost >= fewest || took > looked {
		m.Errorf("a look found %d differences, and applying took %d in", looked, took)
	}
	before = m.export()
	if again := m.reconcile(true); again != 0 {
		m.Errorf("a second reconciliation found %d differences", again)
	}
	m.same("a second reconciliation", before, m.export())
}

// reconcile compares with Zotlo, and says how many differences there were. Until the process lives
// to its end, it is done again.
func (m *model) reconcile(apply bool) int {
	taken := 0
	for range 1000 {
		found, applied := 0, 0
		err := m.ledger.Reconcile(m.Context(), ledger.Reconciliation{
			Client: m.client, Since: m.start, Apply: apply,
			Hash: func(id string) (string, []string) { return id, nil },
			Found: func(d ledger.Discrepancy) {
				found++
				if d.Applied {
					applied++
				}
				if d.What != "lacking" && d.Kind != "subscription" {
					m.Errorf("false alarm: %+v", d)
				}
			},
			Took: func(e zotlo.Event, news ledger.News) { m.books.hear(e, news) },
		})
		if !errors.Is(err, ledgertest.ErrCut) {
			m.must(err)
			return taken + found
		}
		taken += applied
	}
	m.Fatal("it never came to its end")
	return 0
}

// export is what the ledger holds, in an order of its own.
func (m *model) export() []string { return ledgertest.Facts(m.T, m.ledger) }

// same compares two exports.
func (m *model) same(what string, before, after []string) {
	m.Helper()
	if d := ledgertest.Difference(before, after); d != "" {
		m.Errorf("%s changed the ledger: %s", what, d)
	}
}

// isRight compares the ledger's sums with the shop's books.
func (m *model) isRight() {
	figures, err := m.ledger.Days(m.Context(), m.start.AddDate(0, 0, -1), m.clock.Now())
	m.must(err)
	m.books.compare(m.T, figures, !m.torn)
	numbers, err := m.ledger.Partners(m.Context(), m.start.AddDate(0, 0, -1), m.clock.Now(), nil)
	m.must(err)
	m.books.comparePartners(m.T, numbers)
	m.Logf("%d payments, %d refunds, %d webhooks: %d lost, %d died", len(m.paid), m.books.refunds,
		m.post.sent, m.post.lost, m.post.died)
}

// fewest is how many cases there must be for none of them to be an accident.
const fewest = 20

// link makes a personal link with an attribution.
func (m *model) link(r zotlo.LinkRequest) string {
	m.Helper()
	link, err := m.client.OneLink(context.Background(), r)
	m.must(err)
	return link.URL
}

// shopper is one of a few thousand.
func (m *model) shopper() string {
	return fmt.Sprintf("shopper-%d@example.com", m.dice.IntN(5000))
}
