package ledgertest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// byOffer is the attribution of a link that a signed offer led to.
func byOffer(id, random string) ledger.Attribution {
	a := madeNow("winback", random)
	a.Offer = ledger.OfferHash(id)
	return a
}

// offerIs wants it to be known whether an offer was paid, and whether it was revoked.
func (t *teller) offerIs(spent, revoked bool, id string) {
	t.Helper()
	facts, err := t.ledger.Facts(t.Context(), "", ledger.OfferHash(id))
	if err != nil {
		t.Fatal(err)
	}
	if facts.OfferSpent() != spent || facts.OfferRevoked() != revoked {
		t.Errorf("offer %s: spent %v, revoked %v, want %v, %v", id, facts.OfferSpent(),
			facts.OfferRevoked(), spent, revoked)
	}
}

// spending: the first payment by an offer spends it, and nothing else does. A second sale by it is
// money all the same, and is told once.
func (t *teller) spending() {
	t.offerIs(false, false, "o1")
	first := under(byOffer("o1", "r1"), payment("t1", ""), 0)
	t.isLike(t.sells("start_paid", "winback", first, ada))
	t.offerIs(true, false, "o1")
	t.offerIs(false, false, "o2")
	t.counts(false, first, ada)
	again := under(byOffer("o1", "r2"), payment("t2", ""), 0)
	p := t.sells("start_paid", "winback", again, bob)
	t.isLike(p, "offer_spent")
	if p.Amount != 9_9900 || p.Stale {
		t.Errorf("a second payment by an offer is %+v", p)
	}
	t.counts(false, again, bob)
	t.hasPaid(true, bob, "winback")
	// A difference in price is told beside it.
	dear := under(byOffer("o1", "r3"), payment("t3", ""), 0)
	dear.Price = "8.88"
	t.isLike(t.sells("start_paid", "winback", dear, ada), "quote_price", "offer_spent")
	// One look-up tells both of a subscriber and of an offer.
	facts, err := t.ledger.Facts(t.Context(), ada, ledger.OfferHash("o1"))
	if err != nil || !facts.OfferSpent() || !facts.PaidRecently("winback", time.Hour, time.Now()) {
		t.Errorf("a look-up of both: %v", err)
	}
	if facts, err = t.ledger.Facts(t.Context(), "", ""); err != nil || facts.OfferSpent() {
		t.Errorf("a look-up of nothing: %v", err)
	}
}

// spendingTrial: a trial spends its offer, and what it turns into is the same sale.
func (t *teller) spendingTrial() {
	trial := under(byOffer("o1", "r1"), of("t1", "trial", payment("t1", "")), 0)
	t.isLike(t.sells("trial", "winback", trial, ada))
	t.offerIs(true, false, "o1")
	paid := under(byOffer("o1", "r1"), of("t1", "trial_to_paid", payment("t2", "")), 8*day)
	t.isLike(t.sells("trial_to_paid", "winback", paid, ada))
	renewed := under(byOffer("o1", "r1"), of("t1", "renewal", payment("t3", "")), 40*day)
	t.isLike(t.sells("renewal", "winback", renewed, ada))
	// What Zotlo sells after it under the same link is no second use.
	extra := under(byOffer("o1", "r1"), payment("t4", ""), time.Minute)
	extra.PackageID = "extra"
	t.isLike(t.sells("upsell", "winback", extra, ada))
	// A renewal alone, whose first charge nobody has heard of, spends nothing.
	alone := under(byOffer("o2", "r2"), of("t8", "renewal", payment("t9", "")), 0)
	t.sells("renewal", "winback", alone, bob)
	t.offerIs(false, false, "o2")
}

// spentStays: money that is given back makes no offer good again.
func (t *teller) spentStays() {
	first := under(byOffer("o1", "r1"), payment("t1", ""), 0)
	t.hears(refund(first, "")) // heard of before its payment
	t.offerIs(false, false, "o1")
	t.hears(first, ada)
	t.hasPaid(false, ada, "winback")
	t.offerIs(true, false, "o1")
}

// spendingNothing: a text that attributes nothing spends nothing.
func (t *teller) spendingNothing() {
	old := payment("t1", "")
	old.Checkout = []string{"c=winback&o=" + ledger.OfferHash("o1")} // of version 1, which had none
	t.sells("start_paid", "winback", old, ada)
	forged := payment("t2", "")
	forged.Checkout = []string{strings.Replace(secrets.Sign(byOffer("o1", "r1")), "r1", "r2", 1)}
	t.sells("start_paid", "", forged, ada)
	late := under(byOffer("o1", "r1"), payment("t3", ""), 3*time.Hour+2*time.Minute)
	if p := t.sells("start_paid", "", late, ada); !p.Stale {
		t.Error("a purchase after three hours is not stale")
	}
	t.offerIs(false, false, "o1")
	t.isLike(t.sells("start_paid", "winback", under(byOffer("o1", "r1"), payment("t4", ""), 0), bob))
	t.offerIs(true, false, "o1")
}

// revoking: an offer ends when its issuer says so, used or not.
func (t *teller) revoking() {
	revoke := func(id string) {
		t.Helper()
		if err := t.ledger.Revoke(t.Context(), ledger.OfferHash(id)); err != nil {
			t.Fatal(err)
		}
	}
	revoke("o1") // of which nobody has heard
	t.offerIs(false, true, "o1")
	revoke("o1")
	t.offerIs(false, true, "o1")
	// A link that was out by then is payable.
	t.isLike(t.sells("start_paid", "winback", under(byOffer("o1", "r1"), payment("t1", ""), 0), ada))
	t.offerIs(true, true, "o1")
	t.hears(under(byOffer("o2", "r2"), payment("t2", ""), 0), ada)
	revoke("o2")
	t.offerIs(true, true, "o2")
}

// offersMove: an export brings along which offers are spent or revoked, also of a subscriber who was
// purged, and also into a ledger with another key.
func (t *teller) offersMove() {
	t.hears(under(byOffer("o1", "r1"), payment("t1", ""), 0), ada)
	t.hears(under(byOffer("o2", "r2"), payment("t2", ""), 0), bob)
	if _, err := t.ledger.Purge(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	t.offerIs(true, false, "o2")
	if err := t.ledger.Revoke(t.Context(), ledger.OfferHash("o3")); err != nil {
		t.Fatal(err)
	}
	text := t.exported(t.ledger)
	both, err := ledger.NewSecrets(
		[]byte("the secret of somebody else"), []byte("the secret of the stories"))
	if err != nil {
		t.Fatal(err)
	}
	for _, into := range []*ledger.Secrets{secrets, both} {
		t.ledger = t.another(into)
		t.importInto(t.ledger, text)
		if done := t.importInto(t.ledger, text); done.Taken != 0 {
			t.Errorf("a second import has taken %+v", done)
		}
		t.offerIs(true, false, "o1")
		t.offerIs(true, false, "o2")
		t.offerIs(false, true, "o3")
		t.offerIs(false, false, "o4")
		t.counts(false, under(byOffer("o1", "r1"), payment("t1", ""), 0), ada)
		again := under(byOffer("o1", "r9"), payment("t9", ""), 0)
		t.isLike(t.sells("start_paid", "winback", again, bob), "offer_spent")
	}
	damaged := text[:strings.Index(text, "\n")+1] + `{"offer":{"revoked":true}}` + "\n"
	if _, err := t.ledger.Import(t.Context(), strings.NewReader(damaged)); err == nil {
		t.Error("an offer without its hash is taken")
	}
}

// raceForOffer: of many sales by one offer at once, one spends it and all others are told.
func (t *teller) raceForOffer() {
	const sales = 32
	told := make([]*ledger.Payment, sales)
	numbers := make([]int, sales)
	for i := range numbers {
		numbers[i] = i
	}
	Together(numbers, func(i int) {
		id := "t" + strings.Repeat("x", i)
		e := under(byOffer("o1", "r"+id), payment(id, ""), 0)
		e.RequestID = id
		news, err := t.ledger.Record(t.Context(), delivery(e, ada))
		if err != nil {
			t.Error(err)
			return
		}
		told[i] = news.Payment
	})
	again := slices.DeleteFunc(slices.Clone(told), func(p *ledger.Payment) bool {
		return p == nil || !slices.Contains(p.Mismatches, "offer_spent")
	})
	if len(again) != sales-1 {
		t.Errorf("of %d sales by one offer %d found it spent", sales, len(again))
	}
}

// offerRepeat: a delivery that was not finished is told with its repeat, and once.
func (t *teller) offerRepeat() {
	t.hears(under(byOffer("o1", "r1"), payment("t1", ""), 0), ada)
	d := delivery(under(byOffer("o1", "r2"), payment("t2", ""), 0), bob)
	d.Event.RequestID = "one"
	d.Unfinished = true
	if news, err := t.ledger.Record(t.Context(), d); err != nil || news.Payment != nil {
		t.Errorf("an unfinished delivery: %+v, %v", news, err)
	}
	d.Unfinished = false
	news, err := t.ledger.Record(t.Context(), d)
	if err != nil || news.Payment == nil {
		t.Fatal(errors.Join(err, errors.New("the repeat does not count")))
	}
	t.isLike(news.Payment, "offer_spent")
	if e := d.Event; e.Kind == zotlo.WebhookPayment {
		t.counts(false, e, bob)
	}
}
