package memorycache_test

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestSmallFacts(t *testing.T) {
	s := newShelf(t, 100)
	ctx := t.Context()
	first := func(key string) bool {
		t.Helper()
		is, err := s.Once(ctx, key, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	if !first("a") || first("a") || !first("b") {
		t.Error("Once is not once")
	}
	s.pass(time.Hour)
	if seen, err := s.Seen(ctx, "a"); seen || err != nil {
		t.Errorf("seen after its time: %v, %v", seen, err)
	}
	if !first("a") {
		t.Error("it is remembered for too long")
	}

	if v, found, _ := s.Recall(ctx, "a"); found {
		t.Errorf("recalled %q, which was never remembered", v)
	}
	s.Remember(ctx, "paid", "pro", time.Hour)
	s.Remember(ctx, "paid", "plus", time.Hour)
	if v, found, err := s.Recall(ctx, "paid"); v != "plus" || !found || err != nil {
		t.Errorf("recalled %q, %v, %v", v, found, err)
	}
	s.pass(time.Hour)
	if _, found, _ := s.Recall(ctx, "paid"); found {
		t.Error("it is remembered for too long")
	}
}

func TestOnceIsOnceForMany(t *testing.T) {
	s := newShelf(t, 100)
	var wg sync.WaitGroup
	firsts := make(chan bool, 100)
	for range 100 {
		wg.Go(func() {
			if first, _ := s.Once(t.Context(), "webhook", time.Hour); first {
				firsts <- true
			}
		})
	}
	wg.Wait()
	if len(firsts) != 1 {
		t.Errorf("%d were the first", len(firsts))
	}
}

// A full store makes room by giving an old entry up. That must not be the one that is asked for.
func TestOnceIsOnceInAFullStore(t *testing.T) {
	const full = 100_000 // facts, whatever the bound of links
	s := newShelf(t, 1000)
	for i := range full {
		s.Once(t.Context(), fmt.Sprint("webhook ", i), time.Hour)
	}
	for i := full; i < full+1000; i++ {
		key := fmt.Sprint("webhook ", i)
		first, _ := s.Once(t.Context(), key, time.Hour)
		again, _ := s.Once(t.Context(), key, time.Hour)
		if !first || again {
			t.Fatalf("%s is the first: %v, and again: %v", key, first, again)
		}
	}
}

// Remembering one thing over and over takes no more room than once.
func TestSameFactAgain(t *testing.T) {
	s := newShelf(t, 2)
	for i := range 10_000 {
		s.Remember(t.Context(), "a", fmt.Sprint(i), time.Hour)
		s.Once(t.Context(), "x", time.Hour)
	}
	if v, found, _ := s.Recall(t.Context(), "a"); !found || v != "9999" {
		t.Errorf("recalled %q, %v", v, found)
	}
}
