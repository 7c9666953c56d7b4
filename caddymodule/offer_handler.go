package caddymodule

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/clientip"
	"github.com/caddy-checkout/checkout/caddymodule/internal/gate"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/privatepage"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/campaign"
)

// OfferHandler decides as `checkout_link` does, for the page that shows the offer: the same user
// and the same campaigns give the same variant and the same price. It refuses nobody and, but
// for `warm`, makes no API call; it sets placeholders and goes on.
//
// Placeholders: `{http.checkout.campaign}`, `{http.checkout.experiment}`,
// `{http.checkout.variant}`, `{http.checkout.price}` and `{http.checkout.currency}` (from
// `one_time_price` or `quote`), `{http.checkout.override.<word>}`, and
// `{http.checkout.claim.<path>}`, `{http.checkout.signed.<name>}`. They are empty where nothing is offered. `templates`,
// `request_header`, `header_up` and deferred `header` read them; `map`, `vars`, `redir` and
// `rewrite` run earlier and see nothing.
//
// The page is now one user's, and this moment's. The response's Cache-Control becomes `private,
// no-cache` (`no-store` and `no-transform` stay); `ETag`, `Last-Modified`, `Expires`, `Age` and every
// CDN's own header are removed. A GET or HEAD goes on without `If-None-Match`, `If-Modified-Since`
// and a `Range` with `If-Range`.
type OfferHandler struct {
	Route
	// Warm makes the link of a known user in the background, once the page was sent, so that their
	// first click finds it. It makes an API call for each user who opens the page without a cached
	// link, but only while fewer than half of `max_in_flight` and of `rate` are in use and nothing is
	// paused, and half of the user's `per_subscriber` is left after it. Put it on the page before the
	// checkout, not on every page.
	Warm bool `json:"warm,omitempty"`

	rt *route
}

// CaddyModule returns the Caddy module information.
func (*OfferHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.checkout_offer",
		New: func() caddy.Module { return new(OfferHandler) },
	}
}

// Provision resolves names.
func (h *OfferHandler) Provision(ctx caddy.Context) (err error) {
	h.guests = true // a page refuses nobody
	if h.rt, err = h.Route.provision(ctx); err != nil {
		return err
	}
	if h.Warm {
		if err = h.rt.sells(forWarm); err != nil {
			return err
		}
		for _, e := range h.rt.entries {
			metrics.ShowWarmLinks(e.Name())
		}
	}
	return nil
}

// forWarm says why no link of the campaign can be made in advance.
func forWarm(c *campaign.Campaign) error {
	if err := c.ForLink(); err != nil {
		return fmt.Errorf("warm: %w", err)
	}
	return nil
}

// ServeHTTP decides, and hands the request on.
func (h *OfferHandler) ServeHTTP(w http.ResponseWriter, r *http.Request,
	next caddyhttp.Handler,
) error {
	d := newDecision(h.rt, r)
	h.decide(d)
	d.page, d.over = true, true
	if h.rt.partners != nil && showsPage(r) {
		d.meetPartner(w)
	}
	privatepage.Unconditional(r)
	page := privatepage.New(w)
	err := next.ServeHTTP(page, r)
	if h.Warm && err == nil && showsPage(r) {
		d.warm()
	}
	if page.Finish() {
		h.rt.pageWarning.Do(func() {
			h.rt.log.Warn("a personal page went out with a Cache-Control that lets others have " +
				"it, or with a CDN's own: a deferred header directive sets it after " +
				"checkout_offer; let that line spare the page, or write private, no-cache")
		})
	}
	return err
}

// decide chooses the offer. Anyone who cannot be identified is an anonymous visitor; what cannot be
// decided is no offer. A panic of ours costs the page its prices, not the page.
func (h *OfferHandler) decide(d *decision) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(h.rt.log, "panic while choosing an offer", p)
			d.offer, d.entry = nil, nil
		}
	}()
	if user, err := h.rt.id.identify(d.r, d.repl); err == nil {
		d.user = user
	} else {
		d.countRefusal(err)
	}
	if h.rt.offer != nil && !d.showsSigned(d.readOffer) {
		return
	}
	if err := d.decide(); err != nil {
		h.warn(d, err)
		return
	}
	if d.offerHash() != "" && !d.stillGood() {
		d.offer, d.entry, d.signed = nil, nil, nil
		return
	}
	if d.offer.Counted && showsPage(d.r) {
		d.expose(atOffer)
	}
}

// showsSigned takes in the signed offer of a page's request, and reports whether the page may go on
// to show an offer. One that a click would not get is not shown, nor is another in its place.
func (d *decision) showsSigned(read func(token string) (*signedoffer.Offer, error)) bool {
	signed, err := d.findOffer(read)
	if err == nil && signed != nil && signed.Subscriber != "" {
		user, known := d.knownUser()
		switch {
		case !known && d.user == nil: // a click is asked to sign in first
			d.entry = nil
			return false
		case !known || !signed.IsFor(user.Subscriber):
			err = signedoffer.Refuse(signedoffer.Owner)
		}
	}
	if refused, ok := errors.AsType[*signedoffer.RefusedError](err); ok {
		d.countOffer(refused)
		d.entry = nil
		return false
	}
	d.signed = signed
	return true
}

// stillGood reports whether a click would get what a signed offer says that is good for one payment.
func (d *decision) stillGood() bool {
	facts := d.facts()
	return d.ledgerErr == nil && !facts.OfferSpent() && !facts.OfferRevoked()
}

// warm makes the link that a click on the page will want, in the background. A panic of ours costs
// the page nothing.
func (d *decision) warm() {
	if _, known := d.knownUser(); !known || d.offer == nil || d.offer.LinkID == "" {
		return
	}
	ip := clientip.Of(d.r)
	if !ip.IsValid() {
		return // a click would get no link either
	}
	defer func() {
		if p := recover(); p != nil {
			logPanic(d.rt.log, "panic while making a link in advance", p)
		}
	}()
	name, order := d.entry.Name(), d.remembered(ip)
	if order == nil {
		order = d.rt.generator.Prepare(d.order(ip))
	}
	d.rt.generator.Warm(d.r.Context(), order, d.r.Host, func(result string) {
		metrics.WarmLinks.WithLabelValues(name, result).Inc()
	})
}

// warn tells the operator why a page has no offer, unless that is as they configured it.
func (h *OfferHandler) warn(d *decision, err error) {
	if refused, ok := errors.AsType[*signedoffer.RefusedError](err); ok {
		d.countOffer(refused)
		d.entry, d.signed = nil, nil
		return
	}
	failed, ok := errors.AsType[*campaign.Error](err)
	if !ok {
		return
	}
	h.rt.failures.Warn("no offer for a page",
		zap.NamedError("cause", err), zap.String("campaign", failed.Campaign.Name()))
}

// showsPage reports whether somebody is about to see the answer: not a browser that guesses or asks
// what it may ask, nor a monitor.
func showsPage(r *http.Request) bool {
	return r.Method != http.MethodHead && r.Method != http.MethodOptions &&
		!gate.IsPrefetch(r.Header)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*OfferHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*OfferHandler)(nil)
)
