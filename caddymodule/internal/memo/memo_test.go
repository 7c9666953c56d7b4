package memo

import (
	"sync"
	"testing"
)

type question struct {
	user string
	n    int
}

// Questions that come again and again keep their places, as long as they are a third of what the
// table holds.
func TestLiveAnswersStay(t *testing.T) {
	table := New[question, int]()
	const live = slots / 3
	for n := range live {
		table.Put(question{"ann", n}, n)
	}
	lost := 0
	for n := range live {
		if _, ok := table.Get(question{"ann", n}); !ok {
			lost++
		}
	}
	if lost > live/200 {
		t.Errorf("%d of %d live answers were lost", lost, live)
	}
}

// TestCollisionForgetsAndNeverConfuses asks for more than the table holds: each answer is the
// question's own or none, and a question that was just answered is known.
func TestCollisionForgetsAndNeverConfuses(t *testing.T) {
	table := New[question, int]()
	const asked = 4 * slots
	for n := range asked {
		table.Put(question{"ann", n}, n)
		if got, ok := table.Get(question{"ann", n}); !ok || got != n {
			t.Fatalf("question %d has just been answered: %d, %t", n, got, ok)
		}
	}
	known := 0
	for n := range asked {
		got, ok := table.Get(question{"ann", n})
		if ok && got != n {
			t.Fatalf("question %d has the answer of %d", n, got)
		}
		if ok {
			known++
		}
		if got, ok := table.Get(question{"bob", n}); ok {
			t.Fatalf("a question that was never answered has the answer %d", got)
		}
	}
	if known > slots || known < slots/2 {
		t.Errorf("%d answers are known, the table holds %d", known, slots)
	}
}

func TestLaterAnswerStands(t *testing.T) {
	table := New[string, int]()
	table.Put("a", 1)
	table.Put("a", 2)
	if got, ok := table.Get("a"); !ok || got != 2 {
		t.Errorf("%d, %t", got, ok)
	}
}

// TestEverybodyAtOnce is for the race detector: callers that write and read the same few slots.
func TestEverybodyAtOnce(t *testing.T) {
	table := New[int, int]()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := range 1000 {
				table.Put(n%10, n%10)
				if got, ok := table.Get(n % 10); ok && got != n%10 {
					t.Errorf("question %d has the answer %d", n%10, got)
				}
			}
		})
	}
	all.Wait()
}

// A set knows what was added last, forgets the rest when it is full, and knows nothing else.
func TestSetKnowsWhatWasAdded(t *testing.T) {
	set := NewSet[question]()
	const live = slots / 3
	for n := range live {
		if set.Add(question{"ann", n}) {
			t.Fatalf("question %d is known before it was added", n)
		}
	}
	lost := 0
	for n := range live {
		if !set.Add(question{"ann", n}) {
			lost++
		}
	}
	if lost > live/200 {
		t.Errorf("%d of %d were forgotten", lost, live)
	}
	for n := range 4 * slots {
		if set.Add(question{"bob", n}) {
			t.Fatalf("question %d of another is known", n)
		}
		if !set.Add(question{"bob", n}) {
			t.Fatalf("question %d was added a moment ago", n)
		}
	}
}
