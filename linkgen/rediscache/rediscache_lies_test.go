//go:build unix

package rediscache

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/linkgen"
)

// TestLies: whatever an impostor does, an operation ends in time, finds nothing, and fails with a
// kind that says what happened.
func TestLies(t *testing.T) {
	for _, lie := range redistest.Lies {
		t.Run(lie.Name, func(t *testing.T) {
			t.Parallel()
			suffer(t, open(t, strained(redistest.Fake(t, lie.Answer), lie.Kinds)), lie.Kinds)
		})
	}
}

// strained has the default time-out where that is what must end an operation, and else one that no
// busy machine reaches.
func strained(url, kinds string) Config {
	cfg := Config{URLs: []string{url}, Secret: secret}
	if !strings.Contains(kinds, "timeout") {
		cfg.Timeout = 2 * time.Second
	}
	return cfg
}

// suffer runs every operation several times against something broken. Operations may succeed, for a
// liar may guess the right answer, but not find anything; what fails must fail with one of kinds,
// and at least one must.
func suffer(t *testing.T, c *Cache, may string) {
	t.Helper()
	kinds := append(strings.Fields(may), "open")
	k := linkgen.Key{Subscriber: linkgen.SubscriberHash{1}, Order: [32]byte{2}}
	failed := false
	for range 3 {
		began := time.Now()
		for op, err := range everyOperation(t.Context(), t, c, k, linkgen.Epoch(newEpoch())) {
			if err == nil {
				continue
			}
			failed = true
			if !slices.Contains(kinds, Kind(err)) {
				t.Errorf("%s: %v, want one of %q", op, err, kinds)
			}
		}
		if l, _ := c.Get(t.Context(), k); l.Found {
			t.Errorf("found %q", l.Entry.URL)
		}
		if d := time.Since(began); d > 8*20*c.client.Timeout() {
			t.Errorf("eight operations of at most %v took %v", c.client.Timeout(), d)
		}
	}
	if !failed {
		t.Error("nothing failed")
	}
}
