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
