package ledgertest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// told tells of events, which must be taken.
func (t *teller) told(events ...ledger.Event) {
	t.Helper()
	if err := t.ledger.Tell(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

// about is an event of ada's, some minutes ago, and perhaps the total of her cart.
func about(name string, ago int, total ...string) ledger.Event {
	e := ledger.Event{Subscriber: ada, Name: name, At: minutesAgo(ago)}
	for _, value := range total {
		e.Values = map[string]string{"total": value}
	}
	return e
}

// gone takes an event of ada's back.
func gone(name string, ago int) ledger.Event {
	return ledger.Event{Subscriber: ada, Name: name, At: minutesAgo(ago), Gone: true}
}

func minutesAgo(n int) time.Time {
	return time.Now().Truncate(time.Second).Add(-time.Duration(n) * time.Minute)
}

// knows wants a subscriber to have had exactly these events.
func (t *teller) knows(who string, names ...string) {
	t.Helper()
	facts := t.factsOf(who)
	for _, name := range []string{
		"cart", "visit", "zotlo.payment", "zotlo.trial", "zotlo.renewal", "zotlo.refund",
		"zotlo.cancel", "zotlo.grace", "zotlo.expired",
	} {
		want := strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ")
		if facts.Happened(name, 0, time.Now()) != want {
			t.Errorf("%s has had %s: %v", who, name, !want)
		}
	}
}

func (t *teller) factsOf(who string) ledger.Facts {
	t.Helper()
	facts, err := t.ledger.Facts(t.Context(), who, "")
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// says wants a value of ada's cart; an empty one is none.
func (t *teller) says(want string) {
	t.Helper()
	got, ok := t.factsOf(ada).Value("cart", "total", time.Now())
	if got != want || ok != (want != "") {
		t.Errorf("the cart's total is %q, %v, want %q", got, ok, want)
	}
}

// happens: the life of an event. The newest counts, and what is older than its end stays gone.
func (t *teller) happens() {
	t.knows(ada)
	t.told(about("cart", 60, "49.90"), about("visit", 30))
	t.knows(ada, "cart", "visit")
	t.knows(bob)
	t.says("49.90")
	facts, now := t.factsOf(ada), minutesAgo(0)
	if facts.Happened("cart", time.Hour, now) || !facts.Happened("cart", time.Hour+time.Second, now) {
		t.Error("within an hour is not what was less than an hour ago")
	}
	t.told(about("cart", 20, "19.90"))
	t.says("19.90")
	t.told(about("cart", 40, "1.00"))
	t.says("19.90")
	t.told(gone("cart", 10))
	t.knows(ada, "visit")
	t.says("")
	t.told(about("cart", 15, "1.00")) // an old copy
	t.knows(ada, "visit")
	t.told(about("cart", 5))
	t.knows(ada, "cart", "visit")
	t.says("")
	t.told(ledger.Event{Subscriber: ada, Name: "cart", Gone: true}) // now
	t.told(gone("never", 1))
	t.knows(ada, "visit")
	t.told(ledger.Event{Subscriber: ada, Name: "cart"},
		ledger.Event{Subscriber: ada, Name: "cart", Values: map[string]string{"total": "2"}})
	t.says("2") // the last of a batch is the latest
}

// eventsOf are the lines of an export that hold events, without whom they are about.
func (t *teller) eventsOf(l *ledger.Ledger) (all []string) {
	t.Helper()
	for _, line := range Facts(t, l) {
		if _, events, is := strings.Cut(line, `"events":`); is {
			events, _, _ = strings.Cut(events, `,"until":"`)
			all = append(all, events)
		}
	}
	return all
}

// eventsInAnyOrder: each order is another subscriber's, and all of them are told the same, some of
// it twice.
func (t *teller) eventsInAnyOrder() {
	news := []ledger.Event{
		about("cart", 10, "1"), about("cart", 10, "2"), gone("cart", 20),
		about("cart", 10, "2"), about("visit", 5),
	}
	news[3].Keep = 20 * time.Hour
	taken := append(slices.Clip(news), gone("visit", 5))
	for _, events := range [][]ledger.Event{news, taken} {
		for n, order := range permutations(len(events)) {
			who := fmt.Sprint("subscriber ", n, " of ", len(events))
			var batch []ledger.Event
			for _, i := range append(order, order[0]) {
				e := events[i]
				e.Subscriber = who
				batch = append(batch, e)
			}
			if n%2 == 0 {
				t.told(batch...)
				continue
			}
			for _, e := range batch {
				t.told(e)
			}
		}
	}
	kinds := map[string]int{}
	for _, line := range t.eventsOf(t.ledger) {
		var events []map[string]any
		if err := json.Unmarshal([]byte(strings.TrimSuffix(line, "}")), &events); err != nil {
			t.Fatal(err)
		}
		names := map[string]any{}
		for _, e := range events {
			names[fmt.Sprint(e["name"])] = e
		}
		kinds[fmt.Sprint(names)]++
	}
	if len(kinds) != 2 {
		t.Errorf("%d orders of the same have %d outcomes: %v", 2*120, len(kinds), kinds)
	}
}

// eventEnds: an event is over when it says so, and an older copy does not bring it back.
func (t *teller) eventEnds() {
	short, long := about("cart", 60), about("cart", 61)
	short.Keep = 61 * time.Minute
	t.told(short, long)
	now := minutesAgo(0)
	facts := t.factsOf(ada)
	if !facts.Happened("cart", 0, now) || facts.Happened("cart", 0, now.Add(time.Minute)) {
		t.Error("it does not count until its end")
	}
	old := about("visit", 0)
	old.At = time.Now().Add(-ledger.DefaultKeep + time.Minute)
	t.told(old)
	facts = t.factsOf(ada)
	if !facts.Happened("visit", 0, time.Now()) ||
		facts.Happened("visit", 0, time.Now().Add(2*time.Minute)) {
		t.Error("it does not count for as long as facts are kept")
	}
}

// manyEvents: the one with the oldest instant goes, whenever it came.
func (t *teller) manyEvents() {
	batch := make([]ledger.Event, 0, 64)
	for i := range 64 {
		batch = append(batch, about(fmt.Sprint("event_", i), 200-i))
	}
	for n, first := range []bool{true, false} {
		who := fmt.Sprint("subscriber ", n)
		for i := range batch {
			batch[i].Subscriber = who
		}
		oldest, newest := about("oldest", 300), about("newest", 1)
		oldest.Subscriber, newest.Subscriber = who, who
		if first {
			t.told(oldest)
		}
		t.told(batch...)
		t.told(newest)
		if !first {
			t.told(oldest)
		}
		facts := t.factsOf(who)
		for name, want := range map[string]bool{
			"oldest": false, "event_0": false, "event_1": true, "event_63": true, "newest": true,
		} {
			if facts.Happened(name, 0, time.Now()) != want {
				t.Errorf("the oldest first: %v: %s has happened: %v", first, name, !want)
			}
		}
	}
}

// zotlosEvents: what webhooks say is known to campaigns without any backend, in any order.
func (t *teller) zotlosEvents() {
	end := time.Now().Add(20 * day)
	trial := charge(1, "t1", "trial", end)
	trial.Price = "0.00"
	t.hears(trial, ada)
	t.knows(ada, "zotlo.trial")
	t.hears(charge(2, "t2", "renewal", end), ada)
	t.knows(ada, "zotlo.trial", "zotlo.payment", "zotlo.renewal")
	t.hears(said(4, "active", "passive", end), ada)
	t.knows(ada, "zotlo.trial", "zotlo.payment", "zotlo.renewal", "zotlo.cancel")
	t.hears(said(3, "grace", "grace", end), ada)
	t.hears(said(5, "passive", "passive", end), ada)
	back := refund(charge(2, "t2", "renewal", end), "2.00")
	t.hears(back, ada)
	t.knows(ada, "zotlo.trial", "zotlo.payment", "zotlo.renewal", "zotlo.cancel", "zotlo.grace",
		"zotlo.expired", "zotlo.refund")
	facts, hour := t.factsOf(ada), hourOf(4)
	if facts.Happened("zotlo.cancel", time.Hour, hour.Add(time.Hour)) ||
		!facts.Happened("zotlo.cancel", time.Hour, hour.Add(time.Hour-1)) {
		t.Error("a cancellation does not bear the webhook's instant")
	}
}

// eventsMove: an export carries events, and a purge forgets them.
func (t *teller) eventsMove() {
	kept := about("cart", 10, "49.90")
	kept.Keep = 100 * time.Hour
	t.told(kept, gone("visit", 10))
	text := t.exported(t.ledger)
	if strings.Contains(text, ada) {
		t.Error("an export names a subscriber")
	}
	to := t.another(secrets)
	for range 2 {
		t.importInto(to, text)
		if got, want := t.eventsOf(to), t.eventsOf(t.ledger); !reflect.DeepEqual(got, want) {
			t.Errorf("the other ledger has\n%v, want\n%v", got, want)
		}
	}
	t.ledger = to
	t.says("49.90")
	t.told(about("visit", 11))
	t.knows(ada, "cart")
	t.told(about("cart", 5, "9.90"))
	t.importInto(to, text) // which is older
	t.says("9.90")
	if _, err := t.ledger.Purge(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	t.knows(ada)
	if got := t.eventsOf(to); len(got) != 0 {
		t.Errorf("after a purge there is %v", got)
	}
}
