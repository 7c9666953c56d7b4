package sandbox

import (
	"strings"
	"time"
	"unicode"
)

// exported is a record of an export with what it is found and ordered by.
type exported struct {
	created   time.Time
	rowID     int
	testMode  bool
	packageID string
	write     func() record
}

// lister lists what an export has: all of it, in no order. b.mu is held, and
// while it is, the records can be written.
type lister func(b *books, now time.Time, d Doubts) []exported

// paymentRecords are the payments, by the day on which they were made.
func paymentRecords(b *books, _ time.Time, d Doubts) []exported {
	list := make([]exported, 0, len(b.payments.values))
	for p := range b.payments.all() {
		list = append(list, exported{p.At, p.rowID, p.TestMode, p.PackageID, func() record {
			r := moneyRecord(p, d)
			r["refund_price"] = nil
			if p.RefundedPrice != "" {
				r["refund_price"] = amount(p.RefundedPrice)
			}
			return r
		}})
	}
	return list
}

// refundRecords are the refunds, by the day on which they were given.
func refundRecords(b *books, _ time.Time, d Doubts) []exported {
	list := make([]exported, 0, len(b.refunds.values))
	for f := range b.refunds.all() {
		p := f.of
		list = append(list, exported{f.At, f.ID, p.TestMode, p.PackageID, func() record {
			r := moneyRecord(p, d)
			r["id"] = f.ID
			r["create_date"] = f.At.UTC().Format(dateTime)
			r["refund_date"] = f.At.UTC().Format(dateTime)
			r["refund_reason"] = f.Reason
			r["refund_price"] = amount(f.Amount)
			// Whether a record has each refund or their sum is not published: a client must bear both.
			if d.RefundIsSum {
				r["refund_price"] = amount(f.sum)
			}
			return r
		}})
	}
	return list
}

// subscriptionRecords are the subscriptions as they stand now, by the day on
// which they began.
func subscriptionRecords(b *books, now time.Time, d Doubts) []exported {
	list := make([]exported, 0, len(b.subscriptions.values))
	for s := range b.subscriptions.all() {
		created := exported{
			s.original.At, s.subscriptionID, s.terms.testMode, s.product.PackageID, nil,
		}
		created.write = func() record { return subscriptionRecord(s.subscription(now, d)) }
		list = append(list, created)
	}
	return list
}

// moneyRecord is what payments and refunds have in common. Custom parameters are
// in no record. riskScore is a member that nobody documents: a client has to
// pass over what it does not know.
func moneyRecord(p *payment, d Doubts) record {
	at := p.At.UTC().Format(dateTime)
	return record{
		"id":                      p.rowID,
		"team_id":                 teamID,
		"app_id":                  appID,
		"package_id":              p.PackageID,
		"subscriber_id":           p.SubscriberID,
		"subscription_id":         p.sale.subscriptionID,
		"transaction_id":          p.TransactionID,
		"original_transaction_id": p.OriginalTransactionID,
		"payment_type":            p.PaymentType,
		"status":                  p.Status,
		"price":                   amount(p.Price),
		"package_price":           amount(packagePrice(p, d)),
		"quantity":                p.Quantity,
		"currency":                p.Currency,
		"country":                 country,
		"create_date":             at,
		"purchase_date":           at,
		"original_purchase_date":  p.sale.original.At.UTC().Format(dateTime),
		"expire_date":             p.ExpiresAt.UTC().Format(dateTime),
		"provider_name":           "Credit Card",
		"risk_score":              nil,
	}
}

// subscriptionRecord has the names of a profile.
func subscriptionRecord(s SubscriptionState) record {
	r := record{
		"team_id":                 teamID,
		"app_id":                  appID,
		"subscription_id":         s.ID,
		"subscriber_id":           s.SubscriberID,
		"package_id":              s.PackageID,
		"status":                  s.Status,
		"real_status":             s.RealStatus,
		"subscription_type":       s.Type,
		"start_date":              s.StartedAt.UTC().Format(dateTime),
		"expire_date":             s.ExpiresAt.UTC().Format(dateTime),
		"renewal_date":            s.ExpiresAt.UTC().Format(dateTime),
		"cancellation_date":       dateOrNil(s.CanceledAt),
		"freeze_end_date":         dateOrNil(s.PausedUntil),
		"original_transaction_id": s.OriginalTransactionID,
		"last_transaction_id":     s.LastTransactionID,
		"quantity":                s.Quantity,
		"country":                 country,
		"risk_score":              nil,
	}
	return r
}

// named writes the names of an export's record: camelCase, unless Doubts want
// them like_this.
func (r record) named(d Doubts) record {
	if d.ExportSnakeCase {
		return r
	}
	camel := make(record, len(r))
	for name, value := range r {
		camel[camelCase(name)] = value
	}
	return camel
}

// camelCase writes transaction_id as transactionId.
func camelCase(name string) string {
	var out strings.Builder
	upper := false
	for _, c := range name {
		switch {
		case c == '_':
			upper = true
		case upper:
			out.WriteRune(unicode.ToUpper(c))
			upper = false
		default:
			out.WriteRune(c)
		}
	}
	return out.String()
}
