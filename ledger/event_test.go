package ledger_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/eventname"
	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
)

// TestOrderAndRepeatsOfEventsDoNotMatter tells the same events in many orders, in batches of any
// size, some of them twice, and to a store that dies between two steps. What is known at the end is
// always the same: with more names than are kept, with equal instants, with events that were taken
// back.
func TestOrderAndRepeatsOfEventsDoNotMatter(t *testing.T) {
	for seed := range uint64(testsize.Of(40)) {
		dice := rand.New(rand.NewPCG(seed, 0))
		names := 1 + dice.IntN(80)
		begin := time.Now().Add(-time.Hour).Truncate(time.Second)
		events := make([]ledger.Event, 1+dice.IntN(200))
		for i := range events {
			events[i] = anyEvent(dice, names, begin)
		}
		want := tellIn(t, dice, events)
		for range 4 {
			shuffled := slices.Clone(events)
			for range dice.IntN(20) { // repeats
				shuffled = append(shuffled, events[dice.IntN(len(events))])
			}
			dice.Shuffle(len(shuffled), func(i, j int) {
				shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
			})
			if d := ledgertest.Difference(want, tellIn(t, dice, shuffled)); d != "" {
				t.Fatalf("seed %d: another order is another ledger: %s", seed, d)
			}
		}
	}
}

// anyEvent is an event of few instants, so that many are equal.
func anyEvent(dice *rand.Rand, names int, begin time.Time) ledger.Event {
	e := ledger.Event{
		Subscriber: fmt.Sprint("subscriber ", dice.IntN(2)),
		Name:       fmt.Sprint("event_", dice.IntN(names)),
		At:         begin.Add(time.Duration(dice.IntN(40)) * time.Second),
	}
	if e.Gone = dice.IntN(4) == 0; e.Gone {
		return e
	}
	e.Keep = time.Duration(dice.IntN(3)) * time.Hour
	for range dice.IntN(3) {
		if e.Values == nil {
			e.Values = map[string]string{}
		}
		e.Values[fmt.Sprint("v", dice.IntN(3))] = fmt.Sprint(dice.IntN(3))
	}
	return e
}

// tellIn tells events in batches of any size, again and again while the process dies, and returns
// what is known then.
func tellIn(t *testing.T, dice *rand.Rand, events []ledger.Event) []string {
	t.Helper()
	living := false
	store := ledgertest.Tear(memorystore.New(nil), func() bool {
		return living && dice.IntN(20) == 0
	})
	l, err := ledger.Open(t.Context(), store, ledger.Config{Secrets: storySecrets(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for len(events) > 0 {
		n := min(1+dice.IntN(50), len(events))
		living = true
		for err := l.Tell(t.Context(), events[:n]); err != nil; err = l.Tell(t.Context(), events[:n]) {
			if !errors.Is(err, ledgertest.ErrCut) {
				t.Fatal(err)
			}
		}
		living = false
		events = events[n:]
	}
	return sortedEvents(ledgertest.Facts(t, l))
}

// sortedEvents are the lines of an export with their events in the order of their names: a document
// has them as they came.
func sortedEvents(lines []string) (all []string) {
	for _, line := range lines {
		all = append(all, fmt.Sprint(eventsIn(line)))
	}
	return all
}

// TestZotlosEventsAreShort: each of them is written as one number, for nearly every subscriber has
// some.
func TestZotlosEventsAreShort(t *testing.T) {
	for _, name := range eventname.Zotlo() {
		if n := ledger.TextSize(name); n != 1 {
			t.Errorf("%s takes %d bytes", name, n)
		}
	}
}

// TestABatchIsBounded by its number of events.
func TestABatchIsBounded(t *testing.T) {
	l := fuzzLedger(t)
	batch := make([]ledger.Event, ledger.MaxBatch+1)
	for i := range batch {
		batch[i] = ledger.Event{Subscriber: "somebody", Name: "cart"}
	}
	var bad *ledger.EventError
	if err := l.Tell(t.Context(), batch); !errors.As(err, &bad) || bad.Index != -1 {
		t.Errorf("one too many: %v", err)
	}
	if err := l.Tell(t.Context(), batch[:ledger.MaxBatch]); err != nil {
		t.Errorf("as many as may be: %v", err)
	}
}
