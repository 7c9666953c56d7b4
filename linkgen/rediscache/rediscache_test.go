//go:build unix

package rediscache

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/cachetest"
)

func TestStories(t *testing.T) {
	server := redistest.Start(t)
	stories := 0
	cachetest.Run(t, func(t *testing.T) linkgen.Cache {
		stories++
		return open(t, patient(Config{URLs: []string{server.URL()}, KeyPrefix: fmt.Sprintf("story-%d:", stories)}))
	})
}

func TestNodesShareWhatTheyKnow(t *testing.T) {
	server := redistest.Start(t)
	one := open(t, patient(Config{URLs: []string{server.URL()}}))
	two := open(t, patient(Config{URLs: []string{server.URL()}}))
	k := cachetest.Key(ada, "pro")
	keep(t, one, k, link)
	hit(t, two, k, link)
	made := get(t, one, k).Epoch
	if err := two.Forget(t.Context(), k.Subscriber); err != nil {
		t.Fatal(err)
	}
	miss(t, one, k)
	if err := one.Set(t.Context(), k, made, cachetest.Entry(link)); err != nil {
		t.Fatal(err)
	}
	miss(t, two, k)

	first, err := one.Once(t.Context(), "webhook", time.Hour)
	if !first || err != nil {
		t.Fatalf("the first: %v, %v", first, err)
	}
	if first, err = two.Once(t.Context(), "webhook", time.Hour); first || err != nil {
		t.Fatalf("the second: %v, %v", first, err)
	}
	if err := one.Remember(t.Context(), "paid", "yes", time.Hour); err != nil {
		t.Fatal(err)
	}
	if v, found, err := two.Recall(t.Context(), "paid"); v != "yes" || !found || err != nil {
		t.Fatalf("recalled %q, %v, %v", v, found, err)
	}
}

// TestAnEpochThatIsGoneTakesItsLinksAlong plays an eviction, in the two orders in which it can
// hurt.
func TestAnEpochThatIsGoneTakesItsLinksAlong(t *testing.T) {
	server := redistest.Start(t)
	admin := server.Client()
	c := open(t, patient(Config{URLs: []string{server.URL()}}))
	k := cachetest.Key(ada, "pro")
	keep(t, c, k, link)
	old := get(t, c, k).Epoch

	if err := c.Forget(t.Context(), k.Subscriber); err != nil {
		t.Fatal(err)
	}
	miss(t, c, k)
	if n := admin.Del(t.Context(), c.names(k).epoch).Val(); n != 1 {
		t.Fatalf("%d epochs", n)
	}
	fresh := miss(t, c, k)
	if fresh == old || len(fresh) != epochSize {
		t.Fatalf("the epoch after an eviction is %x, before it was %x", fresh, old)
	}
	if err := c.Set(t.Context(), k, old, cachetest.Entry(link)); err != nil {
		t.Fatal(err)
	}
	miss(t, c, k)

	g := miss(t, c, k)
	admin.Del(t.Context(), c.names(k).epoch)
	if err := c.Set(t.Context(), k, g, cachetest.Entry(link)); err != nil {
		t.Fatal(err)
	}
	if n := admin.Exists(t.Context(), c.names(k).epoch).Val(); n != 0 {
		t.Fatal("Set made an epoch")
	}
	miss(t, c, k)
	keep(t, c, k, link)
	hit(t, c, k, link)
}

func TestWithoutAnEpochNothingIsKept(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, patient(Config{URLs: []string{server.URL()}}))
	k := cachetest.Key(ada, "pro")
	for _, g := range []linkgen.Epoch{"", "7", "an epoch of another cache"} {
		if err := c.Set(t.Context(), k, g, cachetest.Entry(link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Set(t.Context(), k, miss(t, c, k), cachetest.Entry(strings.Repeat("x", maxText+1))); Kind(err) != "too_long" {
		t.Errorf("a link of %d bytes: %v", maxText+1, err)
	}
	if err := c.Remember(t.Context(), "k", strings.Repeat("x", maxText+1), time.Hour); Kind(err) != "too_long" {
		t.Errorf("a value of %d bytes: %v", maxText+1, err)
	}
	if n := server.Client().DBSize(t.Context()).Val(); n != 1 {
		t.Errorf("%d keys, want the epoch alone", n)
	}
	keep(t, c, k, strings.Repeat("x", maxText))
	hit(t, c, k, strings.Repeat("x", maxText))
}

func TestTheClockDecidesNotRedis(t *testing.T) {
	server := redistest.Start(t)
	now := time.Now()
	c := open(t, patient(Config{URLs: []string{server.URL()}, Now: func() time.Time { return now }}))
	k := cachetest.Key(ada, "pro")
	keep(t, c, k, link)
	if err := c.Remember(t.Context(), "paid", "yes", time.Hour); err != nil {
		t.Fatal(err)
	}
	hit(t, c, k, link)
	now = now.Add(6 * time.Minute)
	miss(t, c, k)
	now = now.Add(-2 * time.Hour)
	miss(t, c, k) // a link that would live longer than links do
	now = now.Add(4 * time.Hour)
	if v, found, err := c.Recall(t.Context(), "paid"); found || err != nil {
		t.Errorf("recalled %q, %v", v, err)
	}
}

func TestNothingWithoutTimeToLive(t *testing.T) {
	c := open(t, patient(Config{URLs: []string{redistest.Start(t).URL()}}))
	for range 2 {
		if first, err := c.Once(t.Context(), "k", 0); !first || err != nil {
			t.Errorf("once for no time: %v, %v", first, err)
		}
	}
	if err := c.Remember(t.Context(), "k", "v", 0); err != nil {
		t.Error(err)
	}
	if _, found, err := c.Recall(t.Context(), "k"); found || err != nil {
		t.Errorf("recalled what was remembered for no time: %v", err)
	}
}

// TestADumpTellsNothing looks through everything Redis holds, and its dump file, for what was put
// in.
func TestADumpTellsNothing(t *testing.T) {
	server := redistest.Start(t, "--rdbcompression", "no")
	admin := server.Client()
	c := open(t, patient(Config{URLs: []string{server.URL()}}))
	k := cachetest.Key(ada, "pro")
	keep(t, c, k, link)
	if _, err := c.Once(t.Context(), "webhook of "+ada, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := c.Remember(t.Context(), "paid by 905555555555", "ada paid", time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := c.Forget(t.Context(), cachetest.Key("905555555555", "").Subscriber); err != nil {
		t.Fatal(err)
	}

	if err := admin.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	dump, err := os.ReadFile(filepath.Join(server.Dir, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	keys := admin.Keys(t.Context(), "*").Val()
	if len(keys) != 4 { // an epoch, a link, a once, a fact
		t.Errorf("%d keys: %q", len(keys), keys)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "checkout:") {
			t.Errorf("%q does not begin with the prefix", key)
		}
		if ttl := admin.PTTL(t.Context(), key).Val(); ttl <= 0 || ttl > epochLife {
			t.Errorf("%s lives for %v", key, ttl)
		}
		dump = append(dump, key+" "+admin.Get(t.Context(), key).Val()...)
	}
	for _, known := range []string{
		ada, "ada", "example", "905555555555", "pay.", "personal", "5f0c", "webhook", "paid",
		string(secret), string(c.nameKey), string(c.sealKey),
		string(k.Subscriber[:]), string(k.Order[:]),
		hex.EncodeToString(k.Subscriber[:]), base64.RawURLEncoding.EncodeToString(k.Subscriber[:]), base64.RawURLEncoding.EncodeToString(k.Order[:]),
	} {
		if bytes.Contains(bytes.ToLower(dump), bytes.ToLower([]byte(known))) {
			t.Errorf("the dump holds %q", known)
		}
	}
}

func TestAClosedCacheIsAMiss(t *testing.T) {
	c := open(t, patient(Config{URLs: []string{redistest.Start(t).URL()}}))
	k := cachetest.Key(ada, "pro")
	keep(t, c, k, link)
	g := get(t, c, k).Epoch
	for range 2 {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for op, err := range everyOperation(t.Context(), t, c, k, g) {
		if Kind(err) != "closed" {
			t.Errorf("%s of a closed cache: %v", op, err)
		}
	}
}

func TestACallerWhoLeavesIsNoOutage(t *testing.T) {
	c := open(t, patient(Config{URLs: []string{redistest.Start(t).URL()}}))
	k := cachetest.Key(ada, "pro")
	gone, leave := context.WithCancel(t.Context())
	leave()
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for ctx, cause := range map[context.Context]error{gone: context.Canceled, late: context.DeadlineExceeded} {
		for range 10 {
			for op, err := range everyOperation(ctx, t, c, k, linkgen.Epoch(newEpoch())) {
				if Kind(err) != "canceled" || !errors.Is(err, cause) {
					t.Errorf("%s: %v", op, err)
				}
			}
		}
	}
	keep(t, c, k, link)
	hit(t, c, k, link)
}
