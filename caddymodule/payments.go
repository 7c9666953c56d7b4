package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/text/currency"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// This file is the way of one payment: is it true, write it down, forget its links, tell.

// heard is what came of a webhook.
type heard struct {
	result string // for the metric
	err    error  // it is to be repeated
	pass   bool   // the site's own backend may hear it
}

// safely turns a panic of ours into a failure that Zotlo repeats.
func (h *WebhookHandler) safely(r *http.Request, event zotlo.Event, body []byte) (out heard) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(h.shared.log, "panic while processing a webhook", p)
			out = heard{hookFailed, errors.New("panic"), true}
		}
	}()
	return h.process(r.Context(), event, body)
}

// process asks whether a webhook is true, writes it down, makes the links of the payer dead, and
// tells what was new. A sender who hangs up has reported a payment all the same, so the work outlives
// ctx.
func (h *WebhookHandler) process(ctx context.Context, event zotlo.Event, body []byte) heard {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hookTimeout)
	defer cancel()
	by := h.shared.secrets.Read(event.Checkout...)
	hashes := h.subscribers(event, by)
	if event.Sandbox && !h.shared.testMode[h.Project] {
		return heard{hookSandbox, h.forget(ctx, event, hashes), true}
	}
	delivery := ledger.Delivery{Project: h.Project, Event: event, Body: body, Attribution: by}
	if event.SubscriberID != "" {
		delivery.Payer, delivery.Former = hashesOf(h.shared.generator, event.SubscriberID)
	}
	books, err := h.shared.ledger.Get()
	if err != nil {
		// Its links are dead all the same, whenever it is repeated.
		return heard{hookFailed, errors.Join(err, h.forget(ctx, event, hashes)), true}
	}
	repeated, err := books.Repeated(ctx, delivery)
	if repeated {
		return heard{hookRepeated, nil, true}
	}
	forgotten := h.forget(ctx, event, hashes)
	if h.Verify && err == nil {
		if out := h.verify(ctx, event); out.result != "" {
			out.err = errors.Join(out.err, forgotten)
			return out
		}
	}
	delivery.Unfinished = forgotten != nil
	if err == nil {
		var news ledger.News
		if news, err = books.Record(ctx, delivery); err == nil {
			h.tell(event, news)
			return heard{hookResult(news, forgotten), forgotten, true}
		}
	}
	metrics.LedgerErrors.WithLabelValues("record").Inc()
	h.shared.failures.Error("the ledger failed, the webhook is to be repeated", zap.Error(err))
	return heard{hookFailed, err, true}
}

// hookResult is the result of a webhook that was written down.
func hookResult(news ledger.News, err error) string {
	switch {
	case err != nil:
		return hookFailed
	case news.Repeated:
		return hookRepeated
	case news.Payment != nil && news.Payment.Stale:
		return hookStale
	}
	return hookProcessed
}

// verify reads a payment or refund back from Zotlo. The result is empty for one that is true.
func (h *WebhookHandler) verify(ctx context.Context, event zotlo.Event) heard {
	if event.Kind != zotlo.WebhookPayment && event.Kind != zotlo.WebhookRefund {
		return heard{}
	}
	client, sandbox := h.shared.generator.Client(h.Project), h.shared.testMode[h.Project]
	read, err := client.Transaction(ctx, event.TransactionID, sandbox)
	if errors.Is(err, zotlo.ErrUnknownTransaction) {
		if _, err := client.Transaction(ctx, event.TransactionID, !sandbox); err == nil {
			return heard{hookSandbox, nil, true}
		}
		return heard{hookUnknown, err, false}
	}
	if err != nil {
		h.shared.failures.Warn("a webhook cannot be verified, it is to be repeated", zap.Error(err))
		return heard{hookFailed, err, false}
	}
	switch ledger.Prove(event, read) {
	case ledger.Forged:
		h.shared.log.Error("a webhook says what Zotlo knows otherwise: its token may be known to "+
			"others, so change it", zap.String("transaction_id", event.TransactionID))
		return heard{hookForged, nil, false}
	case ledger.Proven:
	case ledger.Unproven:
		return heard{hookUnknown, errUnproven, false}
	}
	return heard{}
}

// errUnproven is why a refund that Zotlo does not know yet is to be repeated.
var errUnproven = errors.New("the refund is not known to Zotlo yet")

// forget makes the links of the payer dead: one that outlives its payment is a dead end.
func (h *WebhookHandler) forget(
	ctx context.Context, event zotlo.Event, hashes []linkgen.SubscriberHash,
) (err error) {
	if event.Kind != zotlo.WebhookPayment {
		return nil
	}
	for _, hash := range hashes {
		err = errors.Join(err, h.shared.generator.Forget(ctx, hash))
	}
	return err
}

// subscribers are whom the webhook names, and whom the link was made for: a shopper may change
// their address on the checkout page.
func (h *WebhookHandler) subscribers(
	event zotlo.Event, by ledger.Attribution,
) (hashes []linkgen.SubscriberHash) {
	if event.SubscriberID != "" {
		hashes = everyHash(h.shared.generator, event.SubscriberID)
	}
	var hash linkgen.SubscriberHash
	err := hash.UnmarshalText([]byte(by.Subscriber))
	if err == nil && !slices.Contains(hashes, hash) {
		hashes = append(hashes, hash)
	}
	return hashes
}

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
