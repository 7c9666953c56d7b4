package ledgertest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// Payments runs the stories of payments and refunds, each with a ledger of its own from open. They
// go through Record and PaidRecently alone, so they hold for any pair of stores.
func Payments(t *testing.T, open func(t *testing.T) *ledger.Ledger) {
	for _, story := range []struct {
		name string
		tell func(*teller)
	}{
		{"a payment counts once, whatever id its delivery bears", (*teller).onceByTransaction},
		{"a trial and what is paid after it are two", (*teller).trialThenPaid},
		{"without a transaction, a delivery counts once", (*teller).onceByDelivery},
		{"of many copies at once, one counts", (*teller).copiesAtOnce},
		{"a refund counts once, and each part once", (*teller).refundOnce},
		{"who paid is known, whatever campaign sold it", (*teller).paid},
		{"how long a payment matters is decided by who asks", (*teller).within},
		{"a refund takes its own transaction back", (*teller).ownTransaction},
		{"a refund needs no attribution, and no subscriber", (*teller).bareRefund},
		{"a refund of another attribution takes its own transaction back", (*teller).strayRefund},
		{"a payment heard of after its refund stays given back", (*teller).lateRepeat},
		{"a part of the money takes nothing back", (*teller).part},
		{"parts that reach the price take the payment back", (*teller).parts},
		{"a refund without a transaction takes the last payment back", (*teller).namelessRefund},
		{"a difference from what the link asked for is told once", (*teller).mismatch},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(&teller{T: t, ledger: open(t)}) })
	}
}

// teller has a verb for everything a story does. Its deliveries are numbered, since Zotlo gives
// each of them an id of its own.
type teller struct {
	*testing.T
	ledger     *ledger.Ledger
	deliveries int
}

// The shoppers of the stories. A ledger reads nothing in a subscriber's hash, so any text will do.
const (
	ada = "the hash of Ada"
	bob = "the hash of Bob"
)

// payment is a payment of 9.99 by transaction, sold by campaign.
func payment(transaction, campaign string) zotlo.Event {
	e := zotlo.Event{
		Kind: zotlo.WebhookPayment, Type: "start_paid", Status: "start_paid",
		TransactionID: transaction, Price: "9.99", Currency: "EUR",
	}
	if campaign != "" {
		e.Checkout = []string{"c=" + campaign}
	}
	return e
}

// refund gives an amount of a payment back; an empty one is the whole price.
func refund(of zotlo.Event, amount string) zotlo.Event {
	of.Kind, of.RefundPrice = zotlo.WebhookRefund, amount
	return of
}

// hears delivers e under a new id.
func (t *teller) hears(e zotlo.Event, subscribers ...string) ledger.News {
	t.Helper()
	t.deliveries++
	e.RequestID = fmt.Sprint("delivery ", t.deliveries)
	return t.record(e, subscribers...)
}

// record delivers e as it is. Whatever a story is about, a delivery either counts or is a repeat.
func (t *teller) record(e zotlo.Event, subscribers ...string) ledger.News {
	t.Helper()
	news, err := t.ledger.Record(t.Context(), ledger.Delivery{
		Event: e, Body: fmt.Append(nil, e), Subscribers: subscribers,
	})
	if err != nil {
		t.Fatal(err)
	}
	if news.Counted == news.Repeated {
		t.Errorf("counted %v and repeated %v", news.Counted, news.Repeated)
	}
	return news
}

// counts delivers e under a new id, and wants it to count or to be a repeat.
func (t *teller) counts(want bool, e zotlo.Event, subscribers ...string) {
	t.Helper()
	if news := t.hears(e, subscribers...); news.Counted != want {
		t.Errorf("%s %q %q counts: %v, want %v", e.Kind, e.TransactionID, e.Status, news.Counted, want)
	}
}

// hasPaid asks whether a payment of the last hour is known for the campaign.
func (t *teller) hasPaid(want bool, subscriber, campaign string) {
	t.Helper()
	got := t.ledger.PaidRecently(t.Context(), subscriber, campaign, time.Hour, time.Now())
	if got != want {
		t.Errorf("%s has paid for %q: %v, want %v", subscriber, campaign, got, want)
	}
}

// onceByTransaction: one payment in several deliveries is one payment. The first delivery decides
// what is noted.
func (t *teller) onceByTransaction() {
	t.counts(true, payment("t1", "pro"), ada)
	t.counts(false, payment("t1", "pro"), ada)
	t.counts(false, payment("t1", "basic"), bob) // another attribution of the same money
	t.counts(true, payment("t2", "pro"), ada)
	again, err := t.ledger.Repeated(t.Context(), ledger.Delivery{Event: payment("t1", "")})
	if !again || err != nil {
		t.Errorf("it was processed before: %v, %v", again, err)
	}
	t.hasPaid(false, bob, "basic") // a repeat changes nothing
}

// trialThenPaid: a trial that is paid later may keep its transaction, and both are payments.
func (t *teller) trialThenPaid() {
	e := payment("t1", "pro")
	e.Status = "trial"
	t.counts(true, e, ada)
	e.Status = "trial_to_paid"
	t.counts(true, e, ada)
	e.Status = "gift" // nobody knows what it is, and it is none of the others
	t.counts(true, e, ada)
	t.counts(false, e, ada)
}

// onceByDelivery: what names no transaction counts once per request id, or once per text.
func (t *teller) onceByDelivery() {
	e := payment("", "pro")
	e.RequestID = "r1"
	for i, want := range []bool{true, false, true, true, false} {
		switch i {
		case 2:
			e.RequestID = "r2"
		case 3:
			e.RequestID = "" // then its text names it
		}
		if got := t.record(e, ada).Counted; got != want {
			t.Errorf("delivery %d counts: %v, want %v", i, got, want)
		}
	}
}

// copiesAtOnce: two nodes may get the same webhook at the same instant. Exactly one of them counts
// it, and it is never neither.
func (t *teller) copiesAtOnce() {
	const payments = 300
	var counted atomic.Int32
	var all sync.WaitGroup
	for i := range 2 * payments {
		all.Go(func() {
			e := payment(fmt.Sprint("t", i/2), "pro")
			e.RequestID = fmt.Sprint("r", i/2)
			d := ledger.Delivery{Event: e, Subscribers: []string{ada}}
			if news, err := t.ledger.Record(t.Context(), d); err != nil {
				t.Error(err)
			} else if news.Counted {
				counted.Add(1)
			}
		})
	}
	all.Wait()
	if n := counted.Load(); n != payments {
		t.Errorf("%d counted, of two copies each of %d payments", n, payments)
	}
}

// paid: a payment is known for the campaign that sold it, and for no other one. A node notes it
// even if it does not know the campaign.
func (t *teller) paid() {
	t.hasPaid(false, ada, "pro")
	t.hears(payment("t1", "of another configuration"), ada, bob)
	t.hears(payment("t2", "pro"), ada)
	t.hasPaid(true, ada, "of another configuration")
	t.hasPaid(true, bob, "of another configuration")
	t.hasPaid(true, ada, "pro")
	t.hasPaid(false, bob, "pro")
	t.hasPaid(false, ada, "basic")
	t.hears(payment("t3", ""), bob) // of no link of ours: it may be for anything
	t.hasPaid(true, bob, "basic")
}

// within: the note lives longer than any campaign cares for; the asker decides.
func (t *teller) within() {
	t.hears(payment("t1", "pro"), ada)
	for within, want := range map[time.Duration]bool{time.Hour: true, 3 * time.Hour: true, time.Minute: false} {
		later := time.Now().Add(30 * time.Minute)
		if got := t.ledger.PaidRecently(t.Context(), ada, "pro", within, later); got != want {
			t.Errorf("half an hour later, within %v: %v", within, got)
		}
	}
}

// mismatch: what was paid differs from what the link asked for, in every way there is. Amounts are
// compared as amounts: 9.9 is 09.90.
func (t *teller) mismatch() {
	e := payment("t1", "")
	e.Checkout = []string{"c=pro&p=14.99&u=USD"}
	e.PaymentType = "subscription"
	if got := t.hears(e, ada).Mismatches; !slices.Equal(got, ledger.MismatchKinds()) {
		t.Errorf("mismatches %v, want all of them", got)
	}
	if got := t.hears(e, ada).Mismatches; got != nil {
		t.Errorf("a repeat is told of: %v", got)
	}
	e = payment("t2", "")
	e.Checkout, e.Price, e.PaymentType = []string{"c=pro&p=9.9&u=EUR"}, "09.90", "consumable"
	if got := t.hears(e, ada).Mismatches; got != nil {
		t.Errorf("mismatches %v, want none", got)
	}
}
