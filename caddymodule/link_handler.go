package caddymodule

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/linkgen"
)

// LinkHandler redirects a signed-in user to his personal checkout link: it reads who he is from his token, applies the first
// campaign that is active and matches, gets the link from Zotlo or from the cache, and answers `303 See Other`, or JSON
// to clients that prefer it. Whatever goes wrong, the shopper gets the configured fallback or an error that the
// site's `handle_errors` may dress; no answer is ever cacheable.
//
// Placeholders set for later handlers and error routes: `{http.checkout.outcome}`, `{http.checkout.campaign}`,
// `{http.checkout.experiment}`, `{http.checkout.variant}`, `{http.checkout.price}`, `{http.checkout.currency}`,
// `{http.checkout.override.<word>}`, `{http.checkout.claim.<path>}`, `{http.checkout.return_to}`.
type LinkHandler struct {
	Route
	// Anonymous says what happens to a request without a good token: `deny` (default, 401), `redirect`, `guest` (a link
	// without a subscriber, made for this click and never cached) or `next` (the next handler).
	Anonymous string `json:"anonymous,omitempty"`
	// Login is where `redirect` leads. Placeholders may stand after the `?`; `{http.checkout.return_to}` is the way back.
	Login string `json:"login,omitempty"`
	// Fallback is what a shopper gets when there is no link and the campaign says nothing: a URL, `error` (default) or `next`.
	Fallback string `json:"fallback,omitempty"`

	rt       *route
	login    *target
	fallback *target
}

// The policies for requests without a good token.
const (
	anonymousDeny     = "deny"
	anonymousRedirect = "redirect"
	anonymousGuest    = "guest"
	anonymousNext     = "next"
)

// CaddyModule returns the Caddy module information.
func (*LinkHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.checkout_link", New: func() caddy.Module { return new(LinkHandler) }}
}

// Provision resolves names and URLs.
func (h *LinkHandler) Provision(ctx caddy.Context) error {
	var err error
	if h.rt, err = h.Route.provision(ctx); err != nil {
		return err
	}
	if h.fallback, err = parseFallback(h.Fallback); err != nil {
		return err
	}
	switch h.Anonymous {
	case "":
		h.Anonymous = anonymousDeny
	case anonymousDeny, anonymousGuest, anonymousNext, anonymousRedirect:
	default:
		return fmt.Errorf("anonymous: unknown policy %q: write deny, redirect <url>, guest or next", h.Anonymous)
	}
	if (h.Anonymous == anonymousRedirect) != (h.Login != "") {
		return errors.New("anonymous: redirect and its URL belong together: write `anonymous redirect /login?next={http.checkout.return_to}`")
	}
	h.rt.warnIfConditional()
	if h.Login == "" {
		return nil
	}
	if h.login, err = parseTarget(h.Login); err != nil {
		return fmt.Errorf("anonymous redirect: %w", err)
	}
	return nil
}

// ServeHTTP answers one click.
func (h *LinkHandler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	v := newVisit(h.rt, r)
	v.publish()
	return h.respond(w, v, h.safely(v), next)
}

// safely turns a panic in our own code into one shopper's error page.
func (h *LinkHandler) safely(v *visit) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(h.rt.app.log, "panic while making a link", p)
			a = answer{outcome: outcomePanic}
		}
	}()
	return h.answer(v)
}

// answer decides: the way of one request.
func (h *LinkHandler) answer(v *visit) answer {
	if refused := gate(v.r, h.rt.backend); refused != "" {
		return answer{outcome: refused}
	}
	if a, done := h.identify(v); done {
		return a
	}
	list, unknown := h.rt.campaigns(v.repl)
	if unknown {
		return answer{outcome: outcomeNoCampaign, err: errUnknownCampaign}
	}
	if err := v.decide(list); err != nil {
		if offerOutcome(err) == outcomeNoCampaign {
			return answer{outcome: outcomeNoCampaign, next: true}
		}
		return answer{outcome: outcomeBadOffer, err: err}
	}
	if to := v.afterPayment(); to != "" {
		return answer{outcome: outcomeAfterPayment, to: to}
	}
	order, key := v.order()
	result, err := h.rt.app.generator.LinkKeyed(v.r.Context(), order, key)
	if result.Source != linkgen.FromCache {
		h.rt.app.warnAboutIP(v.r, order.IP)
	}
	if err != nil {
		return failed(err)
	}
	v.expose(atLink)
	return answer{outcome: outcomeLink, link: result}
}

// afterPayment is where a shopper who has just paid goes instead of to a second checkout; empty for all others.
func (v *visit) afterPayment() string {
	e := v.entry
	if e.afterPayment == nil || v.user == nil || !v.user.Subscriber.Known() || e.afterPayment.leadsBack(v.r) {
		return ""
	}
	app := v.rt.app
	subscriber := app.generator.SubscriberHash(v.user.Subscriber.ID).String()
	if !app.ledger.PaidRecently(v.r.Context(), subscriber, e.Name(), e.afterFor, v.now) {
		return ""
	}
	return e.afterPayment.render(v.r, v.repl)
}

var errUnknownCampaign = errors.New("the backend named a campaign that is not configured")

// failed is the answer to an error of package linkgen.
func failed(err error) answer {
	a := answer{outcome: linkOutcome(err), err: err}
	if e, ok := errors.AsType[*linkgen.Error](err); ok {
		a.retryAfter = e.RetryAfter
	}
	return a
}

// identify finds the user. done means that the anonymous policy, or an error, has answered already.
func (h *LinkHandler) identify(v *visit) (a answer, done bool) {
	user, err := h.rt.id.identify(v.r, v.repl)
	if err == nil {
		v.user = user
		if user.Subscriber.Known() || h.Anonymous == anonymousGuest {
			return answer{}, false
		}
		return answer{outcome: outcomeNoSubscriber}, true
	}
	v.countRefusal(err)
	a = answer{outcome: identityOutcome(v.r.Context(), err), err: err}
	switch a.outcome {
	case outcomeLeft:
		return a, true
	case outcomeKeysUnavailable:
		a.retryAfter = keysRetryAfter
		return a, true
	}
	a.err = nil
	switch h.Anonymous {
	case anonymousGuest:
		return answer{}, false
	case anonymousNext:
		a.next = true
	case anonymousRedirect:
		a.login = h.login
	}
	return a, true
}

// Interface guards
var (
	_ caddy.Provisioner           = (*LinkHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*LinkHandler)(nil)
)
