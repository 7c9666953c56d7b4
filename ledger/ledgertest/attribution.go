package ledgertest

import (
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// madeNow is the attribution of a link that is made now, by a page that quoted 9.99 EUR.
func madeNow(campaign, random string) ledger.Attribution {
	return ledger.Attribution{
		Campaign: campaign, Random: random, Minute: ledger.MinuteOf(time.Now()),
		Quote: "9.99", QuoteCurrency: "EUR",
	}
}

// under puts a payment under a link, bought so long after now.
func under(a ledger.Attribution, e zotlo.Event, after time.Duration) zotlo.Event {
	e.Checkout, e.PackageID = []string{secrets.Sign(a)}, "pro"
	e.PurchasedAt = time.Now().Add(after)
	return e
}

// of makes a payment a later one of an original transaction.
func of(original, kind string, e zotlo.Event) zotlo.Event {
	e.OriginalID, e.Type, e.Status, e.PaymentType = original, kind, kind, "subscription"
	return e
}

// sells hears a payment that counts, and wants it to be of this type and campaign.
func (t *teller) sells(kind, campaign string, e zotlo.Event, payer string) *ledger.Payment {
	t.Helper()
	p := t.hears(e, payer).Payment
	if p == nil {
		t.Fatalf("%s does not count", e.TransactionID)
	}
	if p.Type != kind || p.Campaign != campaign {
		t.Errorf("%s is a %s of %q, want a %s of %q", e.TransactionID, p.Type, p.Campaign, kind,
			campaign)
	}
	return p
}

// isLike wants a payment to differ in these ways from what was said before it.
func (t *teller) isLike(p *ledger.Payment, kinds ...string) {
	t.Helper()
	if !slices.Equal(p.Mismatches, kinds) {
		t.Errorf("mismatches %v, want %v", p.Mismatches, kinds)
	}
}

// upsell: something else under the same link is no second first purchase, and has no price that
// anybody quoted. The same again is a sale.
func (t *teller) upsell() {
	link := madeNow("pro", "r1")
	t.isLike(t.sells("start_paid", "pro", under(link, payment("t1", ""), 0), ada))
	extra := under(link, payment("t2", ""), time.Minute)
	extra.PackageID, extra.Price, extra.OriginalID = "extra", "4.50", "t2"
	t.isLike(t.sells("upsell", "pro", extra, ada))
	again := under(link, payment("t3", ""), time.Minute)
	again.Price = "4.50"
	t.isLike(t.sells("start_paid", "pro", again, ada), "quote_price")
	// A plan that was sold after something is renewed as what it is, and compared with nothing.
	paid := of("t2", "trial_to_paid", payment("t4", ""))
	paid.Price = "4.50"
	t.isLike(t.sells("trial_to_paid", "pro", paid, ada))
	// Another package under the original transaction of the first is no first charge either.
	extra.TransactionID, extra.OriginalID = "t5", "t1"
	t.isLike(t.sells("start_paid", "pro", extra, ada))
}

// upsellFirst: webhooks come in any order, and the instant of the purchase says which was first.
func (t *teller) upsellFirst() {
	link := madeNow("pro", "r1")
	extra := under(link, payment("t2", ""), time.Minute)
	extra.PackageID = "extra"
	t.sells("start_paid", "pro", extra, ada) // nobody can know better yet
	first := under(link, payment("t1", ""), 0)
	first.Price = "8.88"
	t.isLike(t.sells("start_paid", "pro", first, ada), "quote_price")
	extra.TransactionID = "t3"
	t.sells("upsell", "pro", extra, ada)
}

// stale: a text that left its link attributes nothing. Who bought too late does not spend it.
func (t *teller) stale() {
	link := madeNow("pro", "r1")
	late := under(link, payment("t1", ""), 3*time.Hour+2*time.Minute)
	if p := t.sells("start_paid", "", late, bob); !p.Stale || p.Mismatches != nil {
		t.Errorf("a purchase after three hours is not stale: %+v", p)
	}
	if p := t.sells("start_paid", "pro", under(link, payment("t2", ""), 0), ada); p.Stale {
		t.Error("a purchase that was stale has spent the link")
	}
	other := under(link, payment("t3", ""), time.Minute)
	if p := t.sells("start_paid", "", other, bob); !p.Stale {
		t.Error("another payer's purchase under one link is not stale")
	}
	t.hasPaid(true, bob, "anything") // the money counts, for whatever it was
	// What was bought before the link was made, by a clock that is wrong, is none.
	early := under(madeNow("pro", "r2"), payment("t4", ""), -time.Hour)
	if p := t.sells("start_paid", "pro", early, ada); p.Stale {
		t.Error("a purchase before the link was made is stale")
	}
	t.sells("renewal", "", of("t1", "renewal", under(link, payment("t5", ""), 0)), bob)
}

// renewals: what follows a first charge is for what that one was for, whatever its own text says.
func (t *teller) renewals() {
	first := under(madeNow("pro", "r1"), of("t1", "trial", payment("t1", "")), 0)
	t.isLike(t.sells("trial", "pro", first, ada))
	paid := under(madeNow("basic", "r2"), of("t1", "trial_to_paid", payment("t2", "")), 8*day)
	paid.Price = "8.88"
	t.isLike(t.sells("trial_to_paid", "pro", paid, ada), "quote_price")
	renewed := under(madeNow("basic", "r2"), of("t1", "renewal", payment("t3", "")), 40*day)
	renewed.Price = "7.77" // an older price
	t.isLike(t.sells("renewal", "pro", renewed, ada))
	back := t.hears(refund(renewed, "")).Refunds[0]
	if back.Campaign != "pro" || back.Type != "renewal" {
		t.Errorf("the refund is of %q", back.Campaign)
	}
}

// unknownOriginal: where the first charge is not known, a later one has its own text, of any age.
// The first charge, once it is heard of, has its own.
func (t *teller) unknownOriginal() {
	old := madeNow("pro", "r1")
	paid := of("t1", "trial_to_paid", under(old, payment("t2", ""), 9*day))
	t.sells("trial_to_paid", "pro", paid, ada)
	bare := of("t1", "renewal", payment("t3", ""))
	t.sells("renewal", "pro", bare, ada)
	trial := under(madeNow("basic", "r2"), of("t1", "trial", payment("t1", "")), 0)
	t.sells("trial", "basic", trial, ada)
	t.sells("renewal", "basic", of("t1", "renewal", payment("t4", "")), ada)
}

// forged: a text that does not prove itself attributes nothing, and no more does one that was cut.
func (t *teller) forged() {
	text := secrets.Sign(madeNow("pro", "r1"))
	mac := strings.LastIndex(text, "&h=")
	for i, wrong := range []string{
		strings.Replace(text, "c=pro", "c=free", 1),
		text[:len(text)-1],
		text[:mac],
		text[:mac] + "&h=",
		text[:mac] + "&z=1" + text[mac:],
		strings.ToUpper(text),
	} {
		e := payment("t"+string(rune('a'+i)), "")
		e.Checkout = []string{wrong}
		t.sells("start_paid", "", e, ada)
	}
	e := payment("t1", "")
	e.Checkout = []string{text[:mac], text} // the second place holds it whole
	t.sells("start_paid", "pro", e, ada)
}

// versionOne: a text of version 1 proves nothing and is believed, but for what it cannot have said.
func (t *teller) versionOne() {
	e := payment("t1", "")
	e.Checkout = []string{"c=pro&e=price&v=cheaper&p=8.88&u=EUR&s=x&r=y&q=1.00&k=EUR&a=partner"}
	p := t.sells("start_paid", "pro", e, ada)
	t.isLike(p, "price")
	if p.Experiment != "price" || p.Variant != "cheaper" || p.Partner != "" {
		t.Errorf("it is for %+v", p.Source)
	}
}

// quantities: a price is that of one, and a discount is the shopper's.
func (t *teller) quantities() {
	for i, c := range []struct {
		price      string
		quantity   int
		discounted bool
		want       []string
	}{
		{"29.97", 3, false, nil},
		{"29.970", 3, false, nil},
		{"29.96", 3, false, []string{"quote_price"}},
		{"9.99", 3, false, []string{"quote_price"}},
		{"9.99", 0, false, nil},
		{"4.99", 1, true, nil},
		{"", 1, false, nil},
	} {
		e := under(madeNow("pro", "r"+string(rune('a'+i))), payment("t"+string(rune('a'+i)), ""), 0)
		e.Price, e.Quantity, e.Discounted = c.price, c.quantity, c.discounted
		p := t.sells("start_paid", "pro", e, ada)
		t.isLike(p, c.want...)
		if p.Discounted != c.discounted {
			t.Errorf("case %d is discounted: %v", i, p.Discounted)
		}
	}
}

// quotes: amounts of two currencies are not compared, and neither is what has a price of its own.
func (t *teller) quotes() {
	for i, c := range []struct {
		kind, price, currency string
		want                  []string
	}{
		{"start_paid", "9.99", "EUR", nil},
		{"start_paid", "9.98", "EUR", []string{"quote_price"}},
		{"consumable", "9.98", "USD", []string{"quote_currency"}},
		{"start_paid", "9.98", "", nil},
		{"trial", "1.00", "USD", nil},
		{"renewal", "1.00", "USD", nil},
	} {
		e := under(madeNow("pro", "r"+string(rune('a'+i))), payment("t"+string(rune('a'+i)), ""), 0)
		e.Type, e.Status, e.Price, e.Currency = c.kind, c.kind, c.price, c.currency
		t.isLike(t.sells(c.kind, "pro", e, ada), c.want...)
	}
}
