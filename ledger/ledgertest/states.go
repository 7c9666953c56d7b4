package ledgertest

import (
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// said is what a status webhook says of ada's subscription, at an hour of the story.
func said(hour int, status, real string, expires time.Time) zotlo.Event {
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

// lastsUntil wants ada's subscription to run just before then, and not from then on.
func (t *teller) lastsUntil(what string, then time.Time) {
	t.Helper()
	facts, err := t.ledger.Facts(t.Context(), ada, "")
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
	facts, err := t.ledger.Facts(t.Context(), ada, "")
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
	t.lastsUntil("a payment", end.Add(3*day))
	t.hears(said(2, "grace", "grace", end), ada)
	t.lastsUntil("grace", end.Add(30*day))
	t.hears(said(3, "active", "passive", end), ada)
	t.lastsUntil("cancelled", end)
	frozen := said(4, "active", "active", end)
	frozen.Subscription.FrozenUntil = end.Add(40 * day)
	t.hears(frozen, ada)
	t.lastsUntil("paused", end.Add(43*day))
	frozen = said(5, "passive", "passive", end)
	frozen.Subscription.FrozenUntil = end.Add(40 * day)
	t.hears(frozen, ada)
	t.lastsUntil("paused, and passive meanwhile", end.Add(43*day))
	t.hears(said(6, "passive", "passive", end), ada)
	t.runsNot("passive")
	t.hears(said(7, "active", "active", time.Time{}), ada)
	t.lastsUntil("nobody says until when, so it is as was said before", end.Add(3*day))
	t.hears(said(8, "_other", "", end), ada)
	t.lastsUntil("a status that nobody knows changes nothing", end.Add(3*day))
}

// anyOrder: the newest state wins, whatever came last. Each order is another subscription's.
func (t *teller) anyOrder() {
	end := time.Now().Truncate(time.Second).Add(20 * day)
	news := []zotlo.Event{
		charge(1, "t1", "start_paid", end.Add(-30*day)),
		charge(2, "t2", "renewal", end),
		said(2, "active", "active", end), // the same instant as the payment's
		said(3, "grace", "grace", end.Add(-day)),
		said(4, "active", "passive", end),
	}
	for n, order := range permutations(len(news)) {
		for _, i := range order {
			e := news[i]
			e.OriginalID = fmt.Sprint(e.OriginalID, " of ", n)
			e.TransactionID = fmt.Sprint(e.TransactionID, " of ", n)
			t.hears(e, fmt.Sprint("subscriber ", n))
		}
		facts, err := t.ledger.Facts(t.Context(), fmt.Sprint("subscriber ", n), "")
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
	t.lastsUntil("an earlier charge was given back", end.Add(3*day))
	part := refund(second, "2.00")
	part.CreatedAt = hourOf(4)
	t.hears(part, ada)
	t.lastsUntil("a part was given back", end.Add(3*day))
	t.hears(giveBack(second, 5), ada)
	t.runsNot("the latest charge was given back")
	t.hears(said(4, "active", "active", end), ada)
	t.runsNot("an older update came late")
	t.hears(said(6, "active", "passive", end), ada)
	t.lastsUntil("a later update says that it runs to its end", end)
	t.hears(said(7, "active", "active", end), ada)
	t.lastsUntil("a later update says that it goes on", end.Add(3*day))
}

// statesOfAll: a state holds for everybody whom its payments and updates named.
func (t *teller) statesOfAll() {
	end := time.Now().Truncate(time.Second).Add(20 * day)
	t.hears(charge(1, "t1", "start_paid", end), bob, ada)
	t.hears(said(2, "active", "passive", end), bob)
	t.lastsUntil("ada, whom the link was for", end)
}
