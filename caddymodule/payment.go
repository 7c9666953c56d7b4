package caddymodule

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/linkgen"
)

// The results of a webhook.
const (
	hookProcessed = "processed"
	hookRepeated  = "repeated"
	hookFailed    = "failed"  // answered 503, so that Zotlo repeats it; with pass_through as the backend answers
	hookRefused   = "refused" // wrong token, method or size, or no JSON
)

var errRepeated = errors.New("webhook was processed before")

const (
	onceTTL     = 24 * time.Hour  // longer than Zotlo repeats a webhook
	hookTimeout = 5 * time.Second // for a webhook's work; one operation of the cache has its own, shorter one
	cacheTries  = 3
	cachePause  = 200 * time.Millisecond
)

func hookResult(err error) string {
	switch {
	case err == nil:
		return hookProcessed
	case errors.Is(err, errRepeated):
		return hookRepeated
	}
	return hookFailed
}

// safely turns a panic of ours into a failure that Zotlo repeats.
func (h *WebhookHandler) safely(r *http.Request, event linkgen.Event, body []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(h.app.log, "panic while processing a webhook", p)
			err = errors.New("panic")
		}
	}()
	return h.process(r.Context(), event, body)
}

// process does what may be done twice, then sets the delivery's mark, then counts: who sets the mark counts. So a crash or a failing
// cache before the mark leaves all of it to the repeat, and what comes after the mark cannot fail.
//
// With pass_through the backend's answer is the answer, so perhaps nobody repeats what failed. Then it counts all the same, but the mark
// is not set, so that a repeat does what is left.
func (h *WebhookHandler) process(ctx context.Context, event linkgen.Event, body []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hookTimeout) // who hangs up has paid all the same
	defer cancel()
	subjects, sold, key := h.subjects(event), h.attribution(event), onceKey(event, body)
	failed := h.forget(ctx, event.Kind, subjects) // on every delivery: a link may have been made since
	seen, err := h.app.cache.Seen(ctx, key)
	if !seen {
		failed = errors.Join(failed, err, h.remember(ctx, event, subjects, sold.Campaign))
	}
	if failed != nil {
		h.app.hooks().CacheError(failed)
	}
	switch {
	case failed != nil && (seen || !h.PassThrough):
		return failed
	case seen, !h.firstDelivery(ctx, key, failed == nil):
		return cmp.Or(failed, errRepeated)
	}
	h.count(event, sold)
	return failed
}

// firstDelivery reports whether the delivery has not been counted, and marks it: for the fleet when all of its work is done, for this process
// in any case. A mark that may be set or not counts as not: to count twice is better than never.
func (h *WebhookHandler) firstDelivery(ctx context.Context, key string, done bool) bool {
	if done {
		marked, err := h.app.cache.Once(ctx, key, onceTTL)
		if err != nil {
			h.app.hooks().CacheError(err)
		} else if !marked {
			return false
		}
	}
	// Only now: of two copies at once, the one that has the fleet's mark must find this one free.
	first, err := h.app.state.local.Once(ctx, key, onceTTL)
	return first || err != nil
}

// forget makes the links of a payment's subscribers dead: one that outlives its payment is a dead end for a shopper.
func (h *WebhookHandler) forget(ctx context.Context, kind string, subjects []linkgen.Subject) error {
	if kind != linkgen.WebhookPayment {
		return nil
	}
	return eachOf(ctx, subjects, func(subject linkgen.Subject) error { return h.app.generator.Forget(ctx, subject) })
}

// remember notes a payment for after_payment, or takes it back: who got his money back may buy again at once.
func (h *WebhookHandler) remember(ctx context.Context, event linkgen.Event, subjects []linkgen.Subject, campaign string) error {
	if event.Kind != linkgen.WebhookPayment && event.Kind != linkgen.WebhookRefund {
		return nil
	}
	return eachOf(ctx, subjects, func(subject linkgen.Subject) error {
		if event.Kind == linkgen.WebhookRefund {
			return h.app.rememberRefund(ctx, subject, campaign, event.TransactionID)
		}
		return h.app.rememberPayment(ctx, subject, campaign, event.TransactionID, time.Now())
	})
}

// eachOf does something for every subject, and tries again what failed: Zotlo repeats later than a link is kept, and nobody stands at a
// checkout and waits for this.
func eachOf(ctx context.Context, subjects []linkgen.Subject, do func(linkgen.Subject) error) (err error) {
	for _, subject := range subjects {
		_, e := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, do(subject) },
			backoff.WithMaxTries(cacheTries), backoff.WithBackOff(backoff.NewConstantBackOff(cachePause)))
		err = errors.Join(err, e)
	}
	return err
}

// count tells metrics, log and event handlers, once per delivery.
func (h *WebhookHandler) count(event linkgen.Event, sold linkgen.Attribution) {
	switch event.Kind {
	case linkgen.WebhookPayment:
		conversions.WithLabelValues(sold.Campaign, sold.Experiment, sold.Variant, event.Type).Inc()
		h.compare(event, sold.Campaign)
		h.emit("checkout.payment", event, sold)
	case linkgen.WebhookRefund:
		refunds.WithLabelValues(sold.Campaign, sold.Experiment, sold.Variant).Inc()
		h.emit("checkout.refund", event, sold)
	}
}

// onceKey identifies a delivery: by its kind and request id, else by what it says.
func onceKey(event linkgen.Event, body []byte) string {
	if event.RequestID != "" {
		return "webhook:" + event.Kind + ":" + event.RequestID
	}
	digest := sha256.Sum256(body)
	return "webhook:" + hex.EncodeToString(digest[:])
}

// subjects are whom the webhook names, and whom the link was made for: a shopper may change his address on the checkout page.
func (h *WebhookHandler) subjects(event linkgen.Event) []linkgen.Subject {
	var list []linkgen.Subject
	if event.SubscriberID != "" {
		list = append(list, h.app.generator.Subject(event.SubscriberID))
	}
	if subject, err := linkgen.ParseSubject(event.Attribution.Subject); err == nil && (len(list) == 0 || list[0] != subject) {
		list = append(list, subject)
	}
	return list
}

// attribution is what sold a payment, in the configuration's own names; a name that is not in it is _other.
func (h *WebhookHandler) attribution(event linkgen.Event) linkgen.Attribution {
	sold := event.Attribution
	if sold.Campaign == "" {
		return linkgen.Attribution{}
	}
	e, ok := h.app.registry.byName[sold.Campaign]
	if !ok {
		sold.Campaign = otherLabel
	}
	sold.Experiment, sold.Variant = knownVariant(e, sold.Experiment, sold.Variant)
	return sold
}

// knownVariant keeps the experiment and variant that the campaign runs.
func knownVariant(e *entry, experiment, variant string) (string, string) {
	if experiment == "" {
		return "", ""
	}
	if e != nil {
		key, ranges := e.Ranges()
		for _, r := range ranges {
			if key == experiment && r.Variant == variant {
				return experiment, variant
			}
		}
	}
	return otherLabel, otherLabel
}

// differences are in what a payment may differ from what its link asked for. Zotlo may leave any field out.
var differences = [...]struct {
	kind   string
	differ func(paid linkgen.Event, asked linkgen.Attribution) bool
}{
	{"price", func(paid linkgen.Event, asked linkgen.Attribution) bool {
		return paid.Price != "" && !linkgen.SamePrice(paid.Price, asked.Price)
	}},
	{"currency", func(paid linkgen.Event, asked linkgen.Attribution) bool {
		return paid.Currency != "" && paid.Currency != asked.Currency
	}},
	{"payment_type", func(paid linkgen.Event, _ linkgen.Attribution) bool {
		return paid.PaymentType != "" && paid.PaymentType != "consumable"
	}},
}

// compare reports a payment that is not what the link asked for.
func (h *WebhookHandler) compare(event linkgen.Event, campaign string) {
	asked := event.Attribution
	if asked.Price == "" || event.Type == "renewal" {
		return
	}
	for _, d := range differences {
		if !d.differ(event, asked) {
			continue
		}
		mismatches.WithLabelValues(campaign, d.kind).Inc()
		h.app.log.Error("a payment differs from what its link asked for", zap.String("kind", d.kind), zap.String("campaign", campaign),
			zap.String("transaction_id", event.TransactionID), zap.String("asked", asked.Price+" "+asked.Currency),
			zap.String("paid", event.Price+" "+event.Currency), zap.String("payment_type", event.PaymentType))
	}
}

// emit tells Caddy's event handlers. It holds ids and amounts, nothing personal.
func (h *WebhookHandler) emit(name string, event linkgen.Event, sold linkgen.Attribution) {
	if !h.events.ShouldEmit(name) {
		return
	}
	h.events.Emit(h.ctx, name, map[string]any{
		"transaction_id": event.TransactionID, "original_transaction_id": event.OriginalID, "type": event.Type,
		"price": event.Price, "currency": event.Currency, "package_id": event.PackageID, "refund_price": event.RefundPrice,
		"campaign": sold.Campaign, "experiment": sold.Experiment, "variant": sold.Variant,
	})
}
