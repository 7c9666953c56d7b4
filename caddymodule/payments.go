package caddymodule

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/text/currency"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// sold is what sold a payment, in the configuration's own names: a name that is not in it is
// _other.
func (r *registry) sold(by ledger.Source) ledger.Source {
	if by.Campaign == "" {
		return ledger.Source{}
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

// count tells metrics and log what was new in a webhook, or in a record that a reconciliation took
// in. A refund that waited for its payment is told with it.
func (s *services) count(event zotlo.Event, news ledger.News) {
	if p := news.Payment; p != nil {
		sold := s.registry.sold(p.Source)
		metrics.Conversions.WithLabelValues(sold.Campaign, sold.Experiment, sold.Variant,
			p.Type).Inc()
		addMoney(metrics.Revenue, sold, p.Currency, p.Amount)
		if p.Discounted {
			metrics.Discounts.WithLabelValues(sold.Campaign).Inc()
		}
		s.report(event, sold, p.Mismatches)
	}
	for _, r := range news.Refunds {
		sold := s.registry.sold(r.Source)
		if r.Whole {
			metrics.Refunds.WithLabelValues(sold.Campaign, sold.Experiment, sold.Variant).Inc()
		}
		addMoney(metrics.Refunded, sold, r.Currency, r.Amount)
	}
}

// tell tells event handlers as well. A reconciliation tells them nothing: what it takes in may be a
// year old, and a handler would take it for a payment of today.
func (h *WebhookHandler) tell(event zotlo.Event, news ledger.News) {
	h.shared.count(event, news)
	if p := news.Payment; p != nil {
		h.emit("checkout.payment", event, p.Type, h.shared.registry.sold(p.Source))
	}
	for _, r := range news.Refunds {
		h.emit("checkout.refund", event, r.Type, h.shared.registry.sold(r.Source))
	}
}

// addMoney adds an amount to a metric in the currency's major unit. A currency that is none is
// _other: what webhooks say makes no label up.
func addMoney(
	to *prometheus.CounterVec, sold ledger.Source, code string, amount money.Amount,
) {
	if amount <= 0 {
		return
	}
	if _, err := currency.ParseISO(code); err != nil {
		code = metrics.Other
	}
	to.WithLabelValues(sold.Campaign, sold.Experiment, sold.Variant, code).Add(amount.Float())
}

// report tells of a payment that is not what its link asked for, or its page said.
func (s *services) report(event zotlo.Event, sold ledger.Source, kinds []string) {
	asked := s.secrets.Read(event.Checkout...)
	for _, kind := range kinds {
		metrics.Mismatches.WithLabelValues(sold.Campaign, kind).Inc()
		s.log.Error("a payment differs from what its link asked for",
			zap.String("kind", kind), zap.String("campaign", sold.Campaign),
			zap.String("transaction_id", event.TransactionID),
			zap.String("asked", cmp.Or(asked.Price, asked.Quote)+" "+
				cmp.Or(asked.Currency, asked.QuoteCurrency)),
			zap.String("paid", event.Price+" "+event.Currency),
			zap.Int("quantity", event.Quantity),
			zap.String("payment_type", event.PaymentType))
	}
}

// emit tells Caddy's event handlers. It holds ids and amounts, nothing personal.
func (h *WebhookHandler) emit(name string, event zotlo.Event, kind string, sold ledger.Source) {
	if !h.events.ShouldEmit(name) {
		return
	}
	h.events.Emit(h.ctx, name, map[string]any{
		"transaction_id": event.TransactionID, "original_transaction_id": event.OriginalID,
		"type": kind, "price": event.Price, "currency": event.Currency,
		"package_id": event.PackageID, "refund_price": event.RefundPrice,
		"campaign": sold.Campaign, "experiment": sold.Experiment, "variant": sold.Variant,
		"partner": sold.Partner,
	})
}
