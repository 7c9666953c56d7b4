package ledgertest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// badBatch: the mistake is named, and nothing is kept.
func (t *teller) badBatch() {
	good := about("visit", 1)
	for member, bad := range map[string]ledger.Event{
		"subscriber": {Name: "cart"},
		"event":      {Subscriber: ada, Name: "zotlo.payment"},
		"at":         {Subscriber: ada, Name: "cart", At: time.Now().Add(2 * time.Minute)},
		"keep":       {Subscriber: ada, Name: "cart", Keep: ledger.DefaultKeep + 1},
		"values":     {Subscriber: ada, Name: "cart", Values: map[string]string{"Total": "1"}},
	} {
		err := t.ledger.Tell(t.Context(), []ledger.Event{good, good, bad, good})
		var told *ledger.EventError
		if !errors.As(err, &told) || told.Index != 2 || told.Member != member {
			t.Errorf("%s: %v", member, err)
		}
	}
	t.knows(ada)
	t.told()
}

// toldAtOnce: of many that tell of one subscriber at once each is taken.
func (t *teller) toldAtOnce() {
	const backends = 64
	var all sync.WaitGroup
	for i := range backends {
		all.Go(func() {
			// Each with an event of its own, and all with one in common.
			err := t.ledger.Tell(t.Context(), []ledger.Event{
				about(fmt.Sprint("own_", i%60), 100-i), about("cart", 100-i, fmt.Sprint(i)),
			})
			if err != nil {
				t.Errorf("backend %d: %v", i, err)
			}
		})
	}
	all.Wait()
	facts := t.factsOf(ada)
	for i := range 60 {
		if !facts.Happened(fmt.Sprint("own_", i), 0, time.Now()) {
			t.Errorf("what backend %d told is not there", i)
		}
	}
	t.says(fmt.Sprint(backends - 1))
}

// eventsCutOff: the process dies between any two steps of a batch of several subscribers. What was
// answered is there; the rest is there once it is told again.
func (t *teller) eventsCutOff() {
	batch := func(n int) (events []ledger.Event) {
		for i := range 4 {
			who := fmt.Sprint("subscriber ", i, " of ", n)
			e, back := about("cart", 10, "1"), gone("visit", 5)
			e.Subscriber, back.Subscriber = who, who
			events = append(events, e, back)
		}
		return events
	}
	for n := range 6 {
		var left atomic.Int64 // steps until it dies
		torn := Tear(t.store, func() bool { return left.Add(-1) == 0 })
		l, err := ledger.Open(t.Context(), torn, ledger.Config{Secrets: secrets})
		if err != nil {
			t.Fatal(err)
		}
		left.Store(int64(n) + 1)
		err = l.Tell(t.Context(), batch(n))
		if cut := n < 5; cut != errors.Is(err, ErrCut) {
			t.Errorf("cut before step %d: %v", n, err)
		}
		left.Store(-1)
		if err := l.Tell(t.Context(), batch(n)); err != nil {
			t.Error(err)
		}
		l.Close()
	}
	for n := range 6 {
		for i := range 4 {
			who := fmt.Sprint("subscriber ", i, " of ", n)
			t.knows(who, "cart")
			e := about("visit", 6)
			e.Subscriber = who
			t.told(e) // older than what took it back
			t.knows(who, "cart")
		}
	}
}

// mostEvents: 64 events of 16 values of 256 characters of four bytes. A payment finds room beside
// them, and they move to another ledger.
func (t *teller) mostEvents() {
	values := map[string]string{}
	for i := range 16 {
		values[strings.Repeat(string(rune('a'+i)), 64)] = strings.Repeat("𝄞", 256)
	}
	batch := make([]ledger.Event, 0, 64)
	for i := range 64 {
		name := strings.Repeat("e", 62) + fmt.Sprintf("%02d", i)
		batch = append(batch, ledger.Event{Subscriber: ada, Name: name, Values: values})
	}
	t.told(batch...)
	t.hears(payment("t1", ""), ada)
	last := batch[62]
	got, _ := t.factsOf(ada).Value(last.Name, strings.Repeat("p", 64), time.Now())
	if got != strings.Repeat("𝄞", 256) {
		t.Errorf("a value has %d bytes", len(got))
	}
	text := t.exported(t.ledger)
	to := t.another(secrets)
	t.importInto(to, text)
	was, is := t.eventsOf(t.ledger), t.eventsOf(to)
	if len(was) != 1 || len(is) != 1 {
		t.Errorf("%d and %d subscribers have events", len(was), len(is))
	}
}
