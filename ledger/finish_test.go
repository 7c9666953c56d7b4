package ledger_test

import (
	"errors"
	"math"
	"reflect"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
	"github.com/caddy-checkout/checkout/zotlo"
)

// TestCutBetweenAnyTwoSteps has the process die once, at each step of a short story in turn, on a
// store that does not undo what was done. The next process finishes what it finds, with or without
// the repeat of the webhook, and then the ledger is as if nobody had died.
func TestCutBetweenAnyTwoSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole, told, steps := play(t, -1)
		if steps < 30 {
			t.Fatalf("the story has %d steps", steps)
		}
		if told != 1 {
			t.Errorf("that an offer was spent before is told %d times", told)
		}
		untold := 0
		for n := range steps {
			got, told, _ := play(t, n)
			if !reflect.DeepEqual(got, whole) {
				t.Errorf("cut before step %d:\n%s\nwant\n%s", n, got, whole)
			}
			if told > 1 {
				t.Errorf("cut before step %d: that an offer was spent is told %d times", n, told)
			}
			untold += 1 - told
		}
		// What counts in a document is told to a process that may die before its row is down, the
		// mark is made and the steps are over: three or four steps, and one more where the process after
		// it finishes meanwhile. It is not told again.
		if untold > 6 {
			t.Errorf("%d of %d cuts keep from telling that an offer was spent", untold, steps)
		}
	})
}

// story is what the ledger hears: a trial by a signed offer, its first charge, a purchase beside it
// by the same offer, refunds before and after their payments, and what became of the subscription.
func story(now time.Time) []ledger.Delivery {
	payment := func(id, original, kind, price string) zotlo.Event {
		return zotlo.Event{
			Kind: zotlo.WebhookPayment, RequestID: "request of " + id, Type: kind, Status: kind,
			TransactionID: id, OriginalID: original, Price: price, Currency: "EUR",
			PackageID: "pro", PaymentType: "subscription", CreatedAt: now, PurchasedAt: now,
			ExpiresAt: now.AddDate(0, 1, 0),
		}
	}
	back := func(of zotlo.Event, amount string) zotlo.Event {
		of.Kind, of.RequestID, of.RefundPrice = zotlo.WebhookRefund, "back "+amount, amount
		return of
	}
	paid := payment("t2", "t1", "trial_to_paid", "9.99")
	status := zotlo.Event{
		Kind: zotlo.WebhookStatus, RequestID: "status", OriginalID: "t1", PackageID: "pro",
		CreatedAt: now.Add(time.Minute), Subscription: zotlo.Subscription{
			Status: "active", RealStatus: "passive", ExpiresAt: now.AddDate(0, 1, 0),
		},
	}
	var told []ledger.Delivery
	for _, e := range []zotlo.Event{
		payment("t1", "t1", "trial", "0.00"), back(paid, "2.00"), paid, back(paid, "7.99"),
		payment("t3", "t3", "consumable", "4.50"), status,
	} {
		d := ledger.Delivery{Event: e, Payer: "ada", Body: []byte(e.RequestID)}
		if e.Kind == zotlo.WebhookPayment {
			d.Attribution = ledger.Attribution{
				Campaign: "pro", Random: "r1", Minute: ledger.MinuteOf(now), Subscriber: "bob",
				Offer:   ledger.OfferHash("o1"),
				Partner: "MIRA10",
			}
		}
		told = append(told, d)
	}
	return told
}

// play tells the story, and has the process die before the n-th step. It returns what the ledger
// holds at the end, how often it told of an offer that was spent, and how many steps there were.
func play(t *testing.T, n int) (holds []string, twice, steps int) {
	t.Helper()
	var taken atomic.Int64
	cut := func() bool { return taken.Add(1)-1 == int64(n) }
	store := ledgertest.Tear(memorystore.New(nil), cut)
	open := func() *ledger.Ledger {
		cfg := ledger.Config{
			Secrets: storySecrets(t), Share: func(string) int { return 1250 },
		}
		l, err := ledger.Open(t.Context(), store, cfg)
		for errors.Is(err, ledgertest.ErrCut) { // it dies while it opens
			l, err = ledger.Open(t.Context(), store, cfg)
		}
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	synctest.Wait() // its first look would take steps of its own if it met the story
	for i, d := range story(time.Now().Truncate(time.Minute)) {
		news, err := l.Record(t.Context(), d)
		if errors.Is(err, ledgertest.ErrCut) {
			l.Close()
			l = open()
			synctest.Wait() // what was begun is finished
			if i%2 == 0 {   // and the repeat may come before that, or after it
				news, err = l.Record(t.Context(), d)
			} else {
				l.Close()
				l = open()
				news, err = l.Record(t.Context(), d)
				synctest.Wait()
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if news.Payment != nil && slices.Contains(news.Payment.Mismatches, "offer_spent") {
			twice++
		}
	}
	l.Close()
	steps = int(taken.Load())
	taken.Store(math.MinInt32) // from here on nobody dies
	// What a process finished may be finished by a repeat as well. The next look evens that out.
	l = open()
	synctest.Wait()
	l.Close()
	rows, err := store.Rows(t.Context(), ledger.Key{Kind: 'O'})
	if err != nil || len(rows[0]) != 0 {
		t.Errorf("cut before step %d: outstanding %v, %v", n, rows, err)
	}
	return facts(t, l), twice, steps
}

var version = regexp.MustCompile(`,"version":[0-9]+`)

// facts are what a ledger holds, without what may differ: how often a document was written.
func facts(t *testing.T, l *ledger.Ledger) []string {
	t.Helper()
	lines := ledgertest.Facts(t, l)
	for i, line := range lines {
		lines[i] = version.ReplaceAllString(line, "")
	}
	return lines
}

func storySecrets(t *testing.T) *ledger.Secrets {
	t.Helper()
	s, err := ledger.NewSecrets([]byte("the secret of the story"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
