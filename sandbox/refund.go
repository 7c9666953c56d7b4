package sandbox

import (
	"cmp"
	"errors"
	"math/big"
)

// The reasons of a refund, as the sandbox gives them. Zotlo's Dashboard has
// ChargebackReason among its reasons (Refunds & Disputes).
const (
	RefundReason     = "requested by customer"
	ChargebackReason = "chargeback_dispute"
)

// Why money cannot be given back.
var (
	// ErrRefunded: all of it was given back before.
	ErrRefunded = errors.New("sandbox: payment is refunded")
	// ErrRefundAmount: the part is no such amount, or is more than is left.
	ErrRefundAmount = errors.New("sandbox: a part to refund must be more than 0, " +
		"with two decimals at most, and no more than what is left of the payment")
)

// Refund gives back what is left of the money of one payment and sends the
// refund webhook. Its errors are ErrNoPayment and, where nothing is left,
// ErrRefunded.
func (b *books) Refund(transactionID string) (Payment, error) {
	return b.refund(transactionID, RefundReason, rest)
}

// RefundPart gives a part of the money back, such as "2.00" of 9.99, and sends
// the refund webhook: refund_price is the part, price still the whole
// ([Doubts].RefundIsSum: refund_price is the sum so far). The amount is in the
// payment's currency. Parts can follow each other until nothing is left; only
// then is the payment Refunded. The webhook's refund_date counts in seconds:
// between equal parts, move the clock.
//
// Its errors are ErrNoPayment, ErrRefunded and ErrRefundAmount. Zotlo publishes
// no sample of such a refund; that its fields are these follows from their
// names.
func (b *books) RefundPart(transactionID, amount string) (Payment, error) {
	return b.refund(transactionID, RefundReason, func(p *payment) (string, error) {
		if !pricePattern.MatchString(amount) {
			return "", ErrRefundAmount
		}
		part := amountOf(amount)
		if part.Sign() == 0 || part.Cmp(p.left()) > 0 {
			return "", ErrRefundAmount
		}
		return part.FloatString(2), nil
	})
}

// ChargeBack takes back what is left of a payment in the name of the bank: a
// refund with ChargebackReason. A subscription ends with it, and no webhook but
// the refund's says so. Its errors are those of Refund.
func (b *books) ChargeBack(transactionID string) (Payment, error) {
	return b.refund(transactionID, ChargebackReason, func(p *payment) (string, error) {
		p.sale.note(EventGraceToPassive, b.clock.now())
		return rest(p)
	})
}

// rest is all that is left of a payment's money.
func rest(p *payment) (string, error) {
	if p.RefundedPrice == "" {
		return p.Price, nil // as it is written
	}
	return p.left().FloatString(2), nil
}

// refund gives back the part of a payment that choose says.
func (b *books) refund(
	id, reason string, choose func(*payment) (string, error),
) (Payment, error) {
	return b.commit(func() (*payment, []*event, error) {
		p, ok := b.payments.get(id)
		switch {
		case !ok:
			return nil, nil, ErrNoPayment
		case p.Refunded:
			return nil, nil, ErrRefunded
		}
		part, err := choose(p)
		if err != nil {
			return nil, nil, err
		}
		sum := new(big.Rat).Add(amountOf(p.RefundedPrice), amountOf(part))
		p.RefundedPrice = sum.FloatString(2)
		p.Refunded = p.left().Sign() <= 0
		b.lastID++
		p.refund = &Refund{
			ID: b.lastID, TransactionID: id, Amount: part, Reason: reason, At: b.clock.now(),
		}
		b.refunds.push(refunded{*p.refund, p, cmp.Or(p.RefundedPrice, part)})
		return p, b.tell(KindRefund, p, refundBody), nil
	})
}

// left is what can still be given back of a payment.
func (p *payment) left() *big.Rat {
	return new(big.Rat).Sub(amountOf(p.Price), amountOf(p.RefundedPrice))
}
