package ledger_test

import (
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
)

// node is a ledger of the given store.
func node(t *testing.T, store ledger.Store) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), store, ledger.Config{Secrets: storySecrets(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// wantSubscribed looks a subscriber up, with the hashes that they had under former secrets.
func wantSubscribed(t *testing.T, l *ledger.Ledger, want bool, subscriber string, former ...string) {
	t.Helper()
	facts, err := l.Facts(t.Context(), subscriber, "", former...)
	if err != nil {
		t.Fatal(err)
	}
	if facts.Subscribed("", nil, time.Now()) != want {
		t.Errorf("%v is subscribed: %v, want %v", subscriber, !want, want)
	}
}

// buy records the n-th payment.
func buy(t *testing.T, l *ledger.Ledger, n int) {
	t.Helper()
	if _, err := l.Record(t.Context(), boughtNow(n)); err != nil {
		t.Fatal(err)
	}
}

// What was opened a moment ago is remembered, and no other node's payment is missed for it.
func TestLookUpSeesWhatAnotherNodeWrote(t *testing.T) {
	store := memorystore.New(nil)
	here, there := node(t, store), node(t, store)
	ann := subscriberHash(1)
	if err := there.Tell(t.Context(), []ledger.Event{{Subscriber: ann, Name: "signup"}}); err != nil {
		t.Fatal(err)
	}
	wantSubscribed(t, here, false, ann)
	wantSubscribed(t, here, false, ann)
	buy(t, there, 1)
	wantSubscribed(t, here, true, ann)
	wantSubscribed(t, here, true, ann)
	if _, err := there.Purge(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	wantSubscribed(t, here, false, ann)
}

// Two documents of one person are put together for one answer alone.
func TestLookUpUnderAFormerHashChangesNobody(t *testing.T) {
	l := node(t, memorystore.New(nil))
	ann, bob := subscriberHash(1), subscriberHash(2)
	if err := l.Tell(t.Context(), []ledger.Event{{Subscriber: ann, Name: "signup"}}); err != nil {
		t.Fatal(err)
	}
	buy(t, l, 2)
	for range 2 {
		wantSubscribed(t, l, false, ann)
		wantSubscribed(t, l, true, ann, bob)
		wantSubscribed(t, l, true, bob, ann)
		wantSubscribed(t, l, false, ann)
	}
}
