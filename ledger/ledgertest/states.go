package ledgertest

import (
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// day is a unit of these stories.
const day = 24 * time.Hour

// update is what a status webhook says of ada's subscription, at an hour of the story.
func update(hour int, status, real string, expires time.Time) zotlo.Event {
	return zotlo.Event{
		Kind: zotlo.WebhookStatus, OriginalID: "t1", TransactionID: "t1", PackageID: "pro",
		CreatedAt: hourOf(hour),
		Subscription: zotlo.Subscription{
			Status: status, RealStatus: real, ExpiresAt: expires,
		},
	}
}

// hourOf is an hour of the story.
func hourOf(hour int) time.Time {
	return time.Now().Truncate(time.Hour).Add(time.Duration(hour-48) * time.Hour)
}

// charge is a payment of ada's subscription, at an hour of the story.
func charge(hour int, transaction, kind string, expires time.Time) zotlo.Event {
	e := of("t1", kind, payment(transaction, "pro"))
	e.CreatedAt, e.PurchasedAt, e.ExpiresAt, e.PackageID = hourOf(hour), hourOf(hour), expires, "pro"
	return e
}

// runsUntil wants ada's subscription to run just before then, and not from then on.
func (t *teller) runsUntil(what string, then time.Time) {
	t.Helper()
	facts, err := t.ledger.Facts(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	for _, packages := range [][]string{nil, {"other", "pro"}} {
		before := facts.Subscribed("", packages, then.Add(-time.Second))
		if !before || facts.Subscribed("", packages, then) {
			t.Errorf("%s: it does not run until %v (before: %v)", what, then, before)
		}
	}
	if facts.Subscribed("", []string{"other"}, then.Add(-time.Second)) ||
		facts.Subscribed("another project", nil, then.Add(-time.Second)) {
		t.Errorf("%s: it runs for anything", what)
	}
}

// runsNot wants ada to have no running subscription.
func (t *teller) runsNot(what string) {
	t.Helper()
	facts, err := t.ledger.Facts(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	if facts.Subscribed("", nil, time.Now()) {
		t.Errorf("%s: the subscription runs", what)
	}
}

// states: how long each state is believed.
func (t *teller) states() {
	end := time.Now().Truncate(time.Second).Add(20 * day)
	t.runsNot("nothing is known")
	t.hears(charge(1, "t1", "start_paid", end), ada)
	t.runsUntil("a payment", end.Add(3*day))
	t.hears(update(2, "grace", "grace", end), ada)
	t.runsUntil("grace", end.Add(30*day))
	t.hears(update(3, "active", "passive", end), ada)
	t.runsUntil("cancelled", end)
	frozen := update(4, "active", "active", end)
	frozen.Subscription.FrozenUntil = end.Add(40 * day)
	t.hears(frozen, ada)
	t.runsUntil("paused", end.Add(43*day))
	frozen = update(5, "passive", "passive", end)
	frozen.Subscription.FrozenUntil = end.Add(40 * day)
	t.hears(frozen, ada)
	t.runsUntil("paused, and passive meanwhile", end.Add(43*day))
	t.hears(update(6, "passive", "passive", end), ada)
	t.runsNot("passive")
	t.hears(update(7, "active", "active", time.Time{}), ada)
	t.runsUntil("nobody says until when", hourOf(7).Add(3*day))
	t.hears(update(8, "_other", "", end), ada)
	t.runsUntil("a status that nobody knows changes nothing", hourOf(7).Add(3*day))
}

// anyOrder: the newest state wins, whatever came last. Each order is another subscription's.
func (t *teller) anyOrder() {
	end := time.Now().Truncate(time.Second).Add(20 * day)
	news := []zotlo.Event{
		charge(1, "t1", "start_paid", end.Add(-30*day)),
		charge(2, "t2", "renewal", end),
		update(2, "active", "active", end), // the same instant as the payment's
		update(3, "grace", "grace", end.Add(-day)),
		update(4, "active", "passive", end),
	}
	for n, order := range permutations(len(news)) {
		for _, i := range order {
			e := news[i]
			e.OriginalID = fmt.Sprint(e.OriginalID, " of ", n)
			e.TransactionID = fmt.Sprint(e.TransactionID, " of ", n)
			t.hears(e, fmt.Sprint("subscriber ", n))
		}
		facts, err := t.ledger.Facts(t.Context(), fmt.Sprint("subscriber ", n))
		if err != nil {
			t.Fatal(err)
		}
		if !facts.Subscribed("", nil, end.Add(-time.Second)) || facts.Subscribed("", nil, end) {
			t.Fatalf("in the order %v, what was said last is not what holds", order)
		}
	}
}

// permutations are all orders of n things.
func permutations(n int) (all [][]int) {
	if n == 0 {
		return [][]int{nil}
	}
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			order := append(append(append([]int(nil), shorter[:at]...), n-1), shorter[at:]...)
			all = append(all, order)
		}
	}
	return all
}

// refundEnds: the refund of the latest charge ends a subscription until a later update says that it
// goes on; that of an earlier one does not.
func (t *teller) refundEnds() {
	end := time.Now().Truncate(time.Second).Add(20 * day)
	first := charge(1, "t1", "start_paid", end.Add(-30*day))
	second := charge(3, "t2", "renewal", end)
	t.hears(first, ada)
	t.hears(second, ada)
	giveBack := func(of zotlo.Event, hour int) zotlo.Event {
		r := refund(of, "")
		r.CreatedAt, r.RefundedAt = hourOf(hour), hourOf(hour)
		return r
	}
	t.hears(giveBack(first, 4), ada)
	t.runsUntil("an earlier charge was given back", end.Add(3*day))
	part := refund(second, "2.00")
	part.CreatedAt = hourOf(4)
	t.hears(part, ada)
	t.runsUntil("a part was given back", end.Add(3*day))
	t.hears(giveBack(second, 5), ada)
	t.runsNot("the latest charge was given back")
	t.hears(update(4, "active", "active", end), ada)
	t.runsNot("an older update came late")
	t.hears(update(6, "active", "passive", end), ada)
	t.runsNot("it was cancelled afterwards")
	t.hears(update(7, "active", "active", end), ada)
	t.runsUntil("a later update says that it goes on", end.Add(3*day))
}

// statesOfAll: a state holds for everybody whom its payments and updates named.
func (t *teller) statesOfAll() {
	end := time.Now().Truncate(time.Second).Add(20 * day)
	t.hears(charge(1, "t1", "start_paid", end), bob, ada)
	t.hears(update(2, "active", "passive", end), bob)
	t.runsUntil("ada, whom the link was for", end)
}
