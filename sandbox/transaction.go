package sandbox

import (
	"math/big"
	"strconv"
	"time"
)

// transaction is the parameters of payments and refunds. The types that differ
// between the two published samples are any.
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/payments-webhook
// https://docs.zotlo.com/integrating-zotlo/webhooks/refunds-webhook
type transaction struct {
	ID                    any     `json:"id"`
	PaymentType           string  `json:"payment_type"`
	OriginalTransactionID string  `json:"original_transaction_id"`
	TransactionID         string  `json:"transaction_id"`
	PackageID             string  `json:"package_id"`
	TeamID                int     `json:"team_id"`
	AppID                 int     `json:"app_id"`
	Status                string  `json:"status"`
	CreateDate            string  `json:"create_date"`
	PurchaseDate          string  `json:"purchase_date"`
	OriginalPurchaseDate  string  `json:"original_purchase_date"`
	ExpireDate            string  `json:"expire_date"`
	Price                 any     `json:"price"`
	Currency              string  `json:"currency"`
	Country               string  `json:"country"`
	SubscriberID          string  `json:"subscriber_id"`
	CreditCard            string  `json:"credit_card"`
	RefundPrice           *string `json:"refund_price"`
	RefundDate            *string `json:"refund_date"`
	RefundReason          *string `json:"refund_reason"`
	IsRefund              any     `json:"is_refund"`
	ProviderID            int     `json:"provider_id"`
	ProviderTransactionID string  `json:"provider_transaction_id"`
	ProviderStatus        string  `json:"provider_status"`
	ProviderName          string  `json:"provider_name"`
	Comment               *string `json:"comment"`
	Quantity              int     `json:"quantity"`
	PackagePrice          any     `json:"package_price"`
	SubscriptionID        any     `json:"subscription_id"`
	CustomParameters      any     `json:"custom_parameters"`
	IsTransfer            *string `json:"is_transfer"`
	JSONPayload           *string `json:"json_payload,omitempty"`
	CouponCampaign        any     `json:"coupon_campaign,omitempty"`
	IsSandbox             int     `json:"isSandbox,omitempty"` // a guess, see MarkedAsSandbox
}

// newTransaction describes a payment, with the types of the payments webhook.
func newTransaction(p *payment, d Doubts) transaction {
	at := p.At.UTC().Format(dateTime)
	t := transaction{
		ID:                    strconv.Itoa(p.rowID),
		PaymentType:           p.PaymentType,
		OriginalTransactionID: p.OriginalTransactionID,
		TransactionID:         p.TransactionID,
		PackageID:             p.PackageID,
		TeamID:                teamID,
		AppID:                 appID,
		Status:                p.Status,
		CreateDate:            at,
		PurchaseDate:          at,
		OriginalPurchaseDate:  p.sale.original.At.UTC().Format(dateTime),
		ExpireDate:            p.ExpiresAt.UTC().Format(dateTime),
		Price:                 p.Price,
		Currency:              p.Currency,
		Country:               country,
		SubscriberID:          p.SubscriberID,
		CreditCard:            "411111******1111",
		IsRefund:              "0",
		ProviderID:            1,
		ProviderTransactionID: "sandbox-" + p.TransactionID,
		ProviderStatus:        "success",
		ProviderName:          "Credit Card",
		Quantity:              p.Quantity,
		PackagePrice:          number(packagePrice(p, d)),
		SubscriptionID:        strconv.Itoa(p.sale.subscriptionID),
		CustomParameters:      p.sale.customParameters(d),
		CouponCampaign:        coupon(p, d),
		IsSandbox:             p.sale.terms.marked,
	}
	// The sample of 2020 has numbers for prices; the newer one has texts.
	if p.sale.terms.old {
		t.Price = number(p.Price)
	}
	return t
}

// packagePrice is the price of one piece, or of all of them.
func packagePrice(p *payment, d Doubts) string {
	if !d.PackagePriceIsTotal {
		return p.UnitPrice
	}
	// Exactly: three pieces of 0.10 are 0.30, which binary floats do not give.
	total := new(big.Rat).Mul(amountOf(p.UnitPrice), big.NewRat(int64(p.Quantity), 1))
	return total.FloatString(2)
}

// coupon describes the discount of a payment; nil if there was none. The names
// in it are made up.
func coupon(p *payment, d Doubts) any {
	if p.Coupon == "" {
		return nil
	}
	c := map[string]any{"code": p.Coupon, "type": "rate"}
	if d.CouponIsArray {
		return []any{c}
	}
	return c
}

// paymentBody writes the webhook of a payment that succeeded. Zotlo sends none
// for one that failed.
func paymentBody(p *payment, d Doubts, id string, now time.Time) any {
	return webhook{
		newQueue(p.sale.terms.old, id, "TransactionInsert", "transaction", now),
		newTransaction(p, d),
	}
}

// refundBody writes the newest refund of a payment. It differs from a payment in
// more than its values: ids and flags are numbers here, the package price is a
// string.
func refundBody(p *payment, d Doubts, id string, now time.Time) any {
	t := newTransaction(p, d)
	amount, payload := p.refund.Amount, "{}"
	if d.RefundIsSum {
		amount = p.RefundedPrice
	}
	date := p.refund.At.UTC().Format(dateTime)
	// From here on, the types are those of the published sample of a refund.
	t.ID = p.rowID
	t.IsRefund = 1
	t.RefundPrice = &amount
	t.RefundDate = &date
	t.RefundReason = &p.refund.Reason
	t.PackagePrice = packagePrice(p, d)
	t.SubscriptionID = p.sale.subscriptionID
	t.JSONPayload = &payload
	return webhook{newQueue(p.sale.terms.old, id, "TransactionRefund", "refund", now), t}
}
