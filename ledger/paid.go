package ledger

import (
	"context"
	"strconv"
	"time"
)

// PaidRecently reports whether a payment of the subscriber, for this campaign or for none, is less
// than within old. What cannot be looked up was not paid: a second checkout is better than none.
func (l *Ledger) PaidRecently(
	ctx context.Context, subscriber, campaign string, within time.Duration, now time.Time,
) bool {
	for _, campaign := range [...]string{campaign, ""} {
		value, found, err := l.shared.Recall(ctx, paidKey(subscriber, campaign))
		if err != nil {
			if ctx.Err() == nil { // else the shopper left, and nothing failed
				l.failed(err)
			}
			return false
		}
		at, err := strconv.ParseInt(value, 10, 64)
		if found && err == nil && now.Before(time.Unix(at, 0).Add(within)) {
			return true
		}
	}
	return false
}

// notePayment notes when a subscriber paid for a campaign, or for none. A payment that was given back
// stays so, though its own webhook is repeated after its refund.
func (l *Ledger) notePayment(ctx context.Context, subscriber string, d Delivery, at time.Time) error {
	if transaction := d.Event.TransactionID; transaction != "" {
		_, refunded, err := l.shared.Recall(ctx, refundedKey(transaction))
		if err != nil || refunded {
			return err
		}
	}
	value := strconv.FormatInt(at.Unix(), 10)
	return l.shared.Remember(ctx, paidKey(subscriber, d.Campaign), value, d.Matters)
}

// noteRefund takes back whatever payment is known: which of a subscription's payments a refund is
// for says nothing of the rest.
func (l *Ledger) noteRefund(ctx context.Context, subscriber string, d Delivery) error {
	if transaction := d.Event.TransactionID; transaction != "" {
		err := l.shared.Remember(ctx, refundedKey(transaction), "1", markLife)
		if err != nil {
			return err
		}
	}
	return l.shared.Remember(ctx, paidKey(subscriber, d.Campaign), "0", d.Matters)
}

func paidKey(subscriber, campaign string) string { return "paid:" + subscriber + ":" + campaign }

func refundedKey(transaction string) string { return "refunded:" + transaction }
