package hashwatch

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// lack lets users without the attribute pass, and says how often that was worth a warning.
func (w *Watch) lack(from, to int) (warnings int) {
	for i := from; i <= to; i++ {
		if w.Lacks(strconv.Itoa(i)) {
			warnings++
		}
	}
	return warnings
}

func TestTwentyUsersWithoutTheAttributeAreOneWarning(t *testing.T) {
	var w Watch
	if got := w.lack(1, Users-1); got != 0 || w.Over() {
		t.Fatalf("%d warnings after %d users, over: %t", got, Users-1, w.Over())
	}
	if got := w.lack(1, Users-1); got != 0 {
		t.Fatal("users who came back were counted again")
	}
	if !w.Lacks("the last one") || !w.Over() {
		t.Error("no warning at the last user")
	}
	if got := w.lack(1, 100); got != 0 {
		t.Errorf("%d more warnings", got)
	}
}

func TestOneUserWithTheAttributeEndsTheWatch(t *testing.T) {
	var w Watch
	w.lack(1, Users-1)
	w.Has()
	if got := w.lack(Users, 100); got != 0 || !w.Over() {
		t.Errorf("%d warnings, over: %t", got, w.Over())
	}
}

func TestAThousandUsersAtOnceAreOneWarning(t *testing.T) {
	var w Watch
	var warnings atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { warnings.Add(int64(w.lack(i*50, i*50+49))) })
	}
	all.Wait()
	if warnings.Load() != 1 {
		t.Errorf("%d warnings", warnings.Load())
	}
}
