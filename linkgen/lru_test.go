package linkgen

import (
	"container/list"
	"math/rand/v2"
	"slices"
	"testing"
)

// inOrder are the keys from the youngest to the oldest.
func (l *lru[K, V]) inOrder() (keys []K) {
	for p := l.at(0).older; p != 0; p = l.at(p).older {
		keys = append(keys, l.at(p).key)
	}
	return keys
}

// What anonymous visitors can make us remember has a bound; the least recently used goes.
func TestLRU(t *testing.T) {
	l := newLRU[int, string](2)
	l.put(1, "a")
	l.put(2, "b")
	l.put(1, "c")
	l.use(3, func(v *string) { *v += "d" })
	if _, found := l.get(2); found {
		t.Error("the least recently used stayed")
	}
	if v, found := l.get(1); !found || v != "c" {
		t.Errorf("found %q, %v", v, found)
	}
	if v, found := l.get(3); !found || v != "d" {
		t.Errorf("found %q, %v", v, found)
	}
	l.delete(1)
	l.delete(1)
	if got := l.inOrder(); !slices.Equal(got, []int{3}) || len(l.places) != 1 {
		t.Errorf("%v in order, %d places", got, len(l.places))
	}
}

// A long random life is that of a plain list, whatever is used, deleted and made again; and places
// are used again, so it takes no more room than its bound.
func TestLRULivesAsAList(t *testing.T) {
	const size = 300 // more than one block
	l, want := newLRU[int, int](size), list.New()
	find := func(k int) *list.Element {
		for e := want.Front(); e != nil; e = e.Next() {
			if e.Value.(int) == k {
				return e
			}
		}
		return nil
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 20_000 {
		k := random.IntN(2 * size)
		known := find(k)
		switch random.IntN(4) {
		case 0:
			l.delete(k)
			if known != nil {
				want.Remove(known)
			}
		case 1:
			if v, found := l.get(k); found != (known != nil) || found && v != k {
				t.Fatalf("step %d: found %d, %v for %d", i, v, found, k)
			}
			if known != nil {
				want.MoveToFront(known)
			}
		default:
			l.put(k, k)
			if known != nil {
				want.MoveToFront(known)
				continue
			}
			want.PushFront(k)
			if want.Len() > size {
				want.Remove(want.Back())
			}
		}
	}
	keys := make([]int, 0, want.Len())
	for e := want.Front(); e != nil; e = e.Next() {
		keys = append(keys, e.Value.(int))
	}
	if got := l.inOrder(); !slices.Equal(got, keys) {
		t.Errorf("%d keys in another order than the %d of a list", len(got), len(keys))
	}
	if l.used > size+1 {
		t.Errorf("%d places for %d entries", l.used, size)
	}
}
