package ledgertest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// Experiments runs the stories of experiments, each with a store of its own from open, which is to
// close it with t.Cleanup. The clock of the store must be time.Now.
func Experiments(t *testing.T, open func(t *testing.T) ledger.Store) {
	for _, story := range experiments {
		t.Run(story.name, func(t *testing.T) { story.tell(newTrier(t, open)) })
	}
}

var experiments = []struct {
	name string
	tell func(*trier)
}{
	{"a person counts once, in the variant that they saw first", (*trier).firstExposure},
	{"an exposure that arrives late but is older is honored", (*trier).lateExposure},
	{"only those whose window has closed count", (*trier).open},
	{"a window that is short closes within minutes", (*trier).shortWindow},
	{"payments count within the window, and make one buyer", (*trier).withinWindow},
	{"a trial is no purchase, what follows it is", (*trier).trial},
	{"refunds within the window are taken off", (*trier).refunds},
	{"only refunds are nothing", (*trier).onlyRefunds},
	{"currencies stay apart", (*trier).currencies},
	{"a payment before the exposure is unexposed", (*trier).unexposed},
	{"a guest's payment is unexposed", (*trier).guest},
	{"payments of another campaign are none", (*trier).otherCampaign},
	{"a change begins a run, and going back continues the old one", (*trier).runs},
	{"a payment belongs to the run of its link", (*trier).runOfLink},
	{"two configurations at once lose nothing", (*trier).rollOut},
	{"an experiment that is gone has ended", (*trier).gone},
	{"a variant without people is shown", (*trier).nobody},
	{"another window counts everybody anew", (*trier).otherWindow},
	{"a payment's repeat changes nothing", (*trier).repeat},
	{"a secret that is replaced makes nobody another person", (*trier).otherSecret},
	{"many at once lose nothing", (*trier).manyAtOnce},
}

// trier has a verb for everything that happens in an experiment. Its days count from a day that is
// so long ago that windows have closed.
type trier struct {
	*teller
	run   *ledger.Run
	first time.Time
	sales map[string]zotlo.Event
	link  map[string]ledger.Attribution
}

func newTrier(t *testing.T, open func(*testing.T) ledger.Store) *trier {
	s := &trier{
		teller: newTeller(t, open),
		run:    price("9.99"),
		first:  time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -90),
		sales:  map[string]zotlo.Event{},
		link:   map[string]ledger.Attribution{},
	}
	s.begin(0, s.run)
	return s
}

// price is an experiment with a price in it.
func price(settings string) *ledger.Run {
	return &ledger.Run{
		Campaign: "pro", Experiment: "bf", Settings: settings,
		Variants: []ledger.Share{{Variant: "control", Width: 5000}, {Variant: "cheaper", Width: 5000}},
	}
}

// day is an instant, in days after the first.
func (t *trier) day(d float64) time.Time {
	return t.first.Add(time.Duration(d * 24 * float64(time.Hour))).Truncate(time.Second)
}

// begin has runs, and no others, run from a day on.
func (t *trier) begin(day float64, runs ...*ledger.Run) {
	t.Helper()
	list := make([]ledger.Run, 0, len(runs))
	for _, run := range runs {
		list = append(list, *run)
	}
	if err := t.ledger.Begin(t.Context(), list, t.day(day)); err != nil {
		t.Fatal(err)
	}
}

// meets shows somebody a variant.
func (t *trier) meets(subscriber, variant string, day float64) {
	t.ledger.Expose(ledger.Exposure{
		Run: t.run, Variant: variant, At: "link", Subscriber: subscriber, Time: t.day(day),
	})
}

// settle has everything written that waits.
func (t *trier) settle() {
	t.Helper()
	t.ledger.Close()
	store := t.store
	t.teller.ledger = newTeller(t.T, func(*testing.T) ledger.Store { return store }).ledger
}

// buys lets somebody pay by a link that was made a minute before.
func (t *trier) buys(transaction, subscriber, price string, day float64) {
	t.Helper()
	t.buysBy(transaction, ledger.Attribution{
		Campaign: "pro", Experiment: "bf", Variant: "what the link says is not asked",
		Subscriber: subscriber, Minute: ledger.MinuteOf(t.day(day).Add(-time.Minute)),
	}, price, day)
}

// buysBy lets somebody pay by a link.
func (t *trier) buysBy(transaction string, link ledger.Attribution, price string, day float64) {
	t.Helper()
	amount, currency, _ := strings.Cut(price, " ")
	e := zotlo.Event{
		Kind: zotlo.WebhookPayment, Type: "start_paid", Status: "start_paid",
		TransactionID: transaction, OriginalID: transaction, Price: amount, Currency: currency,
		PurchasedAt: t.day(day), CreatedAt: t.day(day),
	}
	t.sales[transaction], t.link[transaction] = e, link
	t.tells(e, link)
}

// renews lets a subscription go on.
func (t *trier) renews(of, transaction, price string, day float64) {
	t.Helper()
	e := t.sales[of]
	e.TransactionID, e.Type, e.Status = transaction, "renewal", "renewal"
	e.Price, e.Currency, _ = strings.Cut(price, " ")
	e.PurchasedAt, e.CreatedAt = t.day(day), t.day(day)
	t.sales[transaction], t.link[transaction] = e, ledger.Attribution{}
	t.tells(e, ledger.Attribution{})
}

// givesBack refunds a payment; no amount is all of it.
func (t *trier) givesBack(transaction, amount string, day float64) {
	t.Helper()
	e := t.sales[transaction]
	e.Kind, e.RefundPrice = zotlo.WebhookRefund, amount
	e.RefundedAt, e.CreatedAt = t.day(day), t.day(day)
	t.tells(e, t.link[transaction])
}

// tells delivers a webhook.
func (t *trier) tells(e zotlo.Event, link ledger.Attribution) {
	t.Helper()
	d := ledger.Delivery{
		Event: e, Body: fmt.Append(nil, e), Payer: "somebody who pays", Attribution: link,
	}
	if _, err := t.ledger.Record(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// otherSecret: from a day on, everybody has another hash.
func (t *trier) otherSecret() {
	t.meets(ada, "cheaper", 1)
	t.settle()
	t.ledger.Expose(ledger.Exposure{
		Run: t.run, Variant: "control", At: "link", Time: t.day(2),
		Subscriber: "ada, hashed anew", Former: []string{ada},
	})
	t.settle()
	e := zotlo.Event{
		Kind: zotlo.WebhookPayment, Type: "start_paid", Status: "start_paid",
		TransactionID: "t1", OriginalID: "t1", Price: "9.99", Currency: "EUR",
		PurchasedAt: t.day(2), CreatedAt: t.day(2),
	}
	d := ledger.Delivery{
		Event: e, Body: fmt.Append(nil, e), Payer: "ada, hashed anew", Former: []string{ada},
		Attribution: ledger.Attribution{
			Campaign: "pro", Experiment: "bf", Variant: "cheaper", Subscriber: "ada, hashed anew",
			Minute: ledger.MinuteOf(t.day(2)),
		},
	}
	if _, err := t.ledger.Record(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	t.shows(40, "control 0-0 0 | cheaper 1-0 1 EUR 9.99 | 0")
}

// shows wants the runs of the experiment to have these numbers on a day, the newest first: people,
// those of them who are open, buyers and money, by variant, and the payments without an exposure.
func (t *trier) shows(day float64, want ...string) {
	t.Helper()
	t.settle()
	all, err := t.ledger.Experiments(t.Context(), t.day(day))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d experiments: %+v", len(all), all)
	}
	got := make([]string, 0, len(all[0].Runs))
	for _, run := range all[0].Runs {
		got = append(got, runText(run))
	}
	if !slices.Equal(got, want) {
		t.Errorf("on day %v\n%s\nwant\n%s", day, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// runText is "control 2-1 1 EUR 9.99 | cheaper 1-0 0 | 3": people, open, buyers, money; unexposed.
func runText(run ledger.RunNumbers) string {
	var text strings.Builder
	for _, v := range run.Variants {
		fmt.Fprintf(&text, "%s %d-%d %d", v.Name, v.People, v.Open, v.Buyers)
		for _, currency := range slices.Sorted(maps.Keys(v.Revenue)) {
			fmt.Fprintf(&text, " %s %s", currency, v.Revenue[currency].Total)
		}
		text.WriteString(" | ")
	}
	fmt.Fprint(&text, run.Unexposed)
	return text.String()
}
