package linkgen

import "testing"

// What anonymous visitors can make us remember has a bound; the least recently used goes.
func TestLRU(t *testing.T) {
	l := newLRU[int, string](2)
	l.put(1, "a")
	l.put(2, "b")
	l.put(1, "c")
	l.getOrMake(3, func() string { return "d" })
	if _, found := l.get(2); found {
		t.Error("the least recently used stayed")
	}
	if v, found := l.get(1); !found || v != "c" {
		t.Errorf("found %q, %v", v, found)
	}
	l.delete(1)
	l.delete(1)
	if l.order.Len() != 1 || len(l.items) != 1 {
		t.Errorf("%d in order, %d items", l.order.Len(), len(l.items))
	}
}
