package memo

import (
	"sync"
	"testing"
)

type question struct {
	user string
	n    int
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
