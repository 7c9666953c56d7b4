package memo

import "testing"

type question struct {
	user string
	n    int
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
