// Package cachetest tells the stories that every linkgen.Cache must live up to. The test of a cache
// runs them:
//
//	func TestStories(t *testing.T) {
//		cachetest.Run(t, func(t *testing.T) linkgen.Cache { return memorycache.New(memorycache.Config{}) })
//	}
package cachetest

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

// Run runs every story, each with a cache of its own from open, which is to close it with
// t.Cleanup. The clock of the cache must be time.Now.
func Run(t *testing.T, open func(t *testing.T) linkgen.Cache) {
	for _, story := range []struct {
		name string
		tell func(*teller)
	}{
		{"a link that was kept is given out", (*teller).kept},
		{"nobody gets the link of another order or subscriber", (*teller).notConfused},
		{"a new link takes the place of the old", (*teller).replaced},
		{"an old link is not given out", (*teller).old},
		{"forgetting a subscriber kills all their links and no others", (*teller).forgotten},
		{"a link that was being made is dead when its subscriber was forgotten", (*teller).forgottenWhileMade},
		{"forgetting twice, and somebody unknown, is no harm", (*teller).forgottenTwice},
		{"after forgetting, no reader sees what was made before, whatever the timing", (*teller).race},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(&teller{T: t, cache: open(t)}) })
	}
}

// teller has a verb for everything a story does.
type teller struct {
	*testing.T
	cache linkgen.Cache
}

// Key is a key for a subscriber and an order, by name.
func Key(subscriber, order string) linkgen.Key {
	sum := sha256.Sum256([]byte(subscriber))
	return linkgen.Key{Subscriber: linkgen.SubscriberHash(sum[:16]), Order: sha256.Sum256([]byte(order))}
}

// Entry is a link made now.
func Entry(url string) linkgen.Entry {
	now := time.Now()
	return linkgen.Entry{URL: url, Made: now, Until: now.Add(5 * time.Minute)}
}

// get looks a link up, and fails the story on an error: a cache that works returns none.
func (t *teller) get(k linkgen.Key) linkgen.Lookup {
	t.Helper()
	l, err := t.cache.Get(t.Context(), k)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	return l
}

// miss looks a link up that must not be there, and returns the epoch for the link to come.
func (t *teller) miss(k linkgen.Key) linkgen.Epoch {
	t.Helper()
	l := t.get(k)
	if l.Found {
		t.Fatalf("found %q, want nothing", l.Entry.URL)
	}
	return l.Epoch
}

// hit looks a link up that must be there, with this URL.
func (t *teller) hit(k linkgen.Key, url string) {
	t.Helper()
	if l := t.get(k); !l.Found || l.Entry.URL != url {
		t.Fatalf("found %v %q, want %q", l.Found, l.Entry.URL, url)
	}
}

// set stores a link under an epoch that an earlier look returned.
func (t *teller) set(k linkgen.Key, g linkgen.Epoch, e linkgen.Entry) {
	t.Helper()
	if err := t.cache.Set(t.Context(), k, g, e); err != nil {
		t.Fatalf("set: %v", err)
	}
}

// keep does what a generator does: look, make, keep.
func (t *teller) keep(k linkgen.Key, url string) {
	t.Helper()
	t.set(k, t.get(k).Epoch, Entry(url))
}

// forget forgets everything of the key's subscriber, as a payment does.
func (t *teller) forget(k linkgen.Key) {
	t.Helper()
	if err := t.cache.Forget(t.Context(), k.Subscriber); err != nil {
		t.Fatalf("forget: %v", err)
	}
}

// kept: a link that was stored is found again.
func (t *teller) kept() {
	k := Key("ada", "pro")
	e := Entry("https://pay.example.com/" + strings.Repeat("é", 500) + "?a=b&c=%00")
	t.set(k, t.miss(k), e)
	l := t.get(k)
	if !l.Found || l.Entry.URL != e.URL || !l.Entry.Made.Equal(e.Made) || !l.Entry.Until.Equal(e.Until) {
		t.Fatalf("kept %+v, found %+v", e, l)
	}
}

// notConfused: neither another subscriber nor another order finds it.
func (t *teller) notConfused() {
	keys := []linkgen.Key{Key("ada", "pro"), Key("ada", "basic"), Key("bob", "pro"), Key("bob", "basic")}
	for i, k := range keys {
		t.miss(k)
		t.keep(k, fmt.Sprint("https://pay.example.com/", i))
	}
	for i, k := range keys {
		t.hit(k, fmt.Sprint("https://pay.example.com/", i))
	}
	t.miss(linkgen.Key{})
}

// replaced: the link that was stored last is the one that is found.
func (t *teller) replaced() {
	k := Key("ada", "pro")
	t.keep(k, "https://pay.example.com/1")
	t.keep(k, "https://pay.example.com/2")
	t.hit(k, "https://pay.example.com/2")
}

// old: a link is not found after its Until.
func (t *teller) old() {
	k, now := Key("ada", "pro"), time.Now()
	t.set(k, t.miss(k), linkgen.Entry{URL: "https://pay.example.com/", Made: now.Add(-time.Hour), Until: now.Add(-time.Second)})
	t.miss(k)
}

// forgotten: a Forget kills all links of its subscriber, and nobody else's.
func (t *teller) forgotten() {
	pro, basic, bob := Key("ada", "pro"), Key("ada", "basic"), Key("bob", "pro")
	for _, k := range []linkgen.Key{pro, basic, bob} {
		t.keep(k, "https://pay.example.com/1")
	}
	t.forget(pro)
	t.miss(pro)
	t.miss(basic)
	t.hit(bob, "https://pay.example.com/1")
	t.keep(pro, "https://pay.example.com/2")
	t.hit(pro, "https://pay.example.com/2")
	t.miss(basic)
}

// forgottenWhileMade: a link that was begun before a Forget and stored after it is dead.
func (t *teller) forgottenWhileMade() {
	k := Key("ada", "pro")
	g := t.miss(k)
	t.forget(k)
	t.set(k, g, Entry("https://pay.example.com/paid"))
	t.miss(k)
	t.keep(k, "https://pay.example.com/new")
	t.hit(k, "https://pay.example.com/new")
	t.forget(k)
	t.set(k, g, Entry("https://pay.example.com/paid"))
	t.miss(k)
}

// forgottenTwice: someone who was forgotten twice, before they had any link, gets one as usual.
func (t *teller) forgottenTwice() {
	k := Key("ada", "pro")
	t.forget(k)
	t.forget(k)
	t.miss(k)
	t.keep(k, "https://pay.example.com/1")
	t.hit(k, "https://pay.example.com/1")
}

// race has four who click and one who forgets. Each link is stamped, once its epoch is known, with
// how many forgettings had begun; who clicks counts how many have ended before the look. A link
// made under an epoch that was current after the n-th forgetting has a stamp of at least n, and
// only such a link may be seen after it.
func (t *teller) race() {
	k := Key("ada", "pro")
	var begun, ended atomic.Int64
	var all sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		all.Go(func() {
			for !t.Failed() {
				select {
				case <-done:
					return
				default:
					t.click(k, &begun, &ended)
				}
			}
		})
	}
	for range 300 {
		begun.Add(1)
		if err := t.cache.Forget(t.Context(), k.Subscriber); err != nil {
			t.Error(err)
			break
		}
		ended.Add(1)
	}
	close(done)
	all.Wait()
}

func (t *teller) click(k linkgen.Key, begun, ended *atomic.Int64) {
	after := ended.Load()
	l, err := t.cache.Get(t.Context(), k)
	if err != nil {
		t.Errorf("get: %v", err)
		return
	}
	stamp := begun.Load()
	if !l.Found {
		if err := t.cache.Set(t.Context(), k, l.Epoch, Entry(fmt.Sprintf("https://pay.example.com/%d", stamp))); err != nil {
			t.Errorf("set: %v", err)
		}
		return
	}
	var made int64
	if _, err := fmt.Sscanf(l.Entry.URL, "https://pay.example.com/%d", &made); err != nil || made < after {
		t.Errorf("after %d forgettings found %q", after, l.Entry.URL)
	}
}
