package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// until: an end is kept to the hour, and never early. A document whose end has passed is not there
// for anybody: for readers, scans and changes.
func (t *storeTeller) until() {
	ada, bob, eve := key(people, "ada"), key(people, "bob"), key(people, "eve")
	end := time.Now().Add(90 * time.Minute)
	t.putUntil(ada, "stays", end)
	t.putUntil(bob, "over", time.Now().Add(-2*time.Hour))
	t.put(eve, "for ever")

	doc := t.read(ada)[0]
	if late := doc.Until.Sub(end); string(doc.Value) != "stays" || late < 0 || late > time.Hour {
		t.Fatalf("%q until %v, want until %v", doc.Value, doc.Until, end)
	}
	t.has(bob, "")
	if doc := t.read(eve)[0]; !doc.Until.IsZero() {
		t.Fatalf("ends at %v", doc.Until)
	}
	if all := t.docs(people); len(all) != 2 || all["bob"] != "" {
		t.Fatalf("scanned %v", all)
	}
	t.do(func(s ledger.Steps) error {
		return s.Change(bob, func(old ledger.Doc) (ledger.Doc, error) {
			if old.Value != nil || !old.Until.IsZero() {
				t.Errorf("the change saw %q until %v", old.Value, old.Until)
			}
			return ledger.Doc{Value: []byte("new")}, nil
		})
	})
	t.has(bob, "new")

	// A change that returns what it got moves no end, however often it is done.
	for range 3 {
		t.do(func(s ledger.Steps) error {
			return s.Change(ada, func(old ledger.Doc) (ledger.Doc, error) { return old, nil })
		})
	}
	if again := t.read(ada)[0]; !again.Until.Equal(doc.Until) {
		t.Fatalf("the end moved from %v to %v", doc.Until, again.Until)
	}
}

// changeFails: Change returns the error of its function as it is, and the steps go on if they like.
func (t *storeTeller) changeFails() {
	ada, bob := key(people, "ada"), key(people, "bob")
	t.put(ada, "old")
	t.do(func(s ledger.Steps) error {
		err := s.Change(ada, func(ledger.Doc) (ledger.Doc, error) {
			return ledger.Doc{Value: []byte("new")}, errStory
		})
		if err != errStory { //nolint:errorlint // as it is
			t.Errorf("change: %v", err)
		}
		return s.Change(bob, to("went on", time.Time{}))
	})
	t.has(ada, "old")
	t.has(bob, "went on")
}

// many runs a function in 32 goroutines, 8 times in each.
func (t *storeTeller) many(f func(ctx context.Context, goroutine, round int) error) {
	t.Helper()
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for j := range 8 {
				if err := f(t.Context(), i, j); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// increment changes a document that is a number.
func increment(old ledger.Doc) (ledger.Doc, error) {
	n, _ := strconv.Atoi(string(old.Value)) // what is not there is 0
	return ledger.Doc{Value: strconv.AppendInt(nil, int64(n+1), 10)}, nil
}

// manyChange: two that change one document at once change it one after the other.
func (t *storeTeller) manyChange() {
	counter := key(sales, "counter")
	t.many(func(ctx context.Context, _, _ int) error {
		return t.store.Do(ctx, func(s ledger.Steps) error { return s.Change(counter, increment) })
	})
	t.has(counter, "256")
}

// big: MaxValue bytes are stored, and one more is refused and changes nothing.
func (t *storeTeller) big() {
	ada := key(people, "ada")
	most := string(make([]byte, ledger.MaxValue))
	t.put(ada, most)
	t.has(ada, most)
	err := t.store.Do(t.Context(), func(s ledger.Steps) error {
		return s.Change(ada, to(most+"x", time.Time{}))
	})
	if err == nil {
		t.Fatal("one byte more was stored")
	}
	t.has(ada, most)
}

func most(field string) ledger.Delta  { return ledger.Delta{Field: field, N: math.MaxInt64} }
func least(field string) ledger.Delta { return ledger.Delta{Field: field, N: math.MinInt64} }

// rows: numbers of both signs add up. A field or a row that has come to zero is as one that never
// was.
func (t *storeTeller) rows() {
	may, june := key(sums, "may"), key(sums, "june")
	t.hasRow(may, map[string]int64{})
	t.add(may, "", ledger.Delta{Field: "eur", N: 1999}, ledger.Delta{Field: "n", N: 1})
	t.add(may, "", ledger.Delta{Field: "eur", N: -500}, ledger.Delta{Field: "n", N: 0})
	t.add(june, "", least("n"), most("m"))
	t.hasRow(may, map[string]int64{"eur": 1499, "n": 1})
	t.add(may, "", ledger.Delta{Field: "eur", N: -1500}, ledger.Delta{Field: "n", N: -1})
	t.hasRow(may, map[string]int64{"eur": -1})
	t.add(may, "", ledger.Delta{Field: "eur", N: 2}, ledger.Delta{Field: "eur", N: -1})
	t.hasRow(may, map[string]int64{})
	t.hasRow(june, map[string]int64{"n": math.MinInt64, "m": math.MaxInt64})
	t.add(may, "")

	rows, err := t.store.Rows(t.Context(), june, may, june)
	if err != nil || len(rows) != 3 || len(rows[0]) != 2 || len(rows[1]) != 0 || len(rows[2]) != 2 {
		t.Fatalf("rows: %v, %v", rows, err)
	}
}

// manyAdd: additions of many to one field are all in its number.
func (t *storeTeller) manyAdd() {
	may := key(sums, "may")
	t.many(func(ctx context.Context, i, j int) error {
		return t.store.Do(ctx, func(s ledger.Steps) error {
			once := fmt.Sprintf("%d in %d", j, i)
			one, many := ledger.Delta{Field: "n", N: 1}, ledger.Delta{Field: "m", N: int64(j)}
			return s.Add(may, once, one, many)
		})
	})
	t.hasRow(may, map[string]int64{"n": 256, "m": 32 * (0 + 1 + 2 + 3 + 4 + 5 + 6 + 7)})
}

// overflow: money that does not fit is an error, and never another sign.
func (t *storeTeller) overflow() {
	may := key(sums, "may")
	t.add(may, "", most("n"), least("m"))
	for _, delta := range []ledger.Delta{{Field: "n", N: 1}, {Field: "m", N: -1}} {
		err := t.store.Do(t.Context(), func(s ledger.Steps) error { return s.Add(may, "", delta) })
		if err == nil {
			t.Fatalf("%v was added", delta)
		}
	}
	t.hasRow(may, map[string]int64{"n": math.MaxInt64, "m": math.MinInt64})
}

// once: a take that failed after its addition is done again, as after a crash. Whether the store
// kept the first addition or not, in the end it is there once.
func (t *storeTeller) once() {
	may := key(sums, "may")
	fail := errStory
	for range 3 {
		err := t.store.Do(t.Context(), func(s ledger.Steps) error {
			if err := s.Add(may, "sale 1", ledger.Delta{Field: "n", N: 1}); err != nil {
				return err
			}
			return fail
		})
		if !errors.Is(err, errStory) {
			t.Fatalf("do: %v", err)
		}
	}
	t.add(may, "sale 1", ledger.Delta{Field: "n", N: 1})
	t.hasRow(may, map[string]int64{"n": 1})
	t.add(may, "sale 2", ledger.Delta{Field: "n", N: 1})
	t.hasRow(may, map[string]int64{"n": 2})
}

// onceOfRow: one sale adds to several rows under its own name, and each of them counts it. An empty
// once is none.
func (t *storeTeller) onceOfRow() {
	may, june := key(sums, "may"), key(sums, "june")
	t.do(func(s ledger.Steps) error {
		for _, row := range []ledger.Key{may, june, key(days, "may")} {
			if err := s.Add(row, "sale", ledger.Delta{Field: "n", N: 1}); err != nil {
				return err
			}
		}
		return nil
	})
	t.add(may, "", ledger.Delta{Field: "n", N: 1})
	t.add(may, "", ledger.Delta{Field: "n", N: 1})
	t.hasRow(may, map[string]int64{"n": 3})
	t.hasRow(june, map[string]int64{"n": 1})
	t.hasRow(key(days, "may"), map[string]int64{"n": 1})
}
