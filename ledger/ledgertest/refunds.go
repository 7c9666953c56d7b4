package ledgertest

import "time"

// refundOnce: parts of a payment are told apart by their amount and their date.
func (t *teller) refundOnce() {
	sale := payment("t1", "pro")
	t.counts(true, sale, ada)
	for _, amount := range []string{"2.00", "3.00"} {
		t.counts(true, refund(sale, amount), ada)
		t.counts(false, refund(sale, amount), ada)
	}
	t.counts(false, refund(sale, "2.0"), ada) // the same amount, written otherwise
	later := refund(sale, "2.00")
	later.RefundedAt = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	t.counts(true, later, ada) // the same amount on another day
	t.counts(false, later, ada)
}

// ownTransaction: of two payments for a campaign the one that was given back is gone.
func (t *teller) ownTransaction() {
	first, second := payment("t1", "pro"), payment("t2", "pro")
	t.hears(first, ada)
	t.hears(second, ada)
	t.hears(refund(second, ""), ada)
	t.hasPaid(true, ada, "pro") // the first one stands
	t.hears(refund(first, "9.99"), ada)
	t.hasPaid(false, ada, "pro")
}

// bareRefund: Zotlo may send a refund without custom parameters, and then nobody is named in it.
func (t *teller) bareRefund() {
	t.hears(payment("t1", "pro"), ada, bob)
	t.hears(refund(payment("t1", ""), ""))
	t.hasPaid(false, ada, "pro")
	t.hasPaid(false, bob, "pro")
}

// strayRefund: the transaction decides whose money it was, not what else the webhook says.
func (t *teller) strayRefund() {
	t.hears(payment("t1", "pro"), ada)
	t.hears(payment("t2", "basic"), ada)
	t.hears(refund(payment("t1", "basic"), ""), ada)
	t.hasPaid(false, ada, "pro")
	t.hasPaid(true, ada, "basic")
}

// lateRepeat: webhooks come in any order, so a refund may be the first that is heard of.
func (t *teller) lateRepeat() {
	t.hears(refund(payment("t1", "pro"), ""), ada)
	t.hears(payment("t1", "pro"), ada)
	t.hasPaid(false, ada, "pro")
}

// part: a discount after the sale, written with or without a minus, leaves the payment standing.
func (t *teller) part() {
	sale := payment("t1", "pro")
	t.hears(sale, ada)
	for _, amount := range []string{"2.00", "-3.00"} {
		if news := t.hears(refund(sale, amount), ada); news.Refunds[0].Whole {
			t.Errorf("%s of %s is no part", amount, sale.Price)
		}
	}
	t.hasPaid(true, ada, "pro")
}

// parts: 5.00, 4.98 and 0.01 are the whole price, to the cent.
func (t *teller) parts() {
	sale := payment("t1", "pro")
	t.hears(sale, ada)
	for _, amount := range []string{"5.00", "5.00", "4.98"} { // the second is a repeat of the first
		t.hears(refund(sale, amount), ada)
		t.hasPaid(true, ada, "pro")
	}
	t.hears(refund(sale, "0.01"), ada)
	t.hasPaid(false, ada, "pro")
}

// namelessRefund: without a transaction the newest payment of the campaign is the best guess.
func (t *teller) namelessRefund() {
	t.hears(payment("t1", "pro"), ada)
	t.hears(payment("t2", "basic"), ada)
	t.hears(refund(payment("", "pro"), "1.00"), ada) // a part takes nothing back here either
	t.hasPaid(true, ada, "pro")
	t.hears(refund(payment("", "pro"), ""), ada)
	t.hasPaid(false, ada, "pro")
	t.hasPaid(true, ada, "basic")
	t.hears(refund(payment("", ""), "9.99"), ada)
	t.hasPaid(false, ada, "basic")
}

// early: a refund that is heard of first counts once its payment is known, and with it.
func (t *teller) early() {
	sale := payment("t1", "pro")
	if news := t.hears(refund(sale, "4.00")); !news.Counted || news.Refunds != nil {
		t.Errorf("a refund without its payment counts: %+v", news)
	}
	t.counts(false, refund(sale, "4.00"))
	t.sums(0, 0, 0, 0)
	news := t.hears(sale, ada)
	if news.Payment == nil || len(news.Refunds) != 1 || news.Refunds[0].Whole {
		t.Fatalf("the payment says %+v", news)
	}
	t.sums(1, 9_9900, 0, 4_0000)
	t.counts(false, refund(sale, "4.00"))
	t.sums(1, 9_9900, 0, 4_0000)
}

// neverMore: what is given back is never more than what was paid.
func (t *teller) neverMore() {
	sale := payment("t1", "pro")
	t.hears(sale, ada)
	for _, c := range []struct {
		said, counted string
		whole         bool
	}{{"6.00", "6.00", false}, {"7.00", "3.99", true}, {"1.00", "0.00", false}} {
		got := t.hears(refund(sale, c.said)).Refunds[0]
		if got.Amount.String() != c.counted || got.Whole != c.whole {
			t.Errorf("of %s, %v count (whole %v), want %+v", c.said, got.Amount, got.Whole, c)
		}
	}
	t.sums(1, 9_9900, 1, 9_9900)
}

// oneTransaction: a trial of 1.00 that is paid later under its transaction costs both.
func (t *teller) oneTransaction() {
	trial := payment("t1", "pro")
	trial.Type, trial.Status, trial.Price = "trial", "trial", "1.00"
	paid := payment("t1", "pro")
	paid.Type, paid.Status = "trial_to_paid", "trial_to_paid"
	t.hears(trial, ada)
	t.hears(paid, ada)
	for _, c := range []struct {
		amount string
		whole  bool
	}{{"9.99", false}, {"1.00", true}} {
		got := t.hears(refund(paid, c.amount)).Refunds[0]
		if got.Whole != c.whole || got.Type != "trial_to_paid" {
			t.Errorf("the refund of %s is %+v", c.amount, got)
		}
	}
	t.sums(2, 10_9900, 1, 10_9900)
	t.hasPaid(false, ada, "pro")
}

// unfinished: work beside the ledger failed, so the delivery will be repeated and counts then.
func (t *teller) unfinished() {
	sale := payment("t1", "pro")
	for i, want := range []bool{false, false, true, false} {
		d := delivery(sale, ada)
		d.Unfinished = i < 2
		news, err := t.ledger.Record(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if news.Counted != want || (news.Payment != nil) != want || news.Repeated != (i == 3) {
			t.Errorf("delivery %d says %+v", i, news)
		}
		t.hasPaid(true, ada, "pro") // it is written down in any case
		t.sums(1, 9_9900, 0, 0)
	}
	// Something else of the transaction does not count it.
	d := delivery(payment("t2", "pro"), ada)
	d.Unfinished = true
	if _, err := t.ledger.Record(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if news := t.hears(refund(payment("t2", "pro"), "1.00")); news.Payment != nil {
		t.Error("a refund counts a payment whose webhook will be repeated")
	}
	t.counts(true, payment("t2", "pro"), ada)
}

// sums wants the days to say this in all, money in ten-thousandths.
func (t *teller) sums(payments int64, revenue int64, refunds, refunded int64) {
	t.Helper()
	var got [4]int64
	for _, f := range t.figures(t.ledger) {
		got[0] += f.Payments
		got[1] += int64(f.Revenue)
		got[2] += f.Refunds
		got[3] += int64(f.Refunded)
	}
	if want := [4]int64{payments, revenue, refunds, refunded}; got != want {
		t.Errorf("the days say %v, want %v", got, want)
	}
}
