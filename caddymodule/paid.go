package caddymodule

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

// payment is a subscriber's last one, as it is remembered. The zero time says that it was given back.
type payment struct {
	at          time.Time
	transaction string // empty if Zotlo did not name it
}

// rememberPayment notes a subscriber's payment for a campaign, or for none. One that was given back stays so, though its own webhook is
// repeated after its refund. A refund takes back whatever is known: which of a subscription's payments it is for says nothing of the rest.
func (a *App) rememberPayment(ctx context.Context, subject linkgen.Subject, campaign string, news payment) error {
	ttl := a.registry.longestAfterPayment(campaign)
	if ttl == 0 {
		return nil
	}
	key := paidKey(subject, campaign)
	text, found, err := a.cache.Recall(ctx, key)
	if err != nil {
		return err
	}
	if known, ok := parsePayment(text); found && ok && known.at.IsZero() && known.transaction == news.transaction && news.transaction != "" {
		return nil
	}
	return a.cache.Remember(ctx, key, news.String(), ttl)
}

// String is what parsePayment reads: the time in Unix seconds and the transaction.
func (p payment) String() string {
	at := int64(0)
	if !p.at.IsZero() {
		at = p.at.Unix()
	}
	return strconv.FormatInt(at, 10) + " " + p.transaction
}

func parsePayment(text string) (payment, bool) {
	seconds, transaction, _ := strings.Cut(text, " ")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return payment{}, false
	}
	p := payment{transaction: transaction}
	if at != 0 {
		p.at = time.Unix(at, 0)
	}
	return p, true
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
		if last, ok := parsePayment(value); found && ok && now.Before(last.at.Add(e.afterFor)) {
			return true
		}
	}
	return false
}

func paidKey(subject linkgen.Subject, campaign string) string {
	return "paid:" + subject.String() + ":" + campaign
}
