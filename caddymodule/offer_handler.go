package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// OfferHandler decides as `checkout_link` does, for the page that shows the offer: the same user and the same campaigns give the
// same variant and the same price. It makes no API call and refuses nobody; it sets placeholders and goes on.
//
// Placeholders: `{http.checkout.campaign}`, `{http.checkout.experiment}`, `{http.checkout.variant}`, `{http.checkout.price}` and
// `{http.checkout.currency}` (from `one_time_price` or `quote`), `{http.checkout.override.<word>}`, and
// `{http.checkout.claim.<path>}`. They are empty where nothing is offered. `templates`, `request_header`, `header_up` and deferred
// `header` read them; `map`, `vars`, `redir` and `rewrite` run earlier and see nothing.
//
// The page is now one user's: `public` and `s-maxage` are removed from the response's Cache-Control, and `private` is added.
type OfferHandler struct {
	Route

	rt *route
}

// CaddyModule returns the Caddy module information.
func (*OfferHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.checkout_offer", New: func() caddy.Module { return new(OfferHandler) }}
}

// Provision resolves names.
func (h *OfferHandler) Provision(ctx caddy.Context) (err error) {
	h.rt, err = h.Route.provision(ctx)
	return err
}

// ServeHTTP decides, and hands the request on.
func (h *OfferHandler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	v := newVisit(h.rt, r)
	v.publish()
	h.decide(v)
	page := &privateWriter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
	err := next.ServeHTTP(page, r)
	page.begin() // an error page knows the offer, too, and an empty page begins when nobody is left to ask
	if sharable(w.Header()) {
		h.rt.app.pageWarning.Do(func() {
			h.rt.app.log.Warn("a personal page went out with a Cache-Control that lets others have it: a deferred header directive sets it after checkout_offer; take public and s-maxage out of it")
		})
	}
	return err
}

// decide chooses the offer. Whoever cannot be identified is a stranger; what cannot be decided is no offer. A panic of ours costs
// the page its prices, not the page.
func (h *OfferHandler) decide(v *visit) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(h.rt.app.log, "panic while choosing an offer", p)
			v.offer, v.entry = nil, nil
		}
	}()
	if user, err := h.rt.id.identify(v.r, v.repl); err == nil {
		v.user = user
	} else {
		v.countRefusal(err)
	}
	list, unknown := h.rt.campaigns(v.repl)
	if unknown {
		return
	}
	if err := v.decide(list); err != nil {
		if offerOutcome(err) != outcomeNoCampaign {
			h.rt.app.failures.Warn("no offer for a page", zap.NamedError("cause", err), zap.String("campaign", v.campaign(err)))
		}
		return
	}
	if showsPage(v.r) {
		v.expose(atOffer)
	}
}

// showsPage reports whether somebody is about to see the answer: not a browser that guesses or asks what it may ask, nor a monitor.
func showsPage(r *http.Request) bool {
	return r.Method != http.MethodHead && r.Method != http.MethodOptions && !isPrefetch(r.Header)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*OfferHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*OfferHandler)(nil)
)
