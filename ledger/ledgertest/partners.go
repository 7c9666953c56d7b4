package ledgertest

import (
	"reflect"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// sentBy is a payment of 9.99 EUR under a link of a partner.
func sentBy(partner, transaction string) zotlo.Event {
	a := madeNow("pro", "random of "+transaction)
	a.Partner = partner
	return under(a, payment(transaction, ""), 0)
}

// partners are the numbers of all days that a story can reach.
func (t *teller) partners(l *ledger.Ledger) []ledger.PartnerNumbers {
	t.Helper()
	list, err := l.Partners(t.Context(), time.Now().Add(-40*day), time.Now().Add(40*day), nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// earned wants the numbers of partners to be these.
func (t *teller) earned(want ...ledger.PartnerNumbers) {
	t.Helper()
	if got := t.partners(t.ledger); !reflect.DeepEqual(got, want) {
		t.Errorf("partners have\n%+v, want\n%+v", got, want)
	}
}

// partnerShares: a later percentage is for later payments. A renewal has its partner by the first
// charge, a trial is no charge, and what nobody has sent is nobody's.
func (t *teller) partnerShares() {
	t.shares["MIRA10"] = 1000
	end := time.Now().Add(20 * day)
	trial := of("t1", "trial", sentBy("MIRA10", "t1"))
	trial.Price, trial.ExpiresAt = "0", end
	t.counts(true, trial, ada)
	t.counts(true, of("t1", "trial_to_paid", payment("t2", "")), ada)
	t.shares["MIRA10"] = 2050
	t.counts(true, of("t1", "renewal", payment("t3", "")), ada)
	t.counts(false, of("t1", "renewal", payment("t3", "")), ada)
	dollars := sentBy("MIRA10", "t4")
	dollars.Price, dollars.Currency = "20.00", "USD"
	t.counts(true, dollars, bob)
	t.counts(true, sentBy("ben & co", "t5"), bob)
	t.counts(true, under(madeNow("pro", "r6"), payment("t6", ""), 0), bob)
	t.earned(
		ledger.PartnerNumbers{
			Code: "MIRA10", FirstCharges: 1, Renewals: 1, Currency: "EUR",
			Revenue: "19.98", Refunds: "0.00", Share: "3.04695", // 10 % and 20.5 % of 9.99
		},
		ledger.PartnerNumbers{
			Code: "MIRA10", FirstCharges: 1, Currency: "USD",
			Revenue: "20.00", Refunds: "0.00", Share: "4.10",
		},
		ledger.PartnerNumbers{
			Code: "ben & co", FirstCharges: 1, Currency: "EUR",
			Revenue: "9.99", Refunds: "0.00", Share: "0.00",
		},
	)
}

// partnerRefunds: what the partner got of a payment goes back with it, whatever they get now.
func (t *teller) partnerRefunds() {
	t.shares["MIRA10"] = 1000
	t.hears(refund(payment("t1", ""), "2.00"), ada) // before its payment
	t.counts(true, sentBy("MIRA10", "t1"), ada)
	t.shares["MIRA10"] = 5000
	t.counts(true, refund(payment("t1", ""), "7.99"), ada)
	t.counts(false, refund(payment("t1", ""), "7.99"), ada)
	t.counts(true, sentBy("MIRA10", "t2"), ada)
	t.earned(ledger.PartnerNumbers{
		Code: "MIRA10", FirstCharges: 2, Currency: "EUR",
		Revenue: "19.98", Refunds: "9.99", Share: "4.995",
	})
}

// partnerLinks: a link that nobody paid for is a line without a currency.
func (t *teller) partnerLinks() {
	now := time.Now()
	for range 3 {
		t.ledger.Handed("MIRA10", now)
	}
	t.ledger.Handed("MIRA10", now.Add(-day))
	t.ledger.Handed("ben & co", now)
	t.counts(true, sentBy("MIRA10", "t1"), ada)
	t.ledger.Close() // writes what waits
	t.earned(
		ledger.PartnerNumbers{
			Code: "MIRA10", Links: 4, FirstCharges: 1, Currency: "EUR",
			Revenue: "9.99", Refunds: "0.00", Share: "0.00",
		},
		ledger.PartnerNumbers{
			Code: "ben & co", Links: 1, Revenue: "0.00", Refunds: "0.00", Share: "0.00",
		},
	)
	mira := func(string) string { return "MIRA10" }
	list, err := t.ledger.Partners(t.Context(), now, now, mira)
	if err != nil || len(list) != 1 || list[0].Links != 4 {
		t.Errorf("today, under one name: %+v, %v", list, err)
	}
}

// partnersMove: shares go with their payments, links with their day, and a purge takes neither.
func (t *teller) partnersMove() {
	t.shares["MIRA10"] = 1000
	t.counts(true, sentBy("MIRA10", "t1"), ada)
	t.hears(refund(payment("t1", ""), "2.00"), ada)
	t.hears(refund(sentBy("MIRA10", ""), "1.00"), ada) // of no transaction
	t.ledger.Handed("MIRA10", time.Now())
	t.ledger.Close()
	want := t.partners(t.ledger)
	if len(want) != 1 || want[0].Share != "0.699" {
		t.Fatalf("partners have %+v", want)
	}
	text := t.exported(t.ledger)
	to := t.another(secrets)
	for range 2 {
		t.importInto(to, text)
		if got := t.partners(to); !reflect.DeepEqual(got, want) {
			t.Errorf("after an import partners have\n%+v, want\n%+v", got, want)
		}
	}
	if _, err := to.Purge(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	if got := t.partners(to); !reflect.DeepEqual(got, want) {
		t.Errorf("after a purge partners have\n%+v, want\n%+v", got, want)
	}
}
