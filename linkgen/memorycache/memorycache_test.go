package memorycache_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

// shelf is a memory cache whose clock the test moves.
type shelf struct {
	*memorycache.Cache
	t   testing.TB
	mu  sync.Mutex
	now time.Time
}

func newShelf(t testing.TB, maxLinks int) *shelf {
	s := &shelf{t: t, now: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)}
	s.Cache = memorycache.New(memorycache.Config{MaxLinks: maxLinks, Now: s.clock})
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *shelf) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// keyOf is the key of a subscriber's n-th order, spread as real ones are.
func keyOf(subscriber, n int) (k linkgen.Key) {
	r := rand.New(rand.NewPCG(uint64(subscriber), 1))
	binary.LittleEndian.PutUint64(k.Subscriber[:], r.Uint64())
	binary.LittleEndian.PutUint64(k.Subscriber[8:], uint64(subscriber))
	copy(k.Order[:], k.Subscriber[:])
	binary.LittleEndian.PutUint64(k.Order[16:], uint64(n))
	return k
}

func (s *shelf) epoch(k linkgen.Key) linkgen.Epoch {
	found, err := s.Get(context.Background(), k)
	if err != nil {
		s.t.Fatal(err)
	}
	return found.Epoch
}

func (s *shelf) keep(k linkgen.Key, url string, life time.Duration) {
	s.keepAs(k, s.epoch(k), url, life)
}

func (s *shelf) keepAs(k linkgen.Key, g linkgen.Epoch, url string, life time.Duration) {
	now := s.clock()
	if err := s.Set(context.Background(), k, g, linkgen.Entry{URL: url, Made: now, Until: now.Add(life)}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) has(k linkgen.Key, url string) {
	s.t.Helper()
	found, err := s.Get(context.Background(), k)
	if err != nil || !found.Found || found.Entry.URL != url {
		s.t.Fatalf("found %v %q, %v; want %q", found.Found, found.Entry.URL, err, url)
	}
}

func (s *shelf) misses(k linkgen.Key) {
	s.t.Helper()
	if found, err := s.Get(context.Background(), k); err != nil || found.Found {
		s.t.Fatalf("found %q, %v; want nothing", found.Entry.URL, err)
	}
}

func TestMemoryKeepsUntil(t *testing.T) {
	s := newShelf(t, 10)
	k := keyOf(1, 1)
	s.misses(k)
	s.keep(k, "https://a/", time.Minute)
	s.pass(time.Minute - 1)
	s.has(k, "https://a/")
	found, _ := s.Get(t.Context(), k)
	if want := s.clock(); !found.Entry.Until.Equal(want.Add(1)) || !found.Entry.Made.Equal(want.Add(1-time.Minute)) {
		t.Errorf("made %v, until %v", found.Entry.Made, found.Entry.Until)
	}
	s.pass(1)
	s.misses(k)
	s.keep(k, "https://b/", time.Minute)
	s.keep(k, "https://c/", time.Minute)
	s.has(k, "https://c/")
	s.misses(keyOf(1, 2))
	if s.Len() != 1 {
		t.Errorf("%d links", s.Len())
	}
}

func TestMemoryForgets(t *testing.T) {
	s := newShelf(t, 100)
	ada, bob := keyOf(1, 1), keyOf(2, 1)
	s.keep(ada, "https://a/1", time.Hour)
	s.keep(keyOf(1, 2), "https://a/2", time.Hour)
	s.keep(bob, "https://b/", time.Hour)
	before := s.epoch(ada)
	s.Forget(t.Context(), ada.Subscriber)
	s.misses(ada)
	s.misses(keyOf(1, 2))
	s.has(bob, "https://b/")
	if s.epoch(ada) == before {
		t.Error("their epoch is the old one")
	}
	s.keepAs(ada, before, "https://a/late", time.Hour) // made before, kept after
	s.misses(ada)
	s.keep(ada, "https://a/3", time.Hour)
	s.has(ada, "https://a/3")
	s.keepAs(bob, "", "https://b/unknown", time.Hour)
	s.keepAs(bob, "no epoch of this cache", "https://b/unknown", time.Hour)
	s.has(bob, "https://b/")
}

// However many are forgotten, and whenever: a link from before is never given out again.
func TestForgottenStaysForgotten(t *testing.T) {
	s := newShelf(t, 100_000)
	ada := keyOf(1, 1)
	old := s.epoch(ada)
	s.keep(ada, "https://a/", 55*time.Minute)
	s.Forget(t.Context(), ada.Subscriber)
	for i := range 400_000 { // far more than all parts together remember
		s.Forget(t.Context(), keyOf(10+i, 1).Subscriber)
		if i%10_000 == 0 {
			s.misses(ada)
			s.keepAs(ada, old, "https://a/", 55*time.Minute)
			s.misses(ada)
		}
	}
	s.keep(ada, "https://a/new", 55*time.Minute)
	s.has(ada, "https://a/new")
}

func TestForgottenLongAgoTakesNoRoom(t *testing.T) {
	s := newShelf(t, 100_000)
	ada := keyOf(1, 1)
	for i := range 100_000 { // not quite what the parts hold
		s.Forget(t.Context(), keyOf(10+i, 1).Subscriber)
	}
	s.pass(66 * time.Minute)
	s.keep(ada, "https://a/", 55*time.Minute)
	for i := range 100_000 {
		s.Forget(t.Context(), keyOf(200_000+i, 1).Subscriber)
	}
	s.has(ada, "https://a/") // nothing had to be given up for them
}

func TestMemoryIsBounded(t *testing.T) {
	for _, most := range []int{1, 10, 5000} {
		s := newShelf(t, most)
		for i := range 3 * most {
			s.keep(keyOf(i, 1), "https://a/", time.Hour)
			if s.Len() > most {
				t.Fatalf("%d links, want %d at most", s.Len(), most)
			}
		}
		if s.Len() != most {
			t.Errorf("%d links after many, want %d", s.Len(), most)
		}
		s.has(keyOf(3*most-1, 1), "https://a/") // the newest stays
	}
}

func TestFullShardGivesUpItsOldest(t *testing.T) {
	s := newShelf(t, 3)
	for n := range 3 {
		s.keep(keyOf(1, n), "https://a/", time.Hour)
	}
	s.keep(keyOf(1, 0), "https://a/again", time.Hour) // now the youngest
	s.keep(keyOf(1, 3), "https://a/", time.Hour)
	s.misses(keyOf(1, 1))
	s.has(keyOf(1, 0), "https://a/again")
	s.has(keyOf(1, 2), "https://a/")
}

func TestBoundMayChange(t *testing.T) {
	s := newShelf(t, 1000)
	for i := range 1000 {
		s.keep(keyOf(i, 1), "https://a/", time.Hour)
	}
	s.SetMaxLinks(10)
	if s.Len() != 10 {
		t.Errorf("%d links", s.Len())
	}
	s.SetMaxLinks(0)
	for i := range 1000 {
		s.keep(keyOf(i, 2), "https://a/", time.Hour)
	}
	if s.Len() != 1010 {
		t.Errorf("%d links", s.Len())
	}
}

func TestBoundHoldsUnderConcurrency(t *testing.T) {
	const most = 200
	s := newShelf(t, most)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 5000 {
				k := keyOf(i%700, w)
				s.keep(k, "https://a/", time.Hour)
				if n := s.Len(); n > most {
					t.Errorf("%d links", n)
				}
				if i%50 == 0 {
					s.Forget(t.Context(), k.Subscriber)
				}
				if i%500 == 0 {
					s.SetMaxLinks(most - w)
				}
			}
		})
	}
	wg.Wait()
}

func TestSweepRemovesTheExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memorycache.New(memorycache.Config{})
		defer m.Close()
		ctx := t.Context()
		for i := range 2000 {
			k := keyOf(i, 1)
			found, _ := m.Get(ctx, k)
			life := time.Minute
			if i%4 == 0 {
				life = 50 * time.Minute
			}
			m.Set(ctx, k, found.Epoch, linkgen.Entry{URL: "https://a/", Made: time.Now(), Until: time.Now().Add(life)})
		}
		time.Sleep(3 * time.Minute)
		if m.Len() != 500 {
			t.Errorf("%d links after the sweep, want those that live", m.Len())
		}
		time.Sleep(time.Hour)
		if m.Len() != 0 {
			t.Errorf("%d links left", m.Len())
		}
	})
}

// A link that is made anew over and over takes no more room than one.
func TestSameLinkAgain(t *testing.T) {
	s := newShelf(t, 2)
	k := keyOf(1, 1)
	for i := range 10_000 {
		s.keep(k, fmt.Sprint("https://a/", i), time.Hour)
	}
	s.has(k, "https://a/9999")
	if s.Len() != 1 {
		t.Errorf("%d links", s.Len())
	}
}

func TestClosedMemory(t *testing.T) {
	s := newShelf(t, 10)
	k := keyOf(1, 1)
	g := s.epoch(k)
	s.keep(k, "https://a/", time.Hour)
	s.Close()
	s.Close()
	s.misses(k)
	s.keepAs(k, g, "https://a/", time.Hour)
	if err := s.Forget(t.Context(), k.Subscriber); err != nil {
		t.Error(err)
	}
	if s.Len() != 0 {
		t.Errorf("%d links", s.Len())
	}
}

var link150 = "https://pay.example.com/" + strings.Repeat("a", 150-len("https://pay.example.com/"))
