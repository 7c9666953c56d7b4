package caddymodule

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/campaign"
)

// requestState is what the checkout directives of one request share. It stands in the request's
// vars and answers {http.checkout.*} for all of them.
type requestState struct {
	decisions []*decision // one for each directive that ran, in that order
	refused   bool        // a token of this request was counted as refused

	first decision // so that a request with one directive, as nearly all are, costs one allocation
	room  [2]*decision
}

// stateVar is the request's var that holds the state.
const stateVar = "checkout_request"

// decision is what one checkout directive knows and has chosen for one request. It gives package
// campaign its facts.
type decision struct {
	rt    *route
	state *requestState
	r     *http.Request
	repl  *caddy.Replacer
	now   time.Time
	user  *auth.User // nil: nobody, or not asked yet

	entries []*entry        // those that are tried
	entry   *entry          // the chosen one
	offer   *campaign.Offer // nil: none, or not decided yet

	outcome string // how the request was answered, once it was
	over    bool   // checkout_link has done its part
}

// newDecision begins the part of one directive. From now on its user and offer answer placeholders.
func newDecision(rt *route, r *http.Request) *decision {
	repl, _ := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	state, known := caddyhttp.GetVar(r.Context(), stateVar).(*requestState)
	if !known {
		state = new(requestState)
		state.decisions = state.room[:0]
		caddyhttp.SetVar(r.Context(), stateVar, state)
		repl.Map(state.placeholder)
	}
	d := &state.first
	if known {
		d = new(decision)
	}
	*d = decision{rt: rt, state: state, r: r, repl: repl, now: time.Now()}
	state.decisions = append(state.decisions, d)
	return d
}

// knownUser is the user, if there is one whom Zotlo can have as a subscriber.
func (d *decision) knownUser() (*auth.User, bool) {
	if d.user == nil || !d.user.Subscriber.Known() {
		return nil, false
	}
	return d.user, true
}

// placeholder answers {http.checkout.*}: who asks and how it ended, for the newest decision.
func (s *requestState) placeholder(key string) (any, bool) {
	name, ok := strings.CutPrefix(key, placeholder.Ours)
	if !ok {
		return nil, false
	}
	newest := s.decisions[len(s.decisions)-1]
	if path, ok := strings.CutPrefix(name, "claim."); ok {
		if newest.user == nil {
			return "", true
		}
		claim, _ := newest.user.Claim(path)
		return claim, true
	}
	switch name {
	case "return_to":
		// Anyone who puts it into a query needs nothing more.
		return url.QueryEscape(target.ReturnTo(newest.r)), true
	case "outcome":
		return newest.outcome, true
	}
	return s.shown().offered(name)
}

// shown is the decision whose offer the page has: a checkout_link that ended without one takes
// nothing from an earlier checkout_offer. While a directive decides it knows its own offer alone.
func (s *requestState) shown() *decision {
	at := len(s.decisions) - 1
	for at > 0 && s.decisions[at].over && s.decisions[at].offer == nil {
		at--
	}
	return s.decisions[at]
}

// offered answers the placeholders of the chosen offer; before an offer is chosen they are empty.
func (d *decision) offered(name string) (any, bool) {
	option, isOverride := strings.CutPrefix(name, "override.")
	o := d.offer
	if o == nil {
		return "", isOverride || placeholder.IsName(name)
	}
	if isOverride {
		value, _ := o.Override(option)
		return value, true
	}
	price := o.Price
	if price.Amount == "" {
		price = o.Quote
	}
	switch name {
	case "campaign":
		return o.Campaign.Name(), true
	case "experiment":
		return o.Experiment, true
	case "variant":
		return o.Variant, true
	case "price":
		return price.Amount, true
	case "currency":
		return price.Currency, true
	}
	return nil, false
}
