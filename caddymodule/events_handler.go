package caddymodule

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/token"
	"github.com/caddy-checkout/checkout/ledger"
)

// EventsHandler hears from the site's backend what happened to subscribers: a cart that was left, a
// level that was reached. Campaigns ask for it with `event` and `no_event`, and read its values as
// `{http.checkout.event.<name>.<value>}`.
//
// The backend posts JSON, one object or an array of up to 1,000:
// `{"subscriber":"ann@example.com","event":"cart_left","at":"2026-11-27T00:00:00Z","keep":"30d",
// "values":{"total":"49.90"}}`, of which `at`, `keep` and `values` may be left out. It is answered
// 204 once all of it is in the ledger. `DELETE` with the same, less `keep` and `values`, takes an
// event back. Of one name the later `at` wins, so it does no harm to send anything twice.
type EventsHandler struct {
	// Token is what the backend must bring as `Authorization: Bearer <token>`: at least 16
	// characters, written as `{env.NAME}`. Repeat it to change it: any of them will do. Danger:
	// anyone who knows the token decides who gets which offer, and at which price where a campaign
	// reads it from a value.
	Token texts `json:"token"`

	shared *services
	tokens token.Set
}

// eventsTimeout is for a whole batch. A ledger in Redis takes it subscriber by subscriber.
const eventsTimeout = 30 * time.Second

// CaddyModule returns the Caddy module information.
func (*EventsHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.checkout_events",
		New: func() caddy.Module { return new(EventsHandler) },
	}
}

// Provision reads the tokens.
func (h *EventsHandler) Provision(ctx caddy.Context) error {
	app, err := checkoutApp(ctx)
	if err != nil {
		return err
	}
	if err := app.projects.any(); err != nil {
		return err
	}
	if h.tokens, err = h.Token.read(app.shared.log); err != nil {
		return err
	}
	app.told = true
	h.shared = app.shared
	return nil
}

// ServeHTTP takes a batch in, and answers 204 only once it is durable.
func (h *EventsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request,
	_ caddyhttp.Handler,
) error {
	body, bad := h.read(w, r)
	if bad == nil {
		bad = h.safely(r, body)
	}
	if bad != nil {
		return bad.write(w)
	}
	setHeaders(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// eventProblem is why a batch was not taken (RFC 9457). Index and Member say where its mistake is.
type eventProblem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Index  *int   `json:"index,omitempty"`
	Member string `json:"member,omitempty"`
}

func newEventProblem(status int, detail string) *eventProblem {
	return &eventProblem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail,
	}
}

func (p *eventProblem) write(w http.ResponseWriter) error {
	switch p.Status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "POST, DELETE")
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "10")
	}
	return writeJSON(w, p.Status, "application/problem+json", p)
}

// read checks all that can be checked before the body is understood.
func (h *EventsHandler) read(w http.ResponseWriter, r *http.Request) ([]byte, *eventProblem) {
	refuse := func(status int, detail string) ([]byte, *eventProblem) {
		metrics.Events.WithLabelValues(metrics.Other, metrics.EventRefused).Inc()
		return nil, newEventProblem(status, detail)
	}
	media := r.Header.Get("Content-Type") // nothing said may be JSON
	switch {
	case r.Method != http.MethodPost && r.Method != http.MethodDelete:
		return refuse(http.StatusMethodNotAllowed, "events are posted, or deleted")
	case !h.tokens.Knows(token.Bearer(r)):
		return refuse(http.StatusUnauthorized, "the token is missing or wrong: send "+
			"Authorization: Bearer <token>")
	case media != "" && !isJSON(media):
		return refuse(http.StatusUnsupportedMediaType, "events are application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, ledger.MaxEventBody))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return refuse(http.StatusRequestEntityTooLarge, "the batch is longer than 256 KiB: send "+
			"it in parts")
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "the batch broke off")
	}
	return body, nil
}

// safely turns a panic of ours into a failure that the backend repeats.
func (h *EventsHandler) safely(r *http.Request, body []byte) (bad *eventProblem) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(h.shared.log, "panic while taking events in", p)
			bad = newEventProblem(http.StatusServiceUnavailable, errEventsFailed)
		}
	}()
	return h.tell(r.Context(), body, r.Method == http.MethodDelete)
}

const errEventsFailed = "the ledger cannot be used, please send the batch again"

// tell takes the events in, or takes them back. A backend that hangs up has told them all the same,
// so the work outlives ctx.
func (h *EventsHandler) tell(ctx context.Context, body []byte, gone bool) *eventProblem {
	events, err := ledger.ParseEvents(body, h.hash)
	if err != nil {
		return h.mistake(err)
	}
	result := metrics.EventTold
	if gone {
		result = metrics.EventTakenBack
	}
	for i := range events {
		events[i].Gone = gone
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eventsTimeout)
	defer cancel()
	books, err := h.shared.ledger.Get()
	if err == nil {
		err = books.Tell(ctx, events)
		if _, wrong := errors.AsType[*ledger.EventError](err); wrong {
			return h.mistake(err)
		}
		if err != nil {
			metrics.LedgerErrors.WithLabelValues("events").Inc()
			h.shared.failures.Error("the ledger failed, the events are to be sent again",
				zap.Error(err))
		}
	}
	if err != nil {
		h.count(events, metrics.EventFailed)
		return newEventProblem(http.StatusServiceUnavailable, errEventsFailed)
	}
	h.count(events, result)
	return nil
}

// mistake is the answer to a batch with a mistake, of which nothing was kept.
func (h *EventsHandler) mistake(err error) *eventProblem {
	metrics.Events.WithLabelValues(metrics.Other, metrics.EventRefused).Inc()
	problem := newEventProblem(http.StatusBadRequest, err.Error())
	if wrong, ok := errors.AsType[*ledger.EventError](err); ok && wrong.Index >= 0 {
		problem.Index, problem.Member = &wrong.Index, wrong.Member
	}
	return problem
}

// count counts events by name, as far as the configuration knows them.
func (h *EventsHandler) count(events []ledger.Event, result string) {
	for _, e := range events {
		metrics.Events.WithLabelValues(h.shared.registry.eventLabel(e.Name), result).Inc()
	}
}

// hash is the hash of a subscriber in any of the forms in which tokens name them.
func (h *EventsHandler) hash(text string) (string, bool) {
	for _, kind := range []auth.Kind{auth.Email, auth.UUID, auth.Phone} {
		if s, err := auth.ParseSubscriber(kind, text); err == nil {
			return h.shared.generator.SubscriberHash(s.ID).String(), true
		}
	}
	return "", false
}

// Interface guards
var (
	_ caddy.Provisioner           = (*EventsHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*EventsHandler)(nil)
)
