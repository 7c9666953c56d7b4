package caddymodule

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/clientip"
	"github.com/caddy-checkout/checkout/caddymodule/internal/gate"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

// LinkHandler redirects a signed-in user to their personal checkout link: it reads who they are
// from their token, applies the first campaign that is active and matches, gets the link from Zotlo
// or from the cache, and answers `303 See Other`, JSON to clients that prefer it, or what htmx and
// Inertia understand (`HX-Redirect`, `X-Inertia-Location`). Whatever goes wrong, the shopper gets
// the configured fallback or an error that the site's `handle_errors` may dress; no answer is ever
// cacheable.
//
// Placeholders set for later handlers and error routes: `{http.checkout.outcome}`,
// `{http.checkout.campaign}`, `{http.checkout.experiment}`, `{http.checkout.variant}`,
// `{http.checkout.price}`, `{http.checkout.currency}`, `{http.checkout.override.<word>}`,
// `{http.checkout.claim.<path>}`, `{http.checkout.signed.<name>}`, `{http.checkout.return_to}`.
type LinkHandler struct {
	Route
	// Anonymous says what happens to a request without a good token: `deny` (default, 401),
	// `redirect`, `guest` (a link without a subscriber, made for this click and never cached) or
	// `next` (the next handler).
	Anonymous string `json:"anonymous,omitempty"`
	// Login is where `redirect` leads. Placeholders may stand after the `?`;
	// `{http.checkout.return_to}` is the way back.
	Login string `json:"login,omitempty"`
	// Fallback is what a shopper gets when there is no link and the campaign says nothing: a URL,
	// `error` (default) or `next`.
	Fallback string `json:"fallback,omitempty"`

	rt       *route
	visitors visitors
	fallback *target.Target
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
	return caddy.ModuleInfo{
		ID:  "http.handlers.checkout_link",
		New: func() caddy.Module { return new(LinkHandler) },
	}
}

// Provision resolves names and URLs.
func (h *LinkHandler) Provision(ctx caddy.Context) error {
	var err error
	h.guests = h.Anonymous == anonymousGuest
	if h.rt, err = h.Route.provision(ctx); err != nil {
		return err
	}
	h.rt.self = h
	if err = h.rt.sells((*campaign.Campaign).ForLink); err != nil {
		return err
	}
	if h.fallback, err = target.ParseFallback(h.Fallback); err != nil {
		return err
	}
	if h.visitors.login, err = h.parseLogin(); err != nil {
		return err
	}
	if h.Anonymous == "" {
		h.Anonymous = anonymousDeny
	}
	h.visitors.policy = h.Anonymous
	h.rt.warnIfConditional()
	return nil
}

// parseLogin checks the anonymous policy and reads where its redirect leads.
func (h *LinkHandler) parseLogin() (*target.Target, error) {
	switch h.Anonymous {
	case "", anonymousDeny, anonymousGuest, anonymousNext, anonymousRedirect:
	default:
		return nil, fmt.Errorf("anonymous: unknown policy %q: write deny, redirect <url>, guest "+
			"or next",
			h.Anonymous)
	}
	if (h.Anonymous == anonymousRedirect) != (h.Login != "") {
		return nil, errors.New("anonymous: redirect and its URL belong together: write " +
			"`anonymous redirect /login?next={http.checkout.return_to}`")
	}
	if h.Login == "" {
		return nil, nil
	}
	login, err := target.Parse(h.Login)
	if err != nil {
		return nil, fmt.Errorf("anonymous redirect: %w", err)
	}
	return login, nil
}

// ServeHTTP answers one click.
func (h *LinkHandler) ServeHTTP(w http.ResponseWriter, r *http.Request,
	next caddyhttp.Handler,
) error {
	d := newDecision(h.rt, r)
	a := h.answer(d)
	if h.rt.partners != nil && d.shopper {
		d.meetPartner(w)
	}
	if a.fallback = h.fallback; d.entry != nil && d.entry.fallback != nil {
		a.fallback = d.entry.fallback
	}
	return respond(w, d, a, next)
}

// answer is the way of one request. A panic in our own code is one shopper's error page.
func (h *LinkHandler) answer(d *decision) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(h.rt.log, "panic while making a link", p)
			a = answer{outcome: outcomePanic}
		}
	}()
	if refused := gate.Check(d.r, h.rt.backend); refused != "" {
		return answer{outcome: refused}
	}
	if a, done := h.visitors.choose(d); done {
		return a
	}
	return d.link()
}

// elsewhere is the answer that sends a shopper to another place than a checkout, if there is one.
func (d *decision) elsewhere() answer {
	once := d.signed != nil && d.signed.ID != "" // a payment spends the offer
	if once {
		if a, done := d.unusable(); done {
			return a
		}
	}
	if d.entry.subscribed != nil {
		if to := d.subscribed(); to != "" {
			return answer{outcome: outcomeSubscribed, to: to}
		}
	}
	if d.entry.afterPayment != nil {
		if to := d.afterPayment(); to != "" {
			return answer{outcome: outcomeAfterPayment, to: to}
		}
	}
	if once && d.facts().OfferSpent() {
		return d.spent()
	}
	return answer{}
}

// visitors is what a directive does with requests whose user is not known, or is nobody whom Zotlo
// can have as a subscriber. The zero value denies.
type visitors struct {
	policy string         // of Anonymous
	login  *target.Target // of anonymousRedirect
}

// choose is the way from a shopper's request to what it is offered: who they are, which campaign, and
// whether they are to be sent to another place. done means that the answer is there without a
// checkout.
func (v visitors) choose(d *decision) (a answer, done bool) {
	d.shopper = true
	if d.rt.offer != nil {
		if a, done := d.admitOffer(d.readOffer); done {
			return a, true
		}
	}
	user, err := d.rt.id.identify(d.r, d.repl)
	if err != nil {
		d.countRefusal(err)
		d.countMissing(err)
	}
	if a, done := v.admit(d, user, err); done {
		return a, true
	}
	if err := d.decide(); err != nil {
		return noOffer(err), true
	}
	a = d.elsewhere()
	return a, a.outcome != ""
}

// admitOffer takes in the signed offer of a request. done means that the answer is there: the offer
// is bad, or there is none, and nothing else is sold here.
func (d *decision) admitOffer(
	read func(token string) (*signedoffer.Offer, error),
) (a answer, done bool) {
	signed, err := d.findOffer(read)
	switch {
	case err != nil:
		return noOffer(err), true
	case signed == nil && len(d.rt.list) == 0:
		return answer{outcome: outcomeNoCampaign, next: true}, true
	}
	d.signed = signed
	return answer{}, false
}

// unusable is the answer to an offer that was revoked, or of which nobody can say whether it was.
func (d *decision) unusable() (a answer, done bool) {
	switch facts := d.facts(); {
	case d.ledgerErr != nil && d.r.Context().Err() != nil:
		return answer{outcome: outcomeLeft, err: d.ledgerErr}, true
	case d.ledgerErr != nil:
		return answer{
			outcome: outcomeLedgerAway, err: d.ledgerErr, retryAfter: ledgerRetryAfter,
		}, true
	case facts.OfferRevoked():
		return noOffer(signedoffer.Refuse(signedoffer.Revoked)), true
	}
	return answer{}, false
}

// spent is the answer to an offer that was paid: where one goes after a payment, if there is such a
// place.
func (d *decision) spent() answer {
	a := answer{outcome: outcomeOfferSpent}
	if to := d.entry.afterPayment; to != nil && !to.LeadsBack(d.r) {
		a.to = to.Render(d.r, d.repl)
	}
	return a
}

// admit takes in who the user is, or err, why that is not known. done means that the anonymous
// policy, or an error, has answered already.
func (v visitors) admit(d *decision, user *auth.User, err error) (a answer, done bool) {
	if err != nil {
		return v.anonymous(d, err)
	}
	d.user = user
	if user.Subscriber.ID != "" || v.policy == anonymousGuest {
		if d.signed != nil && !d.signed.IsFor(user.Subscriber) {
			return noOffer(signedoffer.Refuse(signedoffer.Owner)), true
		}
		return answer{}, false
	}
	a = answer{outcome: outcomeNoSubscriber}
	if user.Unconfirmed {
		a.text = textUnconfirmed
	}
	return a, true
}

// anonymous is the answer to a request whose user is not known, by the policy for them.
func (v visitors) anonymous(d *decision, err error) (a answer, done bool) {
	a.outcome = identityOutcome(d.r.Context(), err)
	switch a.outcome {
	case outcomeLeft:
		a.err = err
		return a, true
	case outcomeKeysUnavailable:
		a.err, a.retryAfter = err, keysRetryAfter
		return a, true
	}
	// Of an offer for one person only they can be told whether it is theirs.
	personal := d.signed != nil && d.signed.Subscriber != ""
	switch v.policy {
	case anonymousGuest:
		if !personal {
			return answer{}, false
		}
	case anonymousNext:
		a.next = !personal
	case anonymousRedirect:
		a.login = v.login
	}
	return a, true
}

// noOffer is the answer where nothing can be sold.
func noOffer(err error) answer {
	refused, isRefused := errors.AsType[*signedoffer.RefusedError](err)
	switch {
	case errors.Is(err, campaign.ErrNone):
		return answer{outcome: outcomeNoCampaign, next: true}
	case isRefused:
		return answer{outcome: outcomeBadOfferToken, text: refused.Sentence(), err: err}
	case errors.Is(err, errNoSuchOffer):
		return answer{outcome: outcomeNoCampaign, err: err}
	}
	return answer{outcome: outcomeBadOffer, err: err}
}

// subscribed is where a subscriber goes instead of to a second checkout; empty for all others.
func (d *decision) subscribed() string {
	if d.entry.subscribed.LeadsBack(d.r) || !d.isSubscribed() {
		return ""
	}
	return d.entry.subscribed.Render(d.r, d.repl)
}

// afterPayment is where a shopper who has just paid goes instead of to a second checkout; empty for
// all others.
func (d *decision) afterPayment() string {
	to := d.entry.afterPayment
	if to.LeadsBack(d.r) {
		return ""
	}
	if !d.facts().PaidRecently(d.entry.Name(), d.entry.afterFor, d.now) {
		return ""
	}
	return to.Render(d.r, d.repl)
}

// noLinkID is the error about a campaign that was named at the request, so that no check at load has
// seen that only an embedded checkout can sell it.
func noLinkID(o *campaign.Offer) error {
	return &campaign.Error{
		Campaign: o.Campaign, Override: "link_id", Why: "a personal link needs one",
	}
}

// link gets the link that the offer wants.
func (d *decision) link() answer {
	if d.offer.LinkID == "" {
		return answer{outcome: outcomeBadOffer, err: noLinkID(d.offer)}
	}
	ip := clientip.Of(d.r)
	if !ip.IsValid() {
		// Before the cache and the limits: no address is nobody's bucket.
		return answer{outcome: outcomeNoAddress}
	}
	order := d.remembered(ip)
	if order == nil {
		order = d.rt.generator.Prepare(d.order(ip)) // here, and so on the stack
	}
	result, err := d.rt.generator.Link(d.r.Context(), order, d.r.Host)
	if result.Source != linkgen.FromCache {
		d.rt.addresses.Look(d.rt.log, d.r, ip)
	}
	if err != nil {
		a := answer{outcome: linkOutcome(err), err: err}
		if e, ok := errors.AsType[*linkgen.Error](err); ok {
			a.retryAfter = e.RetryAfter
		}
		return a
	}
	if d.offer.Counted {
		d.expose(atLink)
	}
	if d.rt.partners != nil {
		d.countPartnerLink()
	}
	return answer{outcome: outcomeLink, link: result}
}

// Interface guards
var (
	_ caddy.Provisioner           = (*LinkHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*LinkHandler)(nil)
)
