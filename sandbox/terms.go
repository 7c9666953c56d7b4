package sandbox

import (
	"cmp"
	"math/big"
)

// terms are what may be said about one payment, and what of it holds for the
// whole purchase.
type terms struct {
	// of one payment
	subscriber string
	trial      bool
	charge     *charge

	// of the purchase, its renewals included
	quantity int
	discount *Discount
	atTop    bool
	old      bool
	marked   int // 1: with a mark
	testMode bool
}

// charge is a price that no catalog has.
type charge struct{ price, currency string }

// Discount is a discount code that the shopper types on the page.
//
// https://docs.zotlo.com/features/products-and-plans/discounts
type Discount struct {
	// Code is what was typed.
	Code string
	// Percent is taken off, 1 to 100.
	Percent int
	// Recurring cuts every renewal, too. Without it the first charge alone is
	// cut: that after a free trial, if there is one.
	Recurring bool
}

// PayOption changes one payment, before its webhooks are written.
type PayOption func(*terms)

// As lets somebody else pay than the link was created for: the page allows it, and
// for a guest it must be said. Any text is taken.
func As(subscriberID string) PayOption {
	return func(t *terms) { t.subscriber = subscriberID }
}

// Trial begins a subscription with a trial, of seven days and free unless the
// base link says otherwise; Renew charges for the first time. One-time payments
// have none.
func Trial() PayOption { return func(t *terms) { t.trial = true } }

// Charge takes another price than the link showed. Both texts are sent as they
// are: a test can have a client meet prices that make no sense.
func Charge(price, currency string) PayOption {
	return func(t *terms) { t.charge = &charge{price, currency} }
}

// Quantity buys n pieces. It holds for the renewals too, until one of them says
// another.
func Quantity(n int) PayOption { return func(t *terms) { t.quantity = max(n, 1) } }

// WithDiscount pays less. Webhooks name the code in coupon_campaign; the names
// inside are made up, as Zotlo publishes none.
func WithDiscount(d Discount) PayOption {
	d.Percent = min(max(d.Percent, 0), 100)
	return func(t *terms) { t.discount = &d }
}

// InTestMode sells in Zotlo's test mode: reads find the sale with isSandbox=true
// only. Its webhooks look as those of live sales do. It holds for the whole
// purchase. A link that was created with Config.TestApplicationKey sells so by
// itself.
func InTestMode() PayOption { return func(t *terms) { t.testMode = true } }

// ParametersAtTop puts the custom parameters directly into custom_parameters,
// in place of Zotlo's own record with its merchantParameters. It holds for the
// refund and the renewals of the payment too.
func ParametersAtTop() PayOption { return func(t *terms) { t.atTop = true } }

// Sample2020 writes the webhooks as the oldest published samples do: no
// requestID and no eventType, createDate as a string, appId as a string, price
// as a number. It holds for the refund and the renewals of the payment too.
func Sample2020() PayOption { return func(t *terms) { t.old = true } }

// MarkedAsSandbox is InTestMode with a mark: the payment, refund and status
// webhooks carry "isSandbox": 1 in their parameters. It holds for the renewals
// of the payment too. The registration webhook stays as it is.
//
// The name is a guess: Zotlo's reads take isSandbox (Get Payment Details), and
// no published webhook sample has a mark at all.
func MarkedAsSandbox() PayOption {
	return func(t *terms) { t.marked, t.testMode = 1, true }
}

// with applies the options of one payment.
func (t terms) with(opts []PayOption) terms {
	t.subscriber, t.trial, t.charge = "", false, nil
	for _, opt := range opts {
		opt(&t)
	}
	t.quantity = max(t.quantity, 1)
	return t
}

// bill prices a payment: pieces, discount, and what Charge says instead. It
// reports whether the discount was used.
func (t terms) bill(p *Payment, unit, currency string) (discounted bool) {
	p.UnitPrice, p.Quantity = twoDecimals(unit), t.quantity
	p.Price, p.Currency = p.UnitPrice, currency
	total := new(big.Rat).Mul(amountOf(unit), big.NewRat(int64(t.quantity), 1))
	if d := t.discount; d != nil && d.Percent > 0 && total.Sign() > 0 {
		total.Mul(total, big.NewRat(int64(100-d.Percent), 100))
		p.Coupon, discounted = d.Code, true
	}
	if discounted || t.quantity > 1 {
		p.Price = total.FloatString(2)
	}
	if t.charge != nil {
		p.Price, p.Currency = t.charge.price, cmp.Or(t.charge.currency, currency)
	}
	return discounted
}
