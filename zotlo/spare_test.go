package zotlo

import (
	"testing"
	"time"
)

// A call that nobody waits for leaves what it is told to, to the token; a refusal costs nothing, and
// others still get all that was left.
func TestBucketLeaves(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ events, leave, want int }{
		{10, 5, 5}, {5, 3, 2}, {5, 2, 3}, {1, 1, 0}, {1, 0, 1}, {3, 4, 0},
	} {
		var b Bucket
		r := Rate{Events: c.events, Per: time.Minute}
		spare, rest := 0, 0
		for range 20 {
			if wait, ok := b.Take(r, now, r.Leaving(c.leave)); ok {
				spare++
			} else if wait < 0 {
				t.Errorf("%+v: a wait of %v", c, wait)
			}
		}
		for range 20 {
			if _, ok := b.Take(r, now, 0); ok {
				rest++
			}
		}
		if spare != c.want || spare+rest != c.events {
			t.Errorf("%+v: %d and then %d tokens", c, spare, rest)
		}
	}
	var b Bucket
	for range 20 {
		if _, ok := b.Take(Rate{}, now, Rate{}.Leaving(3)); !ok {
			t.Fatal("no limit limits")
		}
	}
}
