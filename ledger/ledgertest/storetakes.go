package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// takeFails: the caller gets its own error as it is. Of the steps before it, a store takes none, or
// all of them in their order: half of them would be neither.
func (t *storeTeller) takeFails() {
	ada, bob, may := key(people, "ada"), key(people, "bob"), key(sums, "may")
	err := t.store.Do(t.Context(), func(s ledger.Steps) error {
		return errors.Join(
			s.Change(ada, to("a", time.Time{})),
			s.Change(bob, to("b", time.Time{})),
			s.Add(may, "sale", ledger.Delta{Field: "n", N: 1}),
			errStory,
		)
	})
	if !errors.Is(err, errStory) {
		t.Fatalf("do: %v", err)
	}
	err = t.store.Do(t.Context(), func(ledger.Steps) error { return errStory })
	if err != errStory { //nolint:errorlint // as it is
		t.Fatalf("do: %v", err)
	}
	rows, err := t.store.Rows(t.Context(), may)
	if err != nil {
		t.Fatal(err)
	}
	docs := t.read(ada, bob)
	got := fmt.Sprintf("%s%s%d", docs[0].Value, docs[1].Value, rows[0]["n"])
	if got != "0" && got != "ab1" {
		t.Fatalf("a failed take left %q", got)
	}
}

// ownSteps: what a take has changed is what it reads, also when it deletes, and also after an end.
func (t *storeTeller) ownSteps() {
	ada, bob := key(people, "ada"), key(people, "bob")
	t.put(bob, "old")
	t.do(func(s ledger.Steps) error {
		t.sees(s, ada, "")
		if err := s.Change(ada, to("1", time.Time{})); err != nil {
			return err
		}
		t.sees(s, ada, "1")
		if err := s.Change(ada, increment); err != nil {
			return err
		}
		t.sees(s, ada, "2")
		if err := s.Change(bob, to("", time.Time{})); err != nil {
			return err
		}
		t.sees(s, bob, "")
		if err := s.Change(bob, to("over", time.Now().Add(-2*time.Hour))); err != nil {
			return err
		}
		t.sees(s, bob, "")
		return s.Change(ada, increment)
	})
	t.has(ada, "3")
	t.has(bob, "")
}

// sees wants a step to read this.
func (t *storeTeller) sees(s ledger.Steps, k ledger.Key, want string) {
	t.Helper()
	docs, err := s.Read(key(people, "nobody"), k)
	if err != nil || len(docs) != 2 || docs[0].Value != nil || string(docs[1].Value) != want {
		t.Errorf("a step read %q, %v, want %q", docs, err, want)
	}
}

// neighbors: takes at the same time may share a commit. Those that fail get their own error, and
// the others are stored.
func (t *storeTeller) neighbors() {
	t.many(func(ctx context.Context, i, j int) error {
		id := fmt.Sprintf("%d in %d", j, i)
		fails := (i+j)%3 == 0
		own := fmt.Errorf("the error of %s", id)
		err := t.store.Do(ctx, func(s ledger.Steps) error {
			if fails {
				return own
			}
			return s.Change(key(people, id), to(id, time.Time{}))
		})
		if fails && err != own { //nolint:errorlint // as it is
			return fmt.Errorf("%s: got %w", id, err)
		}
		if !fails {
			return err
		}
		return nil
	})
	all := t.docs(people)
	for i := range 32 {
		for j := range 8 {
			id := fmt.Sprintf("%d in %d", j, i)
			if (all[id] == id) != ((i+j)%3 != 0) {
				t.Fatalf("%s is %q", id, all[id])
			}
		}
	}
}

// panics: a bug in one take ends neither the store nor anybody else.
func (t *storeTeller) panics() {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			defer func() {
				if p := recover(); (p == errStory) != (i%2 == 0) { //nolint:errorlint // as it is
					t.Errorf("take %d: panic %v", i, p)
				}
			}()
			err := t.store.Do(t.Context(), func(s ledger.Steps) error {
				if i%2 == 0 {
					panic(errStory)
				}
				return s.Change(key(people, "ada"), increment)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	t.has(key(people, "ada"), "4")
}

// scan: every document of the kind is visited, more of them than a store reads at once.
func (t *storeTeller) scan() {
	want := map[string]string{}
	t.do(func(s ledger.Steps) error {
		for i := range 3000 {
			id := fmt.Sprintf("person %d", i)
			want[id] = "value " + id
			if err := s.Change(key(people, id), to(want[id], time.Time{})); err != nil {
				return err
			}
		}
		return s.Change(key(sales, "sale"), to("other", time.Time{}))
	})
	if got := t.docs(people); !maps.Equal(got, want) {
		t.Fatalf("scanned %d documents, want %d", len(got), len(want))
	}
	if got := t.docs(days); len(got) != 0 {
		t.Fatalf("scanned %v", got)
	}
	visited := 0
	err := t.store.Scan(t.Context(), people, func(string, ledger.Doc) error {
		visited++
		return errStory
	})
	if err != errStory || visited != 1 { //nolint:errorlint // as it is
		t.Fatalf("%v after %d", err, visited)
	}
}

// scanRows: every row is visited whole.
func (t *storeTeller) scanRows() {
	t.do(func(s ledger.Steps) error {
		for i := range 700 {
			err := s.Add(key(sums, fmt.Sprint(i)), "", ledger.Delta{Field: "n", N: int64(i)},
				ledger.Delta{Field: "m", N: 1}, ledger.Delta{Field: "", N: -1})
			if err != nil {
				return err
			}
		}
		return s.Add(key(days, "x"), "", ledger.Delta{Field: "n", N: 1})
	})
	t.add(key(sums, "gone"), "", ledger.Delta{Field: "n", N: 1})
	t.add(key(sums, "gone"), "", ledger.Delta{Field: "n", N: -1})

	got := map[string]map[string]int64{}
	err := t.store.ScanRows(t.Context(), sums, func(id string, row map[string]int64) error {
		got[id] = row
		return nil
	})
	if err != nil || len(got) != 700 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i := range 700 {
		want := map[string]int64{"n": int64(i), "m": 1, "": -1}
		if i == 0 {
			delete(want, "n")
		}
		if row := got[fmt.Sprint(i)]; !maps.Equal(row, want) {
			t.Fatalf("row %d is %v, want %v", i, row, want)
		}
	}
	err = t.store.ScanRows(t.Context(), sums, func(string, map[string]int64) error {
		return errStory
	})
	if err != errStory { //nolint:errorlint // as it is
		t.Fatalf("scan of rows: %v", err)
	}
}

// scanChanges: an export that looks something up, and a purge that deletes what it visits, wait for
// nothing that waits for them.
func (t *storeTeller) scanChanges() {
	t.do(func(s ledger.Steps) error {
		for i := range 300 {
			if err := s.Change(key(people, fmt.Sprint(i)), to("x", time.Time{})); err != nil {
				return err
			}
		}
		return nil
	})
	err := t.store.Scan(t.Context(), people, func(id string, _ ledger.Doc) error {
		t.read(key(people, id))
		t.put(key(people, id), "")
		return nil
	})
	if left := t.docs(people); err != nil || len(left) != 0 {
		t.Fatalf("%d are left, %v", len(left), err)
	}
}
