package caddymodule

import (
	"context"
	"strconv"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

// rememberPayment notes when a subscriber paid for a campaign, or for none. A payment that was given back stays so, though its own webhook
// is repeated after its refund.
func (a *App) rememberPayment(ctx context.Context, subject linkgen.Subject, campaign, transaction string, at time.Time) error {
	ttl := a.registry.longestAfterPayment(campaign)
	if ttl == 0 {
		return nil
	}
	if transaction != "" {
		if _, refunded, err := a.cache.Recall(ctx, refundedKey(transaction)); err != nil || refunded {
			return err
		}
	}
	return a.cache.Remember(ctx, paidKey(subject, campaign), strconv.FormatInt(at.Unix(), 10), ttl)
}

// rememberRefund takes back whatever payment is known: which of a subscription's payments a refund is for says nothing of the rest.
func (a *App) rememberRefund(ctx context.Context, subject linkgen.Subject, campaign, transaction string) error {
	ttl := a.registry.longestAfterPayment(campaign)
	if ttl == 0 {
		return nil
	}
	if transaction != "" {
		if err := a.cache.Remember(ctx, refundedKey(transaction), "1", onceTTL); err != nil {
			return err
		}
	}
	return a.cache.Remember(ctx, paidKey(subject, campaign), "0", ttl)
}

// longestAfterPayment is how long a payment for the campaign matters; one for none matters to all of them.
func (r registry) longestAfterPayment(campaign string) (longest time.Duration) {
	for name, e := range r.byName {
		if e.afterPayment != nil && (campaign == "" || campaign == name) {
			longest = max(longest, e.afterFor)
		}
	}
	return longest
}

// paidRecently reports whether the subscriber's payment, for this campaign or for none, is recent enough for after_payment.
func (a *App) paidRecently(ctx context.Context, e *entry, subject linkgen.Subject, now time.Time) bool {
	for _, campaign := range [...]string{e.Name(), ""} {
		value, found, err := a.cache.Recall(ctx, paidKey(subject, campaign))
		if err != nil {
			if ctx.Err() == nil { // else the shopper left, and nothing failed
				a.hooks().CacheError(err)
			}
			return false
		}
		at, err := strconv.ParseInt(value, 10, 64)
		if found && err == nil && now.Before(time.Unix(at, 0).Add(e.afterFor)) {
			return true
		}
	}
	return false
}

func paidKey(subject linkgen.Subject, campaign string) string {
	return "paid:" + subject.String() + ":" + campaign
}

func refundedKey(transaction string) string { return "refunded:" + transaction }
