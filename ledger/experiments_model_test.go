package ledger_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	amounts "github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
	"github.com/caddy-checkout/checkout/zotlo"
)

// TestSumsEqualARecount plays random histories, in any order and with a store that dies in the middle,
// and holds the sums against a recount of all that has happened.
func TestSumsEqualARecount(t *testing.T) {
	for seed := range uint64(testsize.Long(2000)) {
		synctest.Test(t, func(t *testing.T) { // so that nothing happens behind its back
			m := newModel(t, seed)
			defer m.ledger.Close()
			m.play()
			m.check()
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// model is a history, and all that is known of it without a ledger.
type model struct {
	*testing.T
	r      *rand.Rand
	store  *stepwise
	ledger *ledger.Ledger
	runs   []*ledger.Run
	window time.Duration
	base   time.Time
	now    time.Time

	begun     []modelStart
	exposures []ledger.Exposure
	sales     map[string]*modelSale
	deliver   []func() // what is still to be told
}

type modelStart struct {
	run *ledger.Run
	at  time.Time
}

type modelSale struct {
	person string
	made   time.Time
	flows  []modelFlow
}

type modelFlow struct {
	at       time.Time
	amount   amounts.Amount
	currency string
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{
		T: t, r: rand.New(rand.NewPCG(seed, 1)), sales: map[string]*modelSale{},
		store: &stepwise{
			Store: memorystore.New(nil), left: -1, onces: map[ledger.Key]map[string]bool{},
		},
		base: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -60),
	}
	m.window = []time.Duration{time.Minute, time.Hour, 36 * time.Hour, 14 * 24 * time.Hour}[m.r.IntN(4)]
	for i := range 3 {
		m.runs = append(m.runs, &ledger.Run{
			Campaign: "pro", Experiment: "price", Settings: fmt.Sprint("settings ", i),
			Variants: []ledger.Share{{Variant: "control", Width: 50}, {Variant: "other", Width: 30}, {Variant: "third", Width: 20}},
			Window:   m.window,
		})
	}
	m.open()
	return m
}

func (m *model) open() {
	secrets, err := ledger.NewSecrets([]byte("the secret of the model"))
	if err != nil {
		m.Fatal(err)
	}
	m.store.revive(-1)
	m.ledger, err = ledger.Open(m.Context(), m.store, ledger.Config{Secrets: secrets})
	if err != nil {
		m.Fatal(err)
	}
	synctest.Wait()
}

// anyTime is an instant of the history, in whole seconds.
func (m *model) anyTime() time.Time {
	return m.base.Add(time.Duration(m.r.IntN(40*24*3600)) * time.Second)
}

// soonAfter is an instant around the window after another one.
func (m *model) soonAfter(t time.Time) time.Time {
	around := int64((m.window + m.window/3) / time.Second)
	return t.Add(time.Duration(m.r.Int64N(around)) * time.Second)
}

// play makes things happen, and tells them in a random order. Runs begin in the order of time; what
// is told of people comes in any.
func (m *model) play() {
	at := m.base
	for range 1 + m.r.IntN(4) {
		m.begun = append(m.begun, modelStart{m.runs[m.r.IntN(len(m.runs))], at})
		at = at.Add(time.Duration(1+m.r.IntN(15*24*3600)) * time.Second)
	}
	for _, b := range m.begun {
		m.retry(func() error {
			defer synctest.Wait() // it looks for something to finish
			return m.ledger.Begin(m.Context(), []ledger.Run{*b.run}, b.at)
		})
	}
	for person := range 1 + m.r.IntN(4) {
		m.live(fmt.Sprint("person ", person))
	}
	m.r.Shuffle(len(m.deliver), func(i, j int) {
		m.deliver[i], m.deliver[j] = m.deliver[j], m.deliver[i]
	})
	for _, tell := range m.deliver {
		tell()
	}
	m.store.revive(-1)
	if err := m.ledger.Finish(m.Context()); err != nil {
		m.Fatal(err)
	}
	m.now = m.base.AddDate(0, 0, 40).Add(time.Duration(m.r.IntN(20*24*60)) * time.Minute)
}

// live makes one person be exposed and buy, a few times.
func (m *model) live(person string) {
	var moments []time.Time
	for range m.r.IntN(5) {
		run := m.begun[m.r.IntN(len(m.begun))].run
		e := ledger.Exposure{
			Run: run, Variant: run.Variants[m.r.IntN(3)].Variant, At: "link",
			Subscriber: person, Time: m.anyTime(),
		}
		if len(moments) > 0 && m.r.IntN(2) == 0 {
			e.Time = m.soonAfter(moments[0])
		}
		if e.Time.After(m.base.AddDate(0, 0, 40)) {
			continue // nobody asks before it
		}
		if slices.ContainsFunc(moments, e.Time.Equal) {
			continue // which of two in one second counts depends on who tells first
		}
		moments = append(moments, e.Time)
		m.exposures = append(m.exposures, e)
		m.deliver = append(m.deliver, func() { m.expose(e) })
	}
	for i := range m.r.IntN(4) {
		made := m.anyTime()
		if len(moments) > 0 {
			made = m.soonAfter(moments[m.r.IntN(len(moments))])
		}
		m.buy(person, fmt.Sprint(person, " buys ", i), made)
	}
}

// buy makes a purchase, and perhaps refunds of it.
func (m *model) buy(person, transaction string, made time.Time) {
	sale := &modelSale{person: person, made: made.Truncate(time.Minute)}
	m.sales[transaction] = sale
	bought := made.Add(time.Duration(m.r.IntN(3600)) * time.Second)
	price := amounts.Amount(1+m.r.IntN(5000)) * 100
	e := zotlo.Event{
		Kind: zotlo.WebhookPayment, Type: "consumable", Status: "consumable",
		PaymentType: "consumable", TransactionID: transaction, Price: price.String(),
		Currency: []string{"EUR", "TRY"}[m.r.IntN(2)], PurchasedAt: bought, CreatedAt: bought,
	}
	if m.r.IntN(6) == 0 {
		e.Type, e.Status, e.Price = "trial", "trial", "0"
	} else {
		sale.flows = append(sale.flows, modelFlow{bought, price, e.Currency})
	}
	m.deliver = append(m.deliver, func() { m.record(sale, e) })
	if e.Type == "trial" || m.r.IntN(2) == 0 {
		return
	}
	back := e
	back.Kind, back.RefundedAt = zotlo.WebhookRefund, m.soonAfter(bought)
	back.RefundPrice = price.String()
	if m.r.IntN(2) == 0 {
		price /= 2
		back.RefundPrice = price.String()
	}
	sale.flows = append(sale.flows, modelFlow{back.RefundedAt, -price, e.Currency})
	m.deliver = append(m.deliver, func() { m.record(sale, back) })
}

// record tells of a payment or refund until it was taken in, as Zotlo does.
func (m *model) record(sale *modelSale, e zotlo.Event) {
	d := ledger.Delivery{
		Event: e, Body: fmt.Append(nil, e.Kind, e.TransactionID, e.RefundPrice),
		Payer: "payer of " + sale.person,
		Attribution: ledger.Attribution{
			Campaign: "pro", Experiment: "price", Variant: "other", // which is not asked
			Subscriber: sale.person, Minute: ledger.MinuteOf(sale.made),
		},
	}
	if m.r.IntN(3) == 0 {
		d.Attribution.Experiment, d.Attribution.Variant = "", ""
	}
	m.retry(func() error {
		_, err := m.ledger.Record(m.Context(), d)
		return err
	})
}

// expose tells of an exposure until it was taken in.
func (m *model) expose(e ledger.Exposure) {
	m.retry(func() error {
		m.ledger.Expose(e)
		m.ledger.Flush()
		if m.store.broken {
			return errDied
		}
		return nil
	})
}

// retry does something with a store that dies a few times.
func (m *model) retry(do func() error) {
	for try := range 20 {
		m.store.revive(-1)
		if try < 2 && m.r.IntN(2) == 0 {
			m.store.revive(m.r.IntN(12))
		}
		if do() == nil {
			return
		}
	}
	m.Fatal("it never succeeds")
}

// check holds the ledger's numbers against the model's.
func (m *model) check() {
	m.Helper()
	got, err := m.ledger.Experiments(m.Context(), m.now)
	if err != nil {
		m.Fatal(err)
	}
	if len(got) != 1 || got[0].Key != "price" {
		m.Fatalf("experiments: %+v", got)
	}
	want := m.recount()
	found := map[string]map[string]ledger.VariantNumbers{}
	for _, run := range got[0].Runs {
		key := fmt.Sprint(run.Since, run.Until)
		found[key] = map[string]ledger.VariantNumbers{"": {People: run.People, Buyers: run.Unexposed}}
		for _, v := range run.Variants {
			v.Difference, v.Verdict = nil, ""
			found[key][v.Name] = v
		}
	}
	if diff := cmp.Diff(sorted(want), sorted(slices.Collect(maps.Values(found)))); diff != "" {
		m.Errorf("window %v (-want +got):\n%s", m.window, diff)
	}
}

// sorted makes lists of runs comparable: a run that never began has the time of its exposures.
func sorted(runs []map[string]ledger.VariantNumbers) []string {
	var texts []string
	for _, run := range runs {
		text := ""
		for _, name := range slices.Sorted(maps.Keys(run)) {
			text += fmt.Sprintf("%s %+v\n", name, run[name])
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return texts
}

// recount is the numbers by the rules, person by person. Of a run under "" stand its people, and as
// buyers its payments without an exposure.
func (m *model) recount() (runs []map[string]ledger.VariantNumbers) {
	for _, run := range m.runs {
		if !slices.ContainsFunc(m.begun, func(b modelStart) bool { return b.run == run }) {
			continue
		}
		numbers := map[string]ledger.VariantNumbers{"": {}}
		totals := map[string]map[string]amounts.Amount{}
		for _, v := range run.Variants {
			numbers[v.Variant] = ledger.VariantNumbers{Name: v.Variant, Revenue: map[string]ledger.Revenue{}}
			totals[v.Variant] = map[string]amounts.Amount{}
		}
		for _, e := range m.firsts(run) {
			n := numbers[e.Variant]
			n.People++
			if m.isOpen(e.Time) {
				n.Open++
			} else if outcome := m.outcome(e); len(outcome) > 0 {
				n.Buyers++
				for currency, amount := range outcome {
					totals[e.Variant][currency] += amount
				}
			}
			numbers[e.Variant] = n
		}
		all := numbers[""]
		for _, v := range run.Variants {
			n := numbers[v.Variant]
			all.People += n.People
			if closed := n.People - n.Open; closed > 0 {
				n.Rate = float64(n.Buyers) / float64(closed)
				for currency, total := range totals[v.Variant] {
					each := ledger.Decimal((2*int64(total) + closed) / (2 * closed)) // rounded
					n.Revenue[currency] = ledger.Revenue{Total: ledger.Decimal(total), PerPerson: each}
				}
			}
			numbers[v.Variant] = n
		}
		all.Buyers = m.unexposed(run)
		numbers[""] = all
		runs = append(runs, numbers)
	}
	return runs
}

// firsts are everybody's first exposures in a run.
func (m *model) firsts(run *ledger.Run) (firsts []ledger.Exposure) {
	byPerson := map[string]ledger.Exposure{}
	for _, e := range m.exposures {
		old, known := byPerson[e.Subscriber]
		if e.Run == run && (!known || e.Time.Before(old.Time)) {
			byPerson[e.Subscriber] = e
		}
	}
	return slices.Collect(maps.Values(byPerson))
}

// isOpen reports whether the window of a bucket is open.
func (m *model) isOpen(at time.Time) bool {
	width := map[time.Duration]time.Duration{
		time.Minute: 10 * time.Second, time.Hour: 5 * time.Minute,
		36 * time.Hour: 2 * time.Hour, 14 * 24 * time.Hour: 24 * time.Hour,
	}[m.window]
	return at.Truncate(width).Add(width + m.window).After(m.now)
}

// belongs is the run of a sale, and whether its person had been exposed in it.
func (m *model) belongs(sale *modelSale) (run *ledger.Run, was bool) {
	upTo := sale.made.Add(time.Minute) // it is floored
	for _, b := range m.begun {
		if b.at.Before(upTo) {
			run = b.run
		}
	}
	var latest ledger.Exposure
	for _, candidate := range m.runs {
		for _, e := range m.firsts(candidate) {
			if e.Subscriber != sale.person || !e.Time.Before(upTo) {
				continue
			}
			if candidate == run {
				return run, true
			}
			if latest.Run == nil || e.Time.After(latest.Time) {
				latest = e
			}
		}
	}
	if latest.Run != nil {
		return latest.Run, true
	}
	return run, false
}

// outcome is what a person paid in time.
func (m *model) outcome(e ledger.Exposure) map[string]amounts.Amount {
	sums := map[string]amounts.Amount{}
	for _, sale := range m.sales {
		if run, was := m.belongs(sale); sale.person != e.Subscriber || run != e.Run || !was {
			continue
		}
		for _, f := range sale.flows {
			if f.at.Before(e.Time.Add(m.window)) {
				sums[f.currency] += f.amount
			}
		}
	}
	maps.DeleteFunc(sums, func(_ string, sum amounts.Amount) bool { return sum == 0 })
	return sums
}

// unexposed are the payments in a run whose person had not been exposed.
func (m *model) unexposed(run *ledger.Run) (n int64) {
	for _, sale := range m.sales {
		if in, was := m.belongs(sale); in == run && !was && len(sale.flows) > 0 {
			n++
		}
	}
	return n
}
