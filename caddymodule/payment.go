package caddymodule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/linkgen"
)

// The results of a webhook.
const (
	hookProcessed = "processed"
	hookRepeated  = "repeated"
	hookFailed    = "failed"  // answered 503, so that Zotlo repeats it
	hookRefused   = "refused" // wrong token, method, size or type
)

var errRepeated = errors.New("webhook was processed before")

// onceTTL is longer than Zotlo repeats a webhook.
const onceTTL = 24 * time.Hour

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

// process does a webhook's work. Forgetting comes first and on every delivery: it may be done twice, but must not be missed, so a
// crash after it costs nothing, and a repeat completes what a crash before it left undone. Everything else happens once.
func (h *WebhookHandler) process(ctx context.Context, event linkgen.Event, body []byte) error {
	subjects := h.subjects(event)
	if event.Kind == linkgen.WebhookPayment {
		for _, subject := range subjects {
			if err := h.app.generator.Forget(ctx, subject); err != nil {
				h.app.hooks().CacheError(err)
				return fmt.Errorf("forgetting links: %w", err)
			}
		}
	}
	first, err := h.app.cache.Once(ctx, onceKey(event, body), onceTTL)
	if err != nil {
		h.app.hooks().CacheError(err)
		return fmt.Errorf("remembering the webhook: %w", err)
	}
	if !first {
		h.complete(ctx, event, subjects)
		return errRepeated
	}
	switch event.Kind {
	case linkgen.WebhookPayment:
		h.paid(ctx, event, subjects)
	case linkgen.WebhookRefund:
		h.refunded(ctx, event, subjects)
	}
	return nil
}

// onceKey identifies a delivery: by its request id, else by what it says.
func onceKey(event linkgen.Event, body []byte) string {
	if event.RequestID != "" {
		return "webhook:" + event.RequestID
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

// paid counts a payment, compares it with what the link asked for, and remembers it for after_payment.
func (h *WebhookHandler) paid(ctx context.Context, event linkgen.Event, subjects []linkgen.Subject) {
	sold := h.attribution(event)
	conversions.WithLabelValues(sold.Campaign, sold.Experiment, sold.Variant, event.Type).Inc()
	h.compare(event, sold.Campaign)
	for _, subject := range subjects {
		if err := h.app.rememberPayment(ctx, subject, sold.Campaign, time.Now()); err != nil {
			h.app.hooks().CacheError(err)
		}
	}
	h.emit("checkout.payment", event, sold)
}

// complete remembers a payment whose first delivery a crash may have cut short. What is remembered already stays: it may say that the
// money was given back since.
func (h *WebhookHandler) complete(ctx context.Context, event linkgen.Event, subjects []linkgen.Subject) {
	if event.Kind != linkgen.WebhookPayment {
		return
	}
	at := time.Now()
	if !event.PaidAt.IsZero() && event.PaidAt.Before(at) {
		at = event.PaidAt // a late repeat must not make it look recent
	}
	campaign := h.attribution(event).Campaign
	for _, subject := range subjects {
		_, found, err := h.app.cache.Recall(ctx, paidKey(subject, campaign))
		if err == nil && !found {
			err = h.app.rememberPayment(ctx, subject, campaign, at)
		}
		if err != nil {
			h.app.hooks().CacheError(err)
		}
	}
}

// refunded counts a refund. Who got his money back may buy again at once.
func (h *WebhookHandler) refunded(ctx context.Context, event linkgen.Event, subjects []linkgen.Subject) {
	sold := h.attribution(event)
	refunds.WithLabelValues(sold.Campaign, sold.Experiment, sold.Variant).Inc()
	for _, subject := range subjects {
		if err := h.app.rememberPayment(ctx, subject, sold.Campaign, time.Time{}); err != nil {
			h.app.hooks().CacheError(err)
		}
	}
	h.emit("checkout.refund", event, sold)
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

// compare reports a payment that is not what the link asked for.
func (h *WebhookHandler) compare(event linkgen.Event, campaign string) {
	asked := event.Attribution
	if asked.Price == "" || event.Type == "renewal" {
		return
	}
	for _, m := range []struct {
		kind   string
		differ bool
	}{
		{"price", event.Price != "" && !linkgen.SamePrice(event.Price, asked.Price)},
		{"currency", event.Currency != "" && event.Currency != asked.Currency},
		{"payment_type", event.PaymentType != "" && event.PaymentType != "consumable"},
	} {
		if !m.differ {
			continue
		}
		mismatches.WithLabelValues(campaign, m.kind).Inc()
		h.app.log.Error("a payment differs from what its link asked for", zap.String("kind", m.kind), zap.String("campaign", campaign),
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

// rememberPayment notes when a subscriber paid for a campaign, or for none. The zero time takes it back.
func (a *App) rememberPayment(ctx context.Context, subject linkgen.Subject, campaign string, at time.Time) error {
	ttl := a.registry.longestAfterPayment(campaign)
	if ttl == 0 {
		return nil
	}
	value := "0"
	if !at.IsZero() {
		value = strconv.FormatInt(at.Unix(), 10)
	}
	return a.cache.Remember(ctx, paidKey(subject, campaign), value, ttl)
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
			a.hooks().CacheError(err)
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
