package zotlo

import (
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	var b Bucket
	r := Rate{Events: 3, Per: time.Minute}
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	take := func(patience, wait time.Duration, ok bool) {
		t.Helper()
		if gotWait, got := b.Take(r, now, patience); got != ok || gotWait != wait {
			t.Errorf("at %s: %v, %v; want %v, %v", now.Format("04:05"), gotWait, got, wait, ok)
		}
	}
	for range 3 {
		take(0, 0, true)
	}
	for range 100 { // a refusal costs nothing
		take(0, 20*time.Second, false)
		take(19*time.Second, 20*time.Second, false)
	}
	take(20*time.Second, 20*time.Second, true)
	take(time.Hour, 40*time.Second, true)
	b.GiveBack()
	take(0, 40*time.Second, false)
	now = now.Add(40 * time.Second)
	take(0, 0, true)
	take(0, 20*time.Second, false)

	now = now.Add(time.Hour)
	take(0, 0, true)
	b.GiveBack()
	b.GiveBack() // of an hour ago: there are never more than three
	for range 3 {
		take(0, 0, true)
	}
	take(0, 20*time.Second, false)
}

// What is there when a rate changes stays there: a reload makes nobody's limit full again.
func TestBucketAdoptsARate(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		to   Rate
		left int
	}{
		{Rate{Events: 10, Per: time.Minute}, 1},
		{Rate{Events: 2, Per: time.Hour}, 1},
		{Rate{Events: 4, Per: time.Second}, 1},
	} {
		var b Bucket
		for range 3 {
			b.Take(Rate{Events: 4, Per: time.Minute}, now, 0)
		}
		left := 0
		for range 20 {
			if _, ok := b.Take(c.to, now, 0); ok {
				left++
			}
		}
		if left != c.left {
			t.Errorf("%d of 4 are left as %d of %d/%v", c.left, left, c.to.Events, c.to.Per)
		}
	}
	var b Bucket
	for range 20 {
		if wait, ok := b.Take(Rate{Events: -1}, now, 0); !ok || wait != 0 {
			t.Error("no limit limits")
		}
	}
	b.GiveBack() // of no limit
	if _, ok := b.Take(Rate{Events: 1, Per: time.Hour}, now, 0); !ok {
		t.Error("a new limit is not full")
	}
}
