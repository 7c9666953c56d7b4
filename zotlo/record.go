package zotlo

import "time"

// Record is one row of an export. Its Event has the kind of the export: a payment, a refund, or the
// status of a subscription. Exports have no custom parameters as far as is known, so Checkout is
// empty and a payment's attribution needs Client.Transaction.
type Record struct {
	Event
	// ID is Zotlo's number of the row. It tells two parts of one refund apart.
	ID string
	// The dates of a subscription, beside those in Event.Subscription. UTC.
	StartedAt, RenewsAt, CanceledAt, UpdatedAt time.Time
}

// AsOf is the instant that a record of a subscription tells of: its newest date that is not after
// now. A record has no date of its own change, and a period's end lies ahead.
func (r Record) AsOf(now time.Time) (newest time.Time) {
	for _, t := range []time.Time{
		r.CreatedAt, r.UpdatedAt, r.StartedAt, r.CanceledAt, r.RenewsAt, r.PurchasedAt,
		r.Subscription.ExpiresAt, r.Subscription.FrozenUntil,
	} {
		if t.After(newest) && !t.After(now) {
			newest = t
		}
	}
	return newest
}

// readRecord reads a row of an export of this kind, and reports whether it names what it is about.
//
// All rows are read here, since little is published about them: names in camel case, and the first
// few of them. So names with underscores are read as well, and those that a row has elsewhere.
func readRecord(kind string, o looseObject) (r Record, ok bool) {
	r.Kind = kind
	r.ID = o.text("id")
	r.Sandbox = o.flag(sandboxNames...)
	r.CreatedAt = o.time("createDate", "create_date", "createdAt", "created_at")
	r.Checkout = checkoutTexts(nil, o)
	switch kind {
	case WebhookStatus:
		r.readSubscription(o)
		return r, r.SubscriptionID != "" || r.OriginalID != ""
	case WebhookRefund:
		r.readRefundRow(o)
	default:
		r.readPaymentRow(o)
	}
	return r, r.TransactionID != ""
}

// readPaymentRow reads a payment. The name of its transaction id is not published; where there is
// none, the row's own id is the last guess, and Client.Transaction says whether it is right.
func (r *Record) readPaymentRow(o looseObject) {
	r.readTransaction(o)
	r.readRefunds(o)
	if r.TransactionID == "" {
		r.TransactionID = r.ID
	}
	if r.Price == "" {
		r.Price = o.price("amount")
	}
}

// readRefundRow reads a refund. Its row was created when the money was given back, so that date is
// not the purchase's. Its own id is never a transaction's.
func (r *Record) readRefundRow(o looseObject) {
	r.readTransaction(o)
	r.PurchasedAt = o.time("purchaseDate", "purchase_date")
	if r.RefundPrice == "" {
		r.RefundPrice = o.price("refundAmount", "refund_amount", "amount")
	}
}

// readSubscription reads a subscription as it stands when it is exported.
func (r *Record) readSubscription(o looseObject) {
	r.readProfile(o)
	if r.SubscriptionID == "" && r.ID != "0" {
		r.SubscriptionID = r.ID
	}
	if r.PackageID == "" {
		r.PackageID = o.object("package").text("packageId", "package_id")
	}
	r.Price = o.price("price", "amount")
	r.Currency = letters(o.text("currency"), 3)
	r.StartedAt = o.time("startDate", "start_date")
	r.RenewsAt = o.time("renewalDate", "renewal_date")
	r.CanceledAt = firstTime(
		o.time("cancellationDate", "cancellation_date", "cancelDate", "cancel_date"),
		o.object("cancellation").time("date"),
	)
	r.UpdatedAt = o.time("updateDate", "update_date", "updatedAt", "updated_at")
}
