// Package ledgertest tells the stories that every store of a ledger must live up to. The test of a
// store runs them:
//
//	func TestFacts(t *testing.T) {
//		ledgertest.Facts(t, func(t *testing.T) ledger.Facts { return memorycache.New(…) })
//	}
package ledgertest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// Facts runs the stories of small facts, each with a store of its own from open, which is to close
// it with t.Cleanup. The clock of the store must be time.Now. A store that passes keeps the
// promises of ledger.Facts; how long a fact lives is left to its own test, which knows its clock.
func Facts(t *testing.T, open func(t *testing.T) ledger.Facts) {
	for _, story := range []struct {
		name string
		tell func(*factTeller)
	}{
		{"once is once", (*factTeller).once},
		{"of many at once, one is the first", (*factTeller).onceAtOnce},
		{"asking whether it was seen changes nothing", (*factTeller).seen},
		{"what was remembered is recalled", (*factTeller).remembered},
		{"once and remember do not share keys", (*factTeller).apart},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(&factTeller{T: t, facts: open(t)}) })
	}
}

// factTeller has a verb for everything a story does. The verbs fail the test where the store says
// something else.
type factTeller struct {
	*testing.T
	facts ledger.Facts
}

// first asks Once, and wants this answer.
func (t *factTeller) first(key string, want bool) {
	t.Helper()
	first, err := t.facts.Once(t.Context(), key, time.Hour)
	if err != nil || first != want {
		t.Fatalf("once(%q) = %v, %v, want %v", key, first, err, want)
	}
}

// recall asks Recall, and wants this value, or that there is none.
func (t *factTeller) recall(key, want string, found bool) {
	t.Helper()
	got, ok, err := t.facts.Recall(t.Context(), key)
	if err != nil || ok != found || got != want {
		t.Fatalf("recall(%q) = %q, %v, %v, want %q, %v", key, got, ok, err, want, found)
	}
}

// remember keeps a value for an hour, which is longer than any story.
func (t *factTeller) remember(key, value string) {
	t.Helper()
	if err := t.facts.Remember(t.Context(), key, value, time.Hour); err != nil {
		t.Fatalf("remember: %v", err)
	}
}

// once: the second call of a key is not the first. The empty key is a key as any other.
func (t *factTeller) once() {
	t.first("webhook 1", true)
	t.first("webhook 1", false)
	t.first("webhook 2", true)
	t.first("", true)
	t.first("", false)
}

// onceAtOnce: a payment is counted by the one caller that was first, so two firsts are money
// counted twice.
func (t *factTeller) onceAtOnce() {
	var firsts atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if first, err := t.facts.Once(t.Context(), "webhook", time.Hour); err != nil {
				t.Error(err)
			} else if first {
				firsts.Add(1)
			}
		})
	}
	all.Wait()
	if n := firsts.Load(); n != 1 {
		t.Fatalf("%d were the first", n)
	}
}

// seen: to ask whether a webhook was processed must not mark it as processed.
func (t *factTeller) seen() {
	for _, want := range []bool{false, true} {
		for range 2 {
			if seen, err := t.facts.Seen(t.Context(), "webhook"); err != nil || seen != want {
				t.Fatalf("seen: %v, %v, want %v", seen, err, want)
			}
		}
		t.first("webhook", !want)
	}
	t.remember("fact", "value")
	if seen, err := t.facts.Seen(t.Context(), "fact"); err != nil || seen {
		t.Fatalf("a fact was seen: %v, %v", seen, err)
	}
}

// remembered: the last value wins, and an empty value is not the same as none.
func (t *factTeller) remembered() {
	t.recall("refusal", "", false)
	t.remember("refusal", "400008")
	t.recall("refusal", "400008", true)
	t.remember("refusal", "400009")
	t.recall("refusal", "400009", true)
	t.recall("another", "", false)
	t.remember("empty", "")
	t.recall("empty", "", true)
}

// apart: one key may be a mark and a value, and neither answers for the other.
func (t *factTeller) apart() {
	t.first("key", true)
	t.recall("key", "", false)
	t.remember("key", "value")
	t.first("key", false)
	t.recall("key", "value", true)
}
