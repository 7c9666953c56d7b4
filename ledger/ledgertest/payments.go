package ledgertest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// onceByTransaction: one payment in several deliveries is one payment. The first delivery decides
// what is noted.
func (t *teller) onceByTransaction() {
	t.counts(true, payment("t1", "pro"), ada)
	t.counts(false, payment("t1", "pro"), ada)
	t.counts(false, payment("t1", "basic"), bob) // another attribution of the same money
	t.counts(true, payment("t2", "pro"), ada)
	again, err := t.ledger.Repeated(t.Context(), delivery(payment("t1", "")))
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
	copies := make([]zotlo.Event, 0, 2*payments)
	for i := range 2 * payments {
		e := payment(fmt.Sprint("t", i/2), "pro")
		e.RequestID = fmt.Sprint("r", i/2)
		copies = append(copies, e)
	}
	Together(copies, func(e zotlo.Event) {
		if news, err := t.ledger.Record(t.Context(), delivery(e, ada)); err != nil {
			t.Error(err)
		} else if news.Counted {
			counted.Add(1)
		}
	})
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
		if got := t.paidWithin(ada, "pro", within, later); got != want {
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
	want := []string{"price", "currency", "payment_type"}
	if got := t.hears(e, ada).Payment.Mismatches; !slices.Equal(got, want) {
		t.Errorf("mismatches %v, want %v", got, want)
	}
	if got := t.hears(e, ada).Payment; got != nil {
		t.Errorf("a repeat is told of: %v", got)
	}
	e = payment("t2", "")
	e.Checkout, e.Price, e.PaymentType = []string{"c=pro&p=9.9&u=EUR"}, "09.90", "consumable"
	if got := t.hears(e, ada).Payment.Mismatches; got != nil {
		t.Errorf("mismatches %v, want none", got)
	}
}
