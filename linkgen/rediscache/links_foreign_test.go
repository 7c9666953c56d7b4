//go:build unix

package rediscache

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/linkgen/cachetest"
)

func TestAnotherSecretReadsNothing(t *testing.T) {
	server := redistest.Start(t)
	ours := open(t, patient(Config{URLs: []string{server.URL()}}))
	theirs := open(t, patient(Config{URLs: []string{server.URL()}, Secret: []byte("an access secret of another project")}))
	k := cachetest.Key(ada, "pro")
	keep(t, ours, k, link)
	miss(t, theirs, k)

	// Even at the place where they look: somebody copies ours there.
	admin := server.Client()
	for from, to := range map[string]string{ours.names(k).link: theirs.names(k).link, ours.names(k).epoch: theirs.names(k).epoch} {
		if admin.Copy(t.Context(), from, to, 0, true).Val() != 1 {
			t.Fatal("not copied")
		}
	}
	l, err := theirs.Get(t.Context(), k)
	if l.Found || Kind(err) != "corrupt" {
		t.Fatalf("read %+v, %v", l, err)
	}
	hit(t, ours, k, link)
}

// TestForeignValuesAreMisses puts everything at a link's place that somebody who can write to Redis
// could put there.
func TestForeignValuesAreMisses(t *testing.T) {
	server := redistest.Start(t)
	admin := server.Client()
	c := open(t, patient(Config{URLs: []string{server.URL()}}))
	mine, theirs := cachetest.Key(ada, "pro"), cachetest.Key("bob@example.com", "pro")
	at := c.names(mine)
	seal := func() string { keep(t, c, mine, link); return admin.Get(t.Context(), at.link).Val() }
	put := func(value any) {
		if err := admin.Set(t.Context(), at.link, value, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]func(){
		"another subscriber's link, and their epoch": func() {
			keep(t, c, theirs, link+"/bob")
			admin.Copy(t.Context(), c.names(theirs).link, at.link, 0, true)
			admin.Copy(t.Context(), c.names(theirs).epoch, at.epoch, 0, true)
		},
		"another order's link of the same subscriber": func() {
			other := cachetest.Key(ada, "basic")
			keep(t, c, other, link+"/basic")
			admin.Copy(t.Context(), c.names(other).link, at.link, 0, true)
		},
		"cut off":         func() { s := seal(); put(s[:len(s)-1]) },
		"almost nothing":  func() { put(seal()[:1]) },
		"longer":          func() { put(seal() + "x") },
		"one bit turned":  func() { s := []byte(seal()); s[len(s)/2] ^= 1; put(s) },
		"another version": func() { s := []byte(seal()); s[0]++; put(s) },
		"a link in clear": func() { put("https://evil.example.com/") },
		"huge":            func() { put(strings.Repeat("x", 10<<20)) },
		"a list":          func() { admin.Del(t.Context(), at.link); admin.LPush(t.Context(), at.link, "x") },
		"a hash":          func() { admin.Del(t.Context(), at.link); admin.HSet(t.Context(), at.link, "x", "y") },
		"a remembered fact": func() {
			_ = c.Remember(t.Context(), "k", link, time.Hour)
			admin.Copy(t.Context(), c.factName("fact", "k"), at.link, 0, true)
		},
	}
	for name, put := range tests {
		t.Run(name, func(t *testing.T) {
			seal()
			put()
			l, err := c.Get(t.Context(), mine)
			if l.Found || Kind(err) != "corrupt" {
				t.Errorf("found %v %q, %v", l.Found, l.Entry.URL, err)
			}
			if l.Epoch == "" {
				t.Error("no epoch to keep a better link under")
			}
			if n := admin.Exists(t.Context(), at.link).Val(); n != 0 {
				t.Error("it is still there")
			}
			miss(t, c, mine)
			keep(t, c, mine, link)
			hit(t, c, mine, link)
		})
	}
}

func TestForeignGenerationsAreReplaced(t *testing.T) {
	server := redistest.Start(t)
	admin := server.Client()
	c := open(t, patient(Config{URLs: []string{server.URL()}}))
	k := cachetest.Key(ada, "pro")
	at := c.names(k).epoch
	for name, put := range map[string]func(){
		"short":  func() { admin.Set(t.Context(), at, "x", 0) },
		"long":   func() { admin.Set(t.Context(), at, strings.Repeat("x", 1<<20), 0) },
		"a list": func() { admin.Del(t.Context(), at); admin.LPush(t.Context(), at, "x") },
	} {
		t.Run(name, func(t *testing.T) {
			keep(t, c, k, link)
			put()
			miss(t, c, k)
			if ttl := admin.PTTL(t.Context(), at).Val(); ttl <= 0 {
				t.Errorf("the new epoch lives for %v", ttl)
			}
			miss(t, c, k)
			keep(t, c, k, link)
			hit(t, c, k, link)
		})
	}
}

func TestForeignFactsAreNotRecalled(t *testing.T) {
	server := redistest.Start(t)
	admin := server.Client()
	c := open(t, patient(Config{URLs: []string{server.URL()}}))
	remember := func(key string) {
		if err := c.Remember(t.Context(), key, "of "+key, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	remember("a")
	remember("b")
	admin.Copy(t.Context(), c.factName("fact", "a"), c.factName("fact", "b"), 0, true)
	if v, found, err := c.Recall(t.Context(), "b"); found || Kind(err) != "corrupt" {
		t.Errorf("recalled %q, %v", v, err)
	}
	if v, found, err := c.Recall(t.Context(), "b"); found || err != nil {
		t.Errorf("recalled %q, %v", v, err)
	}
	if v, found, err := c.Recall(t.Context(), "a"); v != "of a" || !found || err != nil {
		t.Errorf("recalled %q, %v, %v", v, found, err)
	}
}
