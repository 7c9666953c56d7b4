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
// it with t.Cleanup. The clock of the store must be time.Now.
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

// factTeller has a verb for everything a story does.
type factTeller struct {
	*testing.T
	facts ledger.Facts
}

func (t *factTeller) first(key string, want bool) {
	t.Helper()
	first, err := t.facts.Once(t.Context(), key, time.Hour)
	if err != nil || first != want {
		t.Fatalf("once(%q) = %v, %v, want %v", key, first, err, want)
	}
}

func (t *factTeller) recall(key, want string, found bool) {
	t.Helper()
	got, ok, err := t.facts.Recall(t.Context(), key)
	if err != nil || ok != found || got != want {
		t.Fatalf("recall(%q) = %q, %v, %v, want %q, %v", key, got, ok, err, want, found)
	}
}

func (t *factTeller) remember(key, value string) {
	t.Helper()
	if err := t.facts.Remember(t.Context(), key, value, time.Hour); err != nil {
		t.Fatalf("remember: %v", err)
	}
}

func (t *factTeller) once() {
	t.first("webhook 1", true)
	t.first("webhook 1", false)
	t.first("webhook 2", true)
	t.first("", true)
	t.first("", false)
}

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

func (t *factTeller) apart() {
	t.first("key", true)
	t.recall("key", "", false)
	t.remember("key", "value")
	t.first("key", false)
	t.recall("key", "value", true)
}
