package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
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
