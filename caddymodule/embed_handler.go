package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/gate"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// EmbedHandler answers what a page starts Zotlo's Checkout SDK with, so that a checkout form stands
// in the page itself: it reads who the shopper is and decides as `checkout_link` does, and answers
// `200` with JSON: `token`, `packageId`, `subscriberId`, `language`, `returnUrl`,
// `customParameters`, and beside them `expires_at`. It makes no API call. Where `subscribed` or
// `after_payment` sends the shopper elsewhere, the answer is `{"url"}`.
//
// Campaigns need `package`, and may have no `one_time_price`: an embedded checkout sells a package at
// the package's own price. Of the other overrides `language`, `custom_parameter` and `mmp` are used.
// Errors are problem documents (RFC 9457), never `handle_errors`. Only the site's own pages are
// answered. Danger: what stands in a page can be changed there. A payment whose attribution was
// changed counts under no campaign, and a `subscriberId` proves nothing.
//
// Placeholders are set for later handlers as by `checkout_link`.
type EmbedHandler struct {
	Route
	// Anonymous says what happens to a request without a good token: `deny` (default, 401), `guest`
	// (a form that asks for the e-mail address itself) or `next` (the next handler).
	Anonymous string `json:"anonymous,omitempty"`
	// ReturnURL is where a shopper comes back to after the payment: an absolute https address, or
	// http on loopback. Required. Use the page that holds the form, or one that asks your backend:
	// on another page Zotlo's SDK does not know the payment any more.
	ReturnURL string `json:"return_url,omitempty"`

	rt       *route
	visitors visitors
	back     *target.Target
	tokens   map[string]string // the application keys, by project

	elsewhere sync.Once // the warning about ReturnURL
}

// embedStart is the answer: what the SDK is started with, and until when a payment is attributed.
type embedStart struct {
	zotlo.Start
	ExpiresAt time.Time `json:"expires_at"`
}

// CaddyModule returns the Caddy module information.
func (*EmbedHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.checkout_embed",
		New: func() caddy.Module { return new(EmbedHandler) },
	}
}

// Provision resolves names and the return URL.
func (h *EmbedHandler) Provision(ctx caddy.Context) (err error) {
	h.guests = h.Anonymous == anonymousGuest
	if h.rt, err = h.Route.provision(ctx); err != nil {
		return err
	}
	h.rt.self, h.rt.script = h, true
	if err := h.rt.sells((*campaign.Campaign).ForEmbed); err != nil {
		return err
	}
	if err := h.checkAnonymous(); err != nil {
		return fmt.Errorf("anonymous: %w", err)
	}
	h.visitors.policy = h.Anonymous
	switch h.back, err = h.parseReturnURL(); {
	case errors.Is(err, errNoReturnURL):
		return err
	case err != nil:
		return fmt.Errorf("return_url: %w", err)
	}
	app, err := checkoutApp(ctx)
	if err != nil {
		return err
	}
	h.tokens = make(map[string]string)
	for _, p := range app.projects.list {
		h.tokens[p.Name] = p.ApplicationKey
	}
	return nil
}

// checkAnonymous refuses an unknown policy. A script follows no redirect to a login.
func (h *EmbedHandler) checkAnonymous() error {
	switch h.Anonymous {
	case "", anonymousDeny, anonymousGuest, anonymousNext:
		return nil
	}
	return fmt.Errorf("unknown policy %q: write deny, guest or next", h.Anonymous)
}

var errNoReturnURL = errors.New("return_url is missing: write " +
	"`return_url https://shop.example.com/checkout` with the address of the page that holds the form")

func (h *EmbedHandler) parseReturnURL() (*target.Target, error) {
	if h.ReturnURL == "" {
		return nil, errNoReturnURL
	}
	return target.ParseReturn(h.ReturnURL)
}

// ServeHTTP answers one form.
func (h *EmbedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request,
	next caddyhttp.Handler,
) error {
	d := newDecision(h.rt, r)
	a := h.answer(d)
	if h.rt.partners != nil && d.shopper {
		d.meetPartner(w)
	}
	if d.entry != nil {
		a.fallback = d.entry.fallback
	}
	return respond(w, d, a, next)
}

// answer is the way of one request. A panic in our own code is one shopper's problem document.
func (h *EmbedHandler) answer(d *decision) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(h.rt.log, "panic while starting an embedded checkout", p)
			a = answer{outcome: outcomePanic}
		}
	}()
	if refused := gate.CheckOwn(d.r, h.rt.backend); refused != "" {
		return answer{outcome: refused}
	}
	if a, done := h.visitors.choose(d); done {
		return a
	}
	return h.start(d)
}

// start is what the form of the offer is started with.
func (h *EmbedHandler) start(d *decision) answer {
	start, err := h.params(d, d.attribution())
	if err != nil {
		return answer{outcome: outcomeBadOffer, err: err}
	}
	if !h.back.IsOf(d.r) {
		h.elsewhere.Do(func() {
			h.rt.log.Warn("return_url is on another site than the form: after the payment Zotlo's "+
				"SDK knows nothing of it there; lead shoppers back to the page that holds the form, "+
				"or to one that asks your backend", zap.String("host", d.r.Host))
		})
	}
	if d.offer.Counted {
		d.expose(atLink)
	}
	if d.rt.partners != nil {
		d.countPartnerLink()
	}
	return answer{outcome: outcomeEmbed, start: &embedStart{
		start, ledger.AttributedUntil(d.now).UTC(),
	}}
}

// params are the SDK's parameters for the offer. Its error is a *campaign.Error.
func (h *EmbedHandler) params(d *decision, attribution string) (zotlo.Start, error) {
	packageID, err := d.offer.EmbeddedPackage()
	if err != nil {
		return zotlo.Start{}, err
	}
	start := zotlo.Start{
		Token: h.tokens[d.entry.project], PackageID: packageID, Language: d.language(),
		ReturnURL:        h.back.String(),
		CustomParameters: zotlo.CustomParameters(d.offer.Parameters, attribution),
	}
	if user, known := d.knownUser(); known {
		start.SubscriberID = user.Subscriber.ID
	}
	return start, nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*EmbedHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*EmbedHandler)(nil)
)
