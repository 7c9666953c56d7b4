package caddymodule

import (
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// sold is what sold a payment, in the configuration's own names: a name that is not in it is
// _other.
func (r *registry) sold(by ledger.Attribution) ledger.Attribution {
	if by.Campaign == "" {
		return ledger.Attribution{}
	}
	e, ok := r.byName[by.Campaign]
	if !ok {
		by.Campaign = metrics.Other
	}
	by.Experiment, by.Variant = knownVariant(e, by.Experiment, by.Variant)
	return by
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
	return metrics.Other, metrics.Other
}

// tell tells metrics, log and event handlers what was new in a webhook.
func (h *WebhookHandler) tell(event zotlo.Event, sold ledger.Attribution, news ledger.News) {
	switch event.Kind {
	case zotlo.WebhookPayment:
		metrics.Conversions.WithLabelValues(sold.Campaign, sold.Experiment, sold.Variant,
			event.Type).Inc()
		h.report(event, sold, news.Mismatches)
		h.emit("checkout.payment", event, sold)
	case zotlo.WebhookRefund:
		if !news.Part {
			metrics.Refunds.WithLabelValues(sold.Campaign, sold.Experiment, sold.Variant).Inc()
		}
		h.emit("checkout.refund", event, sold)
	}
}

// report tells of a payment that is not what its link asked for.
func (h *WebhookHandler) report(event zotlo.Event, sold ledger.Attribution, kinds []string) {
	for _, kind := range kinds {
		metrics.Mismatches.WithLabelValues(sold.Campaign, kind).Inc()
		h.shared.log.Error("a payment differs from what its link asked for",
			zap.String("kind", kind), zap.String("campaign", sold.Campaign),
			zap.String("transaction_id", event.TransactionID),
			zap.String("asked", sold.Price+" "+sold.Currency),
			zap.String("paid", event.Price+" "+event.Currency),
			zap.String("payment_type", event.PaymentType))
	}
}

// emit tells Caddy's event handlers. It holds ids and amounts, nothing personal.
func (h *WebhookHandler) emit(name string, event zotlo.Event, sold ledger.Attribution) {
	if !h.events.ShouldEmit(name) {
		return
	}
	h.events.Emit(h.ctx, name, map[string]any{
		"transaction_id": event.TransactionID, "original_transaction_id": event.OriginalID,
		"type": event.Type, "price": event.Price, "currency": event.Currency,
		"package_id": event.PackageID, "refund_price": event.RefundPrice,
		"campaign": sold.Campaign, "experiment": sold.Experiment, "variant": sold.Variant,
	})
}
