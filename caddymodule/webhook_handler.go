package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/passthrough"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/token"
	"github.com/caddy-checkout/checkout/zotlo"
)

// WebhookHandler receives Zotlo's webhooks. A payment makes every cached link of its subscriber
// dead at once, is counted as a conversion of the campaign and variant that sold it, and feeds
// `after_payment`.
//
// Zotlo signs nothing, so the address carries a token: give Zotlo
// `https://shop.example.com/hooks/zotlo?token=…`. Danger: anyone who knows the token can make links
// be made anew and spoil the counts; nothing is granted or charged by what a webhook says.
type WebhookHandler struct {
	// Token is what a webhook must bring as `?token=` or `X-Webhook-Token`: at least 16 characters,
	// written as `{env.NAME}`. Repeat it to change it: any of them will do.
	Token texts `json:"token"`
	// Project says whose webhooks these are, by the project's name. Default: the default project.
	Project string `json:"project,omitempty"`
	// Verify reads each payment and refund back from Zotlo before it is counted, since webhooks bear
	// no signature. What Zotlo knows otherwise is forged: it is answered 200 and only forgets links.
	// What Zotlo does not know, or not yet, is answered 503, so that it is repeated.
	Verify bool `json:"verify,omitempty"`
	// PassThrough hands the untouched request on to the next handler, the site's own backend, whose
	// answer is the answer.
	PassThrough bool `json:"pass_through,omitempty"`

	shared *services
	tokens token.Set
	events *caddyevents.App
	ctx    caddy.Context
}

// texts are several values, or one that is written alone.
type texts []string

// UnmarshalJSON reads a list of texts, or one text.
func (t *texts) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(t))
}

// The results of a webhook.
const (
	hookProcessed = "processed"
	hookRepeated  = "repeated"
	// of Zotlo's sandbox, by its mark or as Zotlo says: links are forgotten, nothing counts
	hookSandbox = "sandbox"
	// its attribution was too old, or another payer's: it counts under no campaign
	hookStale   = "stale"
	hookForged  = "forged"  // Zotlo knows the transaction otherwise
	hookUnknown = "unknown" // Zotlo does not know it, or not yet: answered 503
	hookFailed  = "failed"  // answered 503, so that Zotlo repeats it
	hookRefused = "refused" // wrong token, method or size, or no JSON
)

// hookTimeout is for a webhook's work; one operation of the cache has its own, shorter one.
const hookTimeout = 5 * time.Second

// CaddyModule returns the Caddy module information.
func (*WebhookHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.checkout_webhook",
		New: func() caddy.Module { return new(WebhookHandler) },
	}
}

// Provision reads the token.
func (h *WebhookHandler) Provision(ctx caddy.Context) error {
	app, err := checkoutApp(ctx)
	if err != nil {
		return err
	}
	if err := app.projects.any(); err != nil {
		return err
	}
	if err := app.projects.check(h.Project); err != nil {
		return block.Locate("project", h.Project, err)
	}
	if h.tokens, err = h.Token.read(app.shared.log); err != nil {
		return err
	}
	events, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	metrics.ShowWebhooks(hookForged, hookUnknown, hookFailed)
	app.hooked = true
	h.shared, h.ctx, h.events = app.shared, ctx, events.(*caddyevents.App)
	return nil
}

// read reads the tokens of a handler. Only their digests are kept.
func (t texts) read(log *zap.Logger) (tokens token.Set, err error) {
	if len(t) == 0 {
		return tokens, placeholder.ErrMissing("token")
	}
	for _, text := range t {
		value, err := placeholder.Secret("token", text, log)
		if err != nil {
			return tokens, err
		}
		if err := tokens.Add(value); err != nil {
			return tokens, block.Locate("token", text, err)
		}
	}
	return tokens, nil
}

// ServeHTTP checks a webhook, does its work, and only then answers 200: Zotlo repeats what was
// answered otherwise.
func (h *WebhookHandler) ServeHTTP(w http.ResponseWriter, r *http.Request,
	next caddyhttp.Handler,
) error {
	body, status, err := h.read(w, r)
	if err != nil {
		metrics.HeardWebhook(metrics.Other, hookRefused)
		return h.refuse(w, status, err)
	}
	event, err := zotlo.ParseWebhook(body)
	if err != nil {
		metrics.HeardWebhook(metrics.Other, hookRefused)
		return h.refuse(w, http.StatusBadRequest, errors.New("the webhook is not a JSON object"))
	}
	heard := h.safely(r, event, body)
	metrics.HeardWebhook(event.Kind, heard.result)
	if h.PassThrough && heard.pass {
		r.Body = io.NopCloser(bytes.NewReader(body))
		if heard.err != nil {
			w = passthrough.NewUndone(w, h.refuseUnprocessed)
		}
		return h.passOn(w, r, next)
	}
	if heard.err != nil {
		h.refuseUnprocessed(w)
		return nil
	}
	setHeaders(w)
	w.WriteHeader(http.StatusOK)
	return nil
}

// refuseUnprocessed makes Zotlo repeat the webhook.
func (h *WebhookHandler) refuseUnprocessed(w http.ResponseWriter) {
	_ = h.refuse(w, http.StatusServiceUnavailable, errNotProcessed)
}

var errNotProcessed = errors.New("the webhook could not be processed, please repeat it")

// read checks all that can be checked before the body is understood.
func (h *WebhookHandler) read(w http.ResponseWriter, r *http.Request) (body []byte, status int,
	err error,
) {
	if r.Method != http.MethodPost {
		return nil, http.StatusMethodNotAllowed, errors.New("webhooks are posted")
	}
	if !h.knowsToken(r) {
		return nil, http.StatusUnauthorized, errors.New("the webhook's token is wrong")
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, zotlo.MaxWebhookBody))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, http.StatusRequestEntityTooLarge, errors.New("the webhook is too long")
	}
	if err != nil {
		return nil, http.StatusBadRequest, errors.New("the webhook broke off")
	}
	return body, 0, nil
}

// knowsToken reports whether the webhook brings a token.
func (h *WebhookHandler) knowsToken(r *http.Request) bool {
	given := r.Header.Get("X-Webhook-Token")
	if given == "" {
		given = r.URL.Query().Get("token")
	}
	return h.tokens.Knows(given)
}

// refuse answers by itself: Caddy would log an error with the request's address, and the address
// holds the token.
func (h *WebhookHandler) refuse(w http.ResponseWriter, status int, err error) error {
	switch status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "60")
	}
	return writeText(w, status, err.Error())
}

// passOn lets the backend answer. What goes wrong there is logged without the address, for the same
// reason as in refuse.
func (h *WebhookHandler) passOn(w http.ResponseWriter, r *http.Request,
	next caddyhttp.Handler,
) error {
	err := next.ServeHTTP(w, r)
	if undone, ok := w.(*passthrough.Undone); ok && err == nil {
		undone.WriteHeader(http.StatusOK) // a backend that wrote nothing said 200
	}
	if err == nil || h.shared.errorPages.Answers(w, r, h, err) {
		// The site may have a second backend there; Caddy logs what it handles with debug only.
		return err
	}
	status := http.StatusInternalServerError
	if failed, ok := errors.AsType[caddyhttp.HandlerError](err); ok && failed.StatusCode != 0 {
		status, err = failed.StatusCode, failed.Err
	}
	h.shared.log.Error("a webhook's next handler failed", zap.Int("status", status), zap.Error(err))
	return writeText(w, status, http.StatusText(status))
}

// Interface guards
var (
	_ caddy.Provisioner           = (*WebhookHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*WebhookHandler)(nil)
)
