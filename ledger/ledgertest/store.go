package ledgertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// Stores runs the stories that every ledger.Store lives up to, each with an empty store from open,
// which is to close it with t.Cleanup. A store that a story has closed is closed twice, so a second
// Close does no harm. The clock of the store must be time.Now.
//
//	func TestStores(t *testing.T) {
//		ledgertest.Stores(t, func(t *testing.T) ledger.Store { return filestore.Open(…) })
//	}
func Stores(t *testing.T, open func(t *testing.T) ledger.Store) {
	for _, story := range []struct {
		name string
		tell func(*storeTeller)
	}{
		{"a document is read, changed and deleted", (*storeTeller).documents},
		{"what was read is the reader's", (*storeTeller).copies},
		{"ids are any bytes, and kinds do not mix", (*storeTeller).ids},
		{"a document whose time is over is not there", (*storeTeller).until},
		{"a change that fails writes nothing", (*storeTeller).changeFails},
		{"many that change one document lose nothing", (*storeTeller).manyChange},
		{"a value may be big, and not bigger", (*storeTeller).big},
		{"rows add up, and zeros vanish", (*storeTeller).rows},
		{"many that add to one row lose nothing", (*storeTeller).manyAdd},
		{"a number that would overflow is an error", (*storeTeller).overflow},
		{"what was half done is not added twice", (*storeTeller).once},
		{"once is of its row", (*storeTeller).onceOfRow},
		{"a take that fails says so, and is whole or nothing", (*storeTeller).takeFails},
		{"a take sees its own steps", (*storeTeller).ownSteps},
		{"a failing take harms no other", (*storeTeller).neighbors},
		{"a panic of a take reaches its caller alone", (*storeTeller).panics},
		{"a scan sees all, and stops where it is told", (*storeTeller).scan},
		{"a scan of rows sees all", (*storeTeller).scanRows},
		{"a scan may read and change", (*storeTeller).scanChanges},
		{"a closed store answers with errors", (*storeTeller).closed},
		{"a context that is over ends everything", (*storeTeller).canceled},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(&storeTeller{T: t, store: open(t)}) })
	}
}

// The kinds of the stories. Documents and rows never share one.
const (
	people ledger.Kind = 0xf0 + iota
	sales
	sums
	days
)

var errStory = errors.New("an error of the story")

// storeTeller has a verb for everything a story does. The verbs fail the test where the store says
// something else.
type storeTeller struct {
	*testing.T
	store ledger.Store
}

func key(kind ledger.Kind, id string) ledger.Key { return ledger.Key{Kind: kind, ID: id} }

// do takes steps that must succeed.
func (t *storeTeller) do(take func(ledger.Steps) error) {
	t.Helper()
	if err := t.store.Do(t.Context(), take); err != nil {
		t.Fatalf("do: %v", err)
	}
}

// put writes a document without an end. An empty value deletes it.
func (t *storeTeller) put(k ledger.Key, value string) {
	t.Helper()
	t.putUntil(k, value, time.Time{})
}

func (t *storeTeller) putUntil(k ledger.Key, value string, until time.Time) {
	t.Helper()
	t.do(func(s ledger.Steps) error { return s.Change(k, to(value, until)) })
}

// to is a change to a value, whatever was there.
func to(value string, until time.Time) func(ledger.Doc) (ledger.Doc, error) {
	return func(ledger.Doc) (ledger.Doc, error) {
		return ledger.Doc{Value: []byte(value), Until: until}, nil
	}
}

// add adds to a row, in steps of its own.
func (t *storeTeller) add(k ledger.Key, once string, deltas ...ledger.Delta) {
	t.Helper()
	t.do(func(s ledger.Steps) error { return s.Add(k, once, deltas...) })
}

// read reads documents, of which there must be as many as keys.
func (t *storeTeller) read(keys ...ledger.Key) []ledger.Doc {
	t.Helper()
	docs, err := t.store.Read(t.Context(), keys...)
	if err != nil || len(docs) != len(keys) {
		t.Fatalf("read %d keys: %d documents, %v", len(keys), len(docs), err)
	}
	return docs
}

// has wants a document with this value; an empty one is a document that is not there, which must be
// the zero Doc.
func (t *storeTeller) has(k ledger.Key, value string) {
	t.Helper()
	doc := t.read(k)[0]
	if string(doc.Value) != value || value == "" && (doc.Value != nil || !doc.Until.IsZero()) {
		t.Fatalf("%v is %q until %v, want %q", k, doc.Value, doc.Until, value)
	}
}

// hasRow wants a row to be exactly this.
func (t *storeTeller) hasRow(k ledger.Key, want map[string]int64) {
	t.Helper()
	rows, err := t.store.Rows(t.Context(), k)
	if err != nil || len(rows) != 1 || !maps.Equal(rows[0], want) {
		t.Fatalf("%v is %v, %v, want %v", k, rows, err, want)
	}
}

// docs scans a kind: id to value.
func (t *storeTeller) docs(kind ledger.Kind) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := t.store.Scan(t.Context(), kind, func(id string, doc ledger.Doc) error {
		all[id] = string(doc.Value)
		return nil
	})
	if err != nil {
		t.Fatalf("scan: %v", err)
	}
	return all
}

// documents: the life of one document, beside others that stay as they are.
func (t *storeTeller) documents() {
	ada, bob := key(people, "ada"), key(people, "bob")
	t.has(ada, "")
	t.put(ada, "first")
	t.put(bob, "other")
	t.do(func(s ledger.Steps) error {
		return s.Change(ada, func(old ledger.Doc) (ledger.Doc, error) {
			old.Value = append(old.Value, " and second"...)
			return old, nil
		})
	})
	docs := t.read(bob, key(people, "nobody"), ada, ada)
	values := make([]string, 0, len(docs))
	for _, doc := range docs {
		values = append(values, string(doc.Value))
	}
	want := []string{"other", "", "first and second", "first and second"}
	if !slices.Equal(values, want) {
		t.Fatalf("read %q, want %q", values, want)
	}

	t.put(ada, "")
	t.put(ada, "") // what is not there is deleted as well
	t.has(ada, "")
	t.has(bob, "other")
	t.put(ada, "again")
	t.has(ada, "again")
	if docs := t.read(); len(docs) != 0 {
		t.Fatalf("no keys: %v", docs)
	}
}

// copies: a reader that writes into what it read changes nothing in the store, nor does a writer
// that uses its buffer again.
func (t *storeTeller) copies() {
	ada := key(people, "ada")
	value := []byte("value")
	t.do(func(s ledger.Steps) error {
		return s.Change(ada, func(ledger.Doc) (ledger.Doc, error) {
			return ledger.Doc{Value: value}, nil
		})
	})
	copy(value, "VALUE")
	doc := t.read(ada)[0]
	copy(doc.Value, "other")
	t.has(ada, "value")

	err := t.store.Do(t.Context(), func(s ledger.Steps) error {
		return s.Change(ada, func(old ledger.Doc) (ledger.Doc, error) {
			copy(old.Value, "other")
			return old, errStory
		})
	})
	if !errors.Is(err, errStory) {
		t.Fatalf("do: %v", err)
	}
	t.has(ada, "value")
}

// ids: no id is mistaken for another one. Among them are those that a file or a server may treat in
// its own way: the empty one, prefixes, separators, hash tags, zeros.
func (t *storeTeller) ids() {
	all := append(make([]string, 0, 300),
		"", "\x00", "\x00\x00", "\x01", "a", "ab", "a\x00", "a\x00b", "\n", "\r\n",
		"\xff", "\xff\xff", "{", "}", "{}", "{a}", "{a}b", ":", "a:b", "*", "?", "[a]", "é",
		strings.Repeat("\x00", 300),
	)
	for i := range 256 {
		all = append(all, string([]byte{byte(i), 'x'}))
	}
	for _, id := range all {
		t.put(key(people, id), "person "+id)
		t.put(key(sales, id), "sale "+id)
		t.add(key(sums, id), "", ledger.Delta{Field: id, N: 1}, ledger.Delta{Field: "n", N: 2})
	}
	t.put(key(sales, "a"), "")
	for _, id := range all {
		t.has(key(people, id), "person "+id)
		t.hasRow(key(sums, id), map[string]int64{id: 1, "n": 2})
	}
	seen := t.docs(people)
	for _, id := range all {
		if seen[id] != "person "+id {
			t.Fatalf("scanned %q under %q", seen[id], id)
		}
	}
	if len(seen) != len(all) || len(t.docs(sales)) != len(all)-1 {
		t.Fatalf("scanned %d of %d, and %d", len(seen), len(all), len(t.docs(sales)))
	}
}

// over is a context that has ended.
func (t *storeTeller) over() context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
