package zotlo

import (
	"slices"
	"strings"
	"time"
)

// Refund is money that was given back for one payment.
type Refund struct {
	Price      string    // as decimal text in major units; empty: not said
	At         time.Time // UTC
	Chargeback bool      // the shopper's bank took it back
}

// readRefund reads what a refund adds to the payment that it is of. A charge-back is a refund with
// one of the reasons that Zotlo keeps for it: chargeback_dispute, chargeback_prevented.
func (e *Event) readRefund(p looseObject) {
	e.RefundPrice = p.price("refund_price", "refundPrice")
	e.RefundedAt = p.time("refund_date", "refundDate")
	e.Chargeback = isChargeback(p.text("refund_reason", "refundReason"))
}

// isChargeback reads the reason of a refund.
func isChargeback(reason string) bool {
	return strings.HasPrefix(strings.ToLower(reason), "chargeback_")
}

// readRefunds reads what a payment's record says about money that was given back. The answer to a
// refund has a refundHistory (the API's "Refund Payment"); nothing is published about where else it
// stands, nor about the names in it.
func (e *Event) readRefunds(holders ...looseObject) {
	record := holders[0]
	e.readRefund(record)
	for _, holder := range holders {
		for _, name := range []string{"refundHistory", "refund_history", "refunds", "refund"} {
			if e.Refunds == nil {
				e.Refunds = readParts(holder, name)
			}
			_, told := holder[name]
			e.RefundsKnown = e.RefundsKnown || told
		}
	}
	e.Refunded = record.flag("is_refund", "isRefund") || isMoney(e.RefundPrice) ||
		len(e.Refunds) > 0
	for _, name := range []string{"is_refund", "isRefund", "refund_price", "refundPrice"} {
		_, told := record[name]
		e.RefundsKnown = e.RefundsKnown || told
	}
}

// readParts reads a list of refunds, or a single one. What has neither an amount nor a date is
// none.
func readParts(holder looseObject, name string) (parts []Refund) {
	values, ok := list(holder[name])
	objects := make([]looseObject, len(values), len(values)+1)
	for i, value := range values {
		objects[i], _ = readObject(value)
	}
	if !ok {
		objects = append(objects, holder.object(name))
	}
	for _, o := range objects {
		part := Refund{
			Price:      o.price("refund_price", "refundPrice", "amount", "price"),
			At:         o.time("refund_date", "refundDate", "create_date", "createDate", "date"),
			Chargeback: isChargeback(o.text("refund_reason", "refundReason", "reason")),
		}
		if part.Price != "" || !part.At.IsZero() {
			parts = append(parts, part)
		}
	}
	slices.SortStableFunc(parts, func(a, b Refund) int { return a.At.Compare(b.At) })
	return parts
}
