package refusals

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	start   = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	expired = Kind{"expired", "default"}
)

// TestOneLineAMinuteStandsForAll tells the story of one kind.
func TestOneLineAMinuteStandsForAll(t *testing.T) {
	var tally Tally
	for _, step := range []struct {
		at   time.Duration
		want int
	}{
		{0, 1}, // the first is told at once
		{time.Second, 0},
		{59_999_999_999, 0}, // then there is a minute's silence
		{time.Minute, 3},    // which the next one tells of
		{time.Minute + time.Second, 0},
		{48 * time.Hour, 2}, // however late that is
		{49 * time.Hour, 1},
	} {
		if got := tally.Add(expired, start.Add(step.at)); got != step.want {
			t.Errorf("after %v: due %d, want %d", step.at, got, step.want)
		}
	}
}

func TestKindsAreToldApart(t *testing.T) {
	var tally Tally
	for _, kind := range []Kind{expired, {"issuer", "default"}, {"expired", "staff"}} {
		if got := tally.Add(kind, start); got != 1 {
			t.Errorf("%v: due %d", kind, got)
		}
		if got := tally.Add(kind, start); got != 0 {
			t.Errorf("%v again: due %d", kind, got)
		}
	}
}

// TestNoRefusalIsLostOrToldTwice: the lines stand for exactly what happened.
func TestNoRefusalIsLostOrToldTwice(t *testing.T) {
	var tally Tally
	var told atomic.Int64
	var all sync.WaitGroup
	const each, many = 1000, 16
	for range many {
		all.Go(func() {
			for i := range each {
				told.Add(int64(tally.Add(expired, start.Add(time.Duration(i)*time.Second))))
			}
		})
	}
	all.Wait()
	told.Add(int64(tally.Add(expired, start.Add(time.Hour)))) // tells of the last minute
	if got := told.Load(); got != each*many+1 {
		t.Errorf("%d refusals were told, %d happened", got, each*many+1)
	}
}
