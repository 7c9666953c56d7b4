package ledger_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
	"github.com/caddy-checkout/checkout/zotlo"
)

// This file holds the ledger against a model of who is subscribed. The model is a plain reading of
// the rules, over all that was ever told; it knows nothing of how the ledger keeps it. The ledger
// must say what the model says after every step: so nobody is sold twice, and nobody is locked out.

const day = 24 * time.Hour

// message is a webhook, and what the model needs of it.
type message struct {
	body               []byte
	request            string
	payer, linkOf      string // whom it names; empty for nobody
	project, original  string
	created            time.Time
	kind               string // payment, update or refund
	change             string
	status, realStatus string
	pack               string // empty: it leaves it open
	expires, frozen    time.Time
	charge             string // of payment and refund: the transaction and its status
	bought             time.Time
	cents              int
}

// modelUntil is when a subscription ends, by what is known of it: the zero time is free.
func modelUntil(known []*message) (until time.Time, pack string) {
	var newest, last *message
	var expires time.Time
	for _, m := range slices.SortedFunc(slices.Values(known), func(a, b *message) int {
		return a.created.Compare(b.created)
	}) {
		over := m.change == "cancel" || m.change == "graceToPassive"
		understood := m.kind == "payment" || m.kind == "update" && (m.status != "frozen" ||
			m.frozen.After(m.created) && !over)
		if !understood {
			continue
		}
		newest = m
		if m.pack != "" {
			pack = m.pack
		}
		if !m.expires.IsZero() && (m.kind == "update" || m.expires.After(m.bought)) {
			expires = m.expires
		}
		if m.kind == "payment" && (last == nil || m.bought.After(last.bought)) {
			last = m
		}
	}
	if newest == nil || last != nil && modelGivenBack(last, known).After(newest.created) {
		return time.Time{}, pack
	}
	open := newest.expires.IsZero() ||
		newest.kind == "payment" && !newest.expires.After(newest.bought)
	believed := expires
	if open && newest.created.After(expires) {
		believed = newest.created
	}
	paused := newest.kind == "update" && newest.frozen.After(newest.created)
	switch {
	case newest.status != "passive" && newest.realStatus == "passive": // cancelled
		until = expires
	case newest.status == "active":
		until = believed.Add(3 * day)
	case newest.status == "grace":
		until = believed.Add(30 * day)
	case newest.change == "cancel" || newest.change == "graceToPassive":
		return time.Time{}, pack // it is over, and no pause
	}
	if paused && newest.frozen.Add(3*day).After(until) {
		until = newest.frozen.Add(3 * day)
	}
	return until, pack
}

// modelGivenBack is when all of a charge had been given back; the zero time is never.
func modelGivenBack(charge *message, known []*message) time.Time {
	left := charge.cents
	for _, m := range slices.SortedFunc(slices.Values(known), func(a, b *message) int {
		return a.created.Compare(b.created)
	}) {
		if m.kind != "refund" || m.charge != charge.charge {
			continue
		}
		if left -= m.cents; left <= 0 {
			return m.created
		}
	}
	return time.Time{}
}

// contract is a subscription as Zotlo has it.
type contract struct {
	project, original, payer, linkOf, pack string
	expires                                time.Time
	status, realStatus                     string
	frozen                                 time.Time
	charges                                []*message
	left                                   []int // cents of each charge
	told                                   time.Time
}

// market is what happens in one history.
type market struct {
	*testing.T
	r         *rand.Rand
	now       time.Time
	n         int
	store     *memorystore.Store
	nodes     [2]*ledger.Ledger
	contracts []*contract
	outbox    []*message
	known     map[*message]bool
	log       []string
}

var modelPeople = []string{"ada", "bob", "eve"}

func (m *market) open(node int) {
	secrets, err := ledger.NewSecrets([]byte("the secret of the model's ledger"))
	if err != nil {
		m.Fatal(err)
	}
	m.nodes[node], err = ledger.Open(m.Context(), m.store, ledger.Config{
		Secrets: secrets, Keep: 400 * day, Now: func() time.Time { return m.now },
	})
	if err != nil {
		m.Fatal(err)
	}
}

func (m *market) pick(texts ...string) string { return texts[m.r.IntN(len(texts))] }

// chance is true once in n times.
func (m *market) chance(n int) bool { return m.r.IntN(n) == 0 }

// date writes an instant in one of the forms of a date; those without a zone are UTC.
func (m *market) date(t time.Time) any {
	switch {
	case t.IsZero() && m.chance(2):
		return nil
	case t.IsZero():
		return "0000-00-00 00:00:00"
	case m.chance(4):
		return t.In(time.FixedZone("", 3*3600)).Format(time.RFC3339)
	}
	return t.Format("2006-01-02 15:04:05")
}

// send queues a webhook.
func (m *market) send(c *contract, w *message, kind string, parameters map[string]any) {
	m.n++
	w.created = m.now.Add(time.Duration(m.n) * time.Microsecond)
	w.project, w.original, w.request = c.project, c.original, fmt.Sprint("r", m.n)
	w.body = m.body(w, kind, parameters)
	c.told = m.now
	m.outbox = append(m.outbox, w)
}

func (m *market) body(w *message, kind string, parameters map[string]any) []byte {
	const micro = "2006-01-02 15:04:05.000000"
	created := map[string]any{"date": w.created.Format(micro), "timezone": "UTC"}
	if m.chance(3) {
		created = map[string]any{
			"date": w.created.Add(2 * time.Hour).Format(micro), "timezone": "+02:00",
		}
	}
	queue := map[string]any{"type": kind, "createDate": created, "requestID": w.request}
	if w.change != "" {
		queue["eventType"] = w.change
	}
	body, err := json.Marshal(map[string]any{"queue": queue, "parameters": parameters})
	if err != nil {
		m.Fatal(err)
	}
	return body
}

// update tells how the subscription stands.
func (m *market) update(c *contract, change string) {
	w := &message{
		kind: "update", change: change, status: c.status, realStatus: c.realStatus,
		payer: c.payer, linkOf: c.linkOf, pack: c.pack, expires: c.expires, frozen: c.frozen,
	}
	if m.chance(12) { // another address of theirs, and no parameters of ours
		w.payer, w.linkOf = m.pick(modelPeople...), ""
	}
	quiet := m.now.Sub(c.told)
	if m.chance(10) && quiet < 300*day {
		w.expires, w.pack = time.Time{}, ""
	}
	if m.chance(15) {
		w.status, w.realStatus = "frozen", "" // a word that nobody knows
	}
	m.send(c, w, "SubscriberUpdate", map[string]any{
		"profile": map[string]any{
			"status": w.status, "realStatus": w.realStatus, "package": w.pack,
			"expireDate": m.date(w.expires), "freezeEndDate": m.date(w.frozen),
			"originalTransactionId": c.original,
		},
	})
}

// pay charges a contract, for days of it.
func (m *market) pay(c *contract, status string, days, cents int) {
	c.expires = m.now.Add(time.Duration(days) * day)
	c.status, c.realStatus, c.frozen = "active", "active", time.Time{}
	m.n++
	transaction := fmt.Sprint("t", m.n)
	if len(c.charges) == 0 {
		transaction = c.original
	}
	if status == "trial_to_paid" && m.chance(2) {
		transaction = c.original // it may be the trial's own
	}
	w := &message{
		kind: "payment", status: "active", payer: c.payer, linkOf: c.linkOf, pack: c.pack,
		expires: c.expires, bought: m.now.Add(time.Duration(m.n) * time.Millisecond).
				Truncate(time.Second), charge: transaction + " " + status, cents: cents,
	}
	if len(c.charges) > 0 {
		before := c.charges[len(c.charges)-1].bought
		if !w.bought.After(before) {
			w.bought = before.Add(time.Second)
		}
	}
	switch quiet := m.now.Sub(c.told); {
	case m.chance(10) && (quiet < 300*day || c.told.IsZero()):
		w.expires = time.Time{}
	case m.chance(10):
		w.expires = w.bought.Add(-day)
	}
	c.charges, c.left = append(c.charges, w), append(c.left, cents)
	m.send(c, w, "TransactionInsert", m.transaction(c, w, transaction, status))
}

func (m *market) transaction(c *contract, w *message, transaction, status string) map[string]any {
	return map[string]any{
		"payment_type": "subscription", "transaction_id": transaction,
		"original_transaction_id": c.original, "status": status, "package_id": w.pack,
		"price": fmt.Sprintf("%d.%02d", w.cents/100, w.cents%100), "currency": "EUR",
		"purchase_date": w.bought.Format("2006-01-02 15:04:05"), "expire_date": m.date(w.expires),
	}
}

// giveBack gives a part of a charge back, or the rest.
func (m *market) giveBack(c *contract) {
	i := m.r.IntN(len(c.charges))
	if m.chance(2) {
		i = len(c.charges) - 1
	}
	cents := c.left[i]
	if m.chance(2) {
		cents = cents / 2
	}
	if cents == 0 {
		return
	}
	c.left[i] -= cents
	of := c.charges[i]
	w := &message{kind: "refund", charge: of.charge, cents: cents}
	var transaction, status string
	fmt.Sscan(of.charge, &transaction, &status)
	p := m.transaction(c, of, transaction, status)
	p["refund_price"] = fmt.Sprintf("-%d.%02d", cents/100, cents%100)
	p["refund_date"] = m.now.Add(time.Duration(m.n) * time.Second).Format("2006-01-02 15:04:05")
	m.send(c, w, "TransactionRefund", p)
}

// begins sells a subscription, perhaps with a trial, perhaps to somebody whose link it was not.
func (m *market) begins() {
	m.n++
	c := &contract{
		project: m.pick("", "partners"), original: fmt.Sprint("o", m.n), pack: m.pick("p", "q"),
		payer: m.pick(modelPeople...),
	}
	if c.linkOf = c.payer; m.chance(4) {
		c.linkOf = m.pick(append(modelPeople, "")...)
	}
	m.contracts = append(m.contracts, c)
	if m.chance(3) {
		m.pay(c, "trial", 7, 0)
	} else {
		m.pay(c, "start_paid", m.r.IntN(2)*335+30, 999)
	}
	m.update(c, "newSubscriber")
}

// changes is a step in a subscription's life.
func (m *market) changes(c *contract) {
	switch m.r.IntN(9) {
	case 0, 1:
		status := "renewal"
		if len(c.charges) == 1 && c.charges[0].cents == 0 {
			status = "trial_to_paid"
		}
		m.pay(c, status, 30, 999)
		m.update(c, "renewal")
	case 2:
		c.realStatus = "passive"
		if m.chance(3) {
			c.status = "passive"
		}
		m.update(c, "cancel")
	case 3:
		c.status, c.realStatus = "grace", "grace"
		if m.chance(2) {
			c.expires = c.expires.Add(30 * day)
		}
		m.update(c, "activeToGrace")
	case 4:
		c.status, c.realStatus, c.frozen = "passive", "passive", time.Time{}
		m.update(c, "graceToPassive")
	case 5:
		c.frozen = m.now.Add(time.Duration(m.r.IntN(60)+1) * day)
		c.status, c.realStatus = "active", "active"
		if m.chance(3) {
			c.status, c.realStatus = "passive", "passive" // nobody knows how Zotlo says it
		}
		m.update(c, "freeze")
	case 6:
		c.status, c.realStatus, c.frozen = "active", "active", time.Time{}
		m.update(c, "reactivate")
	case 7:
		c.pack = m.pick("p", "q")
		m.update(c, "package_update")
	default:
		m.giveBack(c)
	}
}

// delivers hands a webhook to a node. It may be repeated, under its own id or another, or get lost.
func (m *market) delivers() {
	i := m.r.IntN(len(m.outbox))
	w := m.outbox[i]
	if !m.chance(4) { // else it is sent once more, later
		m.outbox = slices.Delete(m.outbox, i, i+1)
	}
	if m.chance(12) {
		return // it never comes
	}
	e, err := zotlo.ParseWebhook(w.body)
	if err != nil {
		m.Fatal(err)
	}
	if m.chance(3) {
		e.RequestID += " again"
	}
	_, err = m.nodes[m.r.IntN(2)].Record(m.Context(), ledger.Delivery{
		Project: w.project, Event: e, Body: w.body, Payer: w.payer,
		Attribution: ledger.Attribution{Subscriber: w.linkOf},
	})
	if err != nil {
		m.Fatal(err)
	}
	m.known[w] = true
	m.log = append(m.log, fmt.Sprintf("%s %s", m.now.Format(time.DateTime), w.body))
}

// agree holds what clicks are told against the model.
func (m *market) agree() {
	for _, person := range modelPeople {
		facts, err := m.nodes[m.r.IntN(2)].Facts(m.Context(), person, "")
		if err != nil {
			m.Fatal(err)
		}
		for _, project := range []string{"", "partners"} {
			for _, packages := range [][]string{nil, {"p"}, {"q", "other"}} {
				want := m.subscribed(person, project, packages)
				if got := facts.Subscribed(project, packages, m.now); got != want {
					for _, line := range m.log {
						m.Log(line)
					}
					m.Fatalf("%v: %s in %q is subscribed to %v: %v, want %v",
						m.now, person, project, packages, got, want)
				}
			}
		}
	}
}

// subscribed is what the model says.
func (m *market) subscribed(person, project string, packages []string) bool {
	told := map[string][]*message{}
	for w := range m.known {
		if w.project == project {
			told[w.original] = append(told[w.original], w)
		}
	}
	for _, known := range told {
		names := func(w *message) bool { return w.payer == person || w.linkOf == person }
		until, pack := modelUntil(known)
		if slices.ContainsFunc(known, names) && m.now.Unix() < until.Unix() &&
			(packages == nil || slices.Contains(packages, pack)) {
			return true
		}
	}
	return false
}

// step does one thing, and lets time go by.
func (m *market) step() {
	switch {
	case len(m.contracts) == 0 || len(m.contracts) < 4 && m.chance(10):
		m.begins()
	case len(m.outbox) > 0 && !m.chance(3):
		m.delivers()
	case m.chance(15):
		node := m.r.IntN(2)
		m.nodes[node].Close()
		m.open(node)
	default:
		m.changes(m.contracts[m.r.IntN(len(m.contracts))])
	}
	wait := time.Duration(m.r.IntN(72)) * time.Hour
	switch {
	case m.chance(20) && len(m.outbox) == 0:
		wait = time.Duration(m.r.IntN(100)) * day
	case m.chance(3):
		wait = time.Duration(m.r.IntN(3600)) * time.Second
	}
	m.now = m.now.Add(wait)
}

func TestSubscribedModel(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	answers := map[bool]int{}
	for i := range testsize.Long(4_000) {
		m := &market{
			T: t, r: rand.New(rand.NewPCG(seed, uint64(i))), known: map[*message]bool{},
			now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		m.store = memorystore.New(func() time.Time { return m.now })
		m.open(0)
		m.open(1)
		for range 60 {
			m.step()
			m.agree()
		}
		for _, person := range modelPeople {
			answers[m.subscribed(person, "", nil)]++
		}
		m.nodes[0].Close()
		m.nodes[1].Close()
	}
	if len(answers) != 2 {
		t.Errorf("the histories prove nothing: %v", answers)
	}
}
