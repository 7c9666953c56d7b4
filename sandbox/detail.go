package sandbox

import (
	"net/url"
	"time"
)

// detail is GET /v1/transaction/detail: one payment, found by its id in the
// world that isSandbox names. Without isSandbox it is the live one.
func detail(b *books, q url.Values, d Doubts) answer {
	id := q.Get("transactionId")
	if id == "" {
		return invented(CodeInventedQuery, "transactionId is required").answer(d)
	}
	testMode, known := map[string]bool{
		"": false, "false": false, "0": false, "true": true, "1": true,
	}[q.Get("isSandbox")]
	if !known || d.WorldRequired && q.Get("isSandbox") == "" {
		return invented(CodeInventedQuery, "isSandbox must be true or false").answer(d)
	}
	found, ok := b.detail(id, testMode, d)
	if !ok {
		return invented(CodeInventedTransaction, "unknown transactionId").answer(d)
	}
	return goodAnswer(found)
}

// detailResult is the result of transaction detail.
type detailResult struct {
	Transaction record `json:"transaction"`
	Log         any    `json:"transactionLog"`
}

// detail describes a payment of one world that is old enough to be known.
func (b *books) detail(id string, testMode bool, d Doubts) (result detailResult, ok bool) {
	b.read(func(now time.Time) {
		var p *payment
		p, ok = b.payments.get(id)
		if ok = ok && p.TestMode == testMode && now.Sub(p.At) >= time.Duration(d.DetailAfter); ok {
			result.Transaction = detailOf(p, d)
		}
	})
	result.Log = map[string]any{"code": "00", "message": "success"}
	if d.LogIsArray {
		result.Log = []any{result.Log}
	}
	return result, ok
}

// detailOf writes a payment as transaction detail does: its names are those of
// the webhook, but for subscriptionId, and some types differ. Where the
// published sample ends (quantity, refunds, discount) they are those of the
// webhook.
func detailOf(p *payment, d Doubts) record {
	t := newTransaction(p, d)
	r := record{
		"id":                      p.rowID,
		"payment_type":            t.PaymentType,
		"original_transaction_id": t.OriginalTransactionID,
		"transaction_id":          t.TransactionID,
		"subscriber_id":           t.SubscriberID,
		"provider_transaction_id": t.ProviderTransactionID,
		"provider_name":           t.ProviderName,
		"package_id":              t.PackageID,
		"status":                  t.Status,
		"purchase_date":           t.PurchaseDate,
		"original_purchase_date":  t.OriginalPurchaseDate,
		"expire_date":             t.ExpireDate,
		"price":                   amount(p.Price),
		"currency":                t.Currency,
		"country":                 t.Country,
		"subscriptionId":          p.sale.subscriptionID,
		"custom_parameters":       t.CustomParameters,
	}
	if !d.BareDetail {
		r["quantity"] = p.Quantity
		r["package_price"] = amount(packagePrice(p, d))
		r["is_refund"] = 0
		r["refund_price"], r["refund_date"], r["refund_reason"] = nil, nil, nil
		if p.refund != nil {
			r["is_refund"] = 1
			r["refund_price"] = amount(p.RefundedPrice)
			r["refund_date"] = p.refund.At.UTC().Format(dateTime)
			r["refund_reason"] = p.refund.Reason
		}
		r["coupon_campaign"] = t.CouponCampaign
	}
	return r.typed(d)
}
