package ledgertest

import (
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// The days of the stories of subscriptions. They lie ahead, so that nothing is forgotten.
var begun = time.Now().UTC().Truncate(time.Second)

const day = 24 * time.Hour

// month is the first charge of a subscription to package p: a month, paid on that day.
func month(transaction string, onDay int) zotlo.Event {
	e := payment(transaction, "pro")
	e.PaymentType, e.PackageID, e.OriginalID = "subscription", "p", "s1"
	e.CreatedAt = begun.Add(time.Duration(onDay) * day)
	e.PurchasedAt = e.CreatedAt.Add(-time.Minute)
	e.ExpiresAt = e.CreatedAt.Add(30 * day)
	return e
}

// update says on that day how the subscription stands, and when its period ends.
func update(onDay int, status, realStatus string, endsOnDay int) zotlo.Event {
	e := zotlo.Event{
		Kind: zotlo.WebhookStatus, OriginalID: "s1", PackageID: "p",
		CreatedAt: begun.Add(time.Duration(onDay) * day),
	}
	e.Subscription.Status, e.Subscription.RealStatus = status, realStatus
	e.Subscription.ExpiresAt = begun.Add(time.Duration(endsOnDay) * day)
	return e
}

// on is an event that Zotlo tells of on another day.
func on(onDay int, e zotlo.Event) zotlo.Event {
	e.CreatedAt = begun.Add(time.Duration(onDay) * day)
	return e
}

// runsUntil asks whether a subscription runs a moment before the end of a day, and no longer at it.
func (t *teller) runsUntil(endOfDay int, subscriber string) {
	t.Helper()
	end := begun.Add(time.Duration(endOfDay) * day)
	for at, want := range map[time.Time]bool{end.Add(-time.Second): true, end: false} {
		if got := t.facts(subscriber).Subscribed("", nil, at); got != want {
			t.Errorf("%s is subscribed on day %v: %v", subscriber, at.Sub(begun)/day, got)
		}
	}
}

// free wants no subscription to run on that day.
func (t *teller) free(onDay int, subscriber string, packages ...string) {
	t.Helper()
	at := begun.Add(time.Duration(onDay) * day)
	if t.facts(subscriber).Subscribed("", packages, at) {
		t.Errorf("%s is subscribed on day %d", subscriber, onDay)
	}
}

func (t *teller) facts(subscriber string) ledger.Facts {
	t.Helper()
	facts, err := t.ledger.Facts(t.Context(), subscriber, "")
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// running: each state is believed for its own time, and the newest wins in any order.
func (t *teller) running() {
	t.hears(month("t1", 0), ada)
	t.runsUntil(33, ada)
	t.hears(update(10, "active", "passive", 30), ada) // cancelled
	t.runsUntil(30, ada)
	t.hears(update(12, "active", "active", 30), ada) // and taken back
	t.runsUntil(33, ada)
	t.hears(update(31, "grace", "grace", 30), ada)
	t.runsUntil(60, ada)
	t.hears(update(11, "passive", "passive", 30), ada) // heard of late
	t.runsUntil(60, ada)
	t.hears(month("t2", 35), ada)
	t.runsUntil(68, ada)
	t.hears(update(36, "passive", "passive", 65), ada)
	t.free(36, ada)
	t.hears(month("t3", 40), ada) // a churned subscriber came back
	t.runsUntil(73, ada)
}

// paused: until the pause ends, whatever word Zotlo has for it; a date behind it is no pause.
func (t *teller) paused() {
	for i, word := range []string{"active", "passive", "_other"} {
		e := update(5+2*i, word, "", 30)
		e.Subscription.FrozenUntil = begun.Add(90 * day)
		t.hears(e, ada)
		t.runsUntil(93, ada)
		t.hears(update(6+2*i, "passive", "passive", 30), ada)
		t.free(6+2*i, ada)
	}
	late := update(91, "passive", "passive", 30)
	late.Subscription.FrozenUntil = begun.Add(90 * day)
	t.hears(late, ada)
	t.free(91, ada)
	forced := update(92, "passive", "passive", 30)
	forced.Subscription.Change = "cancel"
	forced.Subscription.FrozenUntil = begun.Add(99 * day)
	t.hears(forced, ada)
	t.free(92, ada)
}

// endedByRefund: the latest charge that is given back in full ends it until a later update; an
// earlier one, or a part, does not.
func (t *teller) endedByRefund() {
	first, second := month("t1", 0), month("t2", 30)
	t.hears(first, ada)
	t.hears(second, ada)
	t.hears(on(31, refund(first, "")), ada)
	t.hears(on(31, refund(second, "2.00")), ada)
	t.runsUntil(63, ada)
	t.hears(on(33, refund(second, "7.99")), ada)
	t.free(33, ada)
	for i := range 5 { // older charges go back, too
		old := month("t0"+string(rune('0'+i)), -30*i-30)
		t.hears(old, ada)
		t.hears(on(34+i, refund(old, "")), ada)
	}
	t.hears(update(32, "active", "active", 60), ada) // older than the last part
	t.free(33, ada)
	t.hears(update(40, "active", "active", 60), ada)
	t.runsUntil(63, ada)
}

// refundInDisorder: the second part is heard of first. What was said between the two is older than
// the whole refund.
func (t *teller) refundInDisorder() {
	sale := month("t1", 0)
	t.hears(sale, ada)
	t.hears(on(6, refund(sale, "7.99")), ada)
	t.hears(update(5, "active", "active", 30), ada)
	t.hears(on(4, refund(sale, "2.00")), ada)
	t.free(6, ada)
}

// unsaid: words that nobody knows keep the state, and an end that is not said is the one that was.
func (t *teller) unsaid() {
	t.hears(month("t1", 0), ada)
	unknown := update(5, "_other", "", 20)
	t.hears(unknown, ada)
	t.runsUntil(33, ada)
	t.hears(update(4, "active", "passive", 30), ada) // older than what nobody understood
	t.runsUntil(30, ada)
	for i, ends := range []time.Time{{}, begun.Add(day)} { // missing; before the payment
		e := month("t2"+string(rune('0'+i)), 27+i)
		e.ExpiresAt = ends
		t.hears(e, ada)
		t.runsUntil(33, ada)
	}
	e := month("t3", 50)
	e.ExpiresAt = time.Time{}
	t.hears(e, ada)
	t.runsUntil(53, ada)
	e = update(51, "active", "passive", 0)
	e.Subscription.ExpiresAt = time.Time{}
	t.hears(e, ada)
	t.free(51, ada)
}

// unsaidInDisorder: what the newest leaves open is found, though it is heard of later.
func (t *teller) unsaidInDisorder() {
	e := month("t2", 10)
	e.ExpiresAt, e.PackageID = time.Time{}, ""
	t.hears(e, ada)
	t.runsUntil(13, ada)
	t.hears(month("t1", 0), ada)
	t.runsUntil(33, ada)
	t.free(5, ada, "other")
	if !t.facts(ada).Subscribed("", []string{"other", "p"}, begun) {
		t.Error("which package it is got lost")
	}
}

// planAfterTrial: the trial's webhook comes after that of what was paid for another package, under
// the same transaction.
func (t *teller) planAfterTrial() {
	trial, paid := month("s1", 0), month("s1", 7)
	trial.Status, trial.PackageID, trial.Price = "trial", "q", "0.00"
	paid.Status = "trial_to_paid"
	t.hears(paid, ada)
	t.hears(trial, ada)
	t.free(8, ada, "q")
	if !t.facts(ada).Subscribed("", []string{"p"}, begun.Add(8*day)) {
		t.Error("the trial's package took the place of the paid one")
	}
}

// oneInstant: of two that Zotlo said at once, the same one wins in either order.
func (t *teller) oneInstant() {
	long, short := update(0, "active", "active", 60), update(0, "active", "active", 30)
	t.hears(long, ada)
	t.hears(short, ada)
	t.runsUntil(63, ada)
	short.OriginalID, long.OriginalID = "s2", "s2"
	t.hears(short, bob)
	t.hears(long, bob)
	t.runsUntil(63, bob)
}

// holders: it holds for everybody whom a payment or an update named, whenever they were named.
func (t *teller) holders() {
	t.hears(month("t1", 0), ada, bob) // Ada paid under Bob's link
	t.runsUntil(33, ada)
	t.runsUntil(33, bob)
	t.hears(update(1, "active", "active", 40), "another address")
	t.runsUntil(43, ada)
	t.runsUntil(43, bob)
	t.runsUntil(43, "another address")
	bare := update(2, "passive", "passive", 40)
	bare.OriginalID, bare.TransactionID = "", "t1" // its last payment leads there
	t.hears(bare)
	t.free(2, ada)
	t.free(2, bob)
}

// noSubscription: what was bought once runs for no time, whichever of the two words is missing.
func (t *teller) noSubscription() {
	for i, words := range [][2]string{{"consumable", ""}, {"", "consumable"}} {
		e := month("t"+string(rune('0'+i)), 0)
		e.PaymentType, e.Status, e.OriginalID = words[0], words[1], ""
		e.ExpiresAt = e.PurchasedAt
		t.hears(e, ada)
		t.free(0, ada)
	}
}
