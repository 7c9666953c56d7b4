package caddymodule

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/claimvalue"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/partners"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/ledger"
)

// requestState is what the checkout directives of one request share. It stands in the request's
// vars and answers {http.checkout.*} for all of them.
type requestState struct {
	decisions []*decision     // one for each directive that ran, in that order
	refused   bool            // a token of this request was counted as refused, or as not there
	visit     *partners.Visit // nil: not read yet

	refusedOffer bool // the same of a signed offer

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

	signed *signedoffer.Offer // what has chosen the campaign; nil: no signed offer has

	ledger    *ledger.Facts // what the ledger knows of the user and the signed offer; nil: not asked yet
	ledgerErr error         // why it knows nothing of them
	known     bool          // the ledger has answered about the user

	outcome string // how the request was answered, once it was
	shopper bool   // the gate has let the request in
	over    bool   // the directive has done its part
	page    bool   // it is checkout_offer's
}

// newDecision begins the part of one directive. Until it is over, its user and offer alone answer
// placeholders.
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

// visit is what the request says about partners, read once for all directives.
func (d *decision) visit() *partners.Visit {
	if d.state.visit == nil {
		d.state.visit = d.rt.partners.Visit(d.r, d.now)
	}
	return d.state.visit
}

// knownUser is the user, if there is one whom Zotlo can have as a subscriber.
func (d *decision) knownUser() (*auth.User, bool) {
	if d.user == nil || !d.user.Subscriber.Known() {
		return nil, false
	}
	return d.user, true
}

// facts are what the ledger knows of the user, and of the signed offer. It is asked once a request,
// and only by a request that wants to know. A ledger that is away knows nothing, and stops no sale: a
// second checkout is better than none. Only a signed offer that is good for one payment waits for it.
func (d *decision) facts() ledger.Facts {
	if d.ledger == nil && !d.shareFacts() {
		facts, err := d.lookUp()
		_, isKnown := d.knownUser()
		d.ledger, d.ledgerErr, d.known = &facts, err, isKnown && err == nil
	}
	return *d.ledger
}

// shareFacts takes over what another directive of the request has looked up of the same user and the
// same signed offer.
func (d *decision) shareFacts() bool {
	user, ok := d.knownUser()
	for _, other := range d.state.decisions {
		if ok && other.known && other.ledger != nil &&
			other.user.Subscriber == user.Subscriber && other.offerHash() == d.offerHash() {
			d.ledger, d.known = other.ledger, true
			return true
		}
	}
	return false
}

// lookUp asks the ledger. Of nobody and of no offer it knows nothing.
func (d *decision) lookUp() (facts ledger.Facts, err error) {
	offer := d.offerHash()
	user, ok := d.knownUser()
	if !ok && offer == "" {
		return facts, nil
	}
	l, err := d.rt.ledger.Get()
	if err != nil {
		return facts, err // it was told when it went away
	}
	var hash string
	var former []string
	if ok {
		hash, former = hashesOf(d.rt.generator, user.Subscriber.ID)
	}
	facts, err = l.Facts(d.r.Context(), hash, offer, former...)
	if err != nil && d.r.Context().Err() == nil {
		metrics.LedgerErrors.WithLabelValues("facts").Inc()
		d.rt.failures.Error("the ledger failed, the click goes on without it", zap.Error(err))
	}
	return facts, err
}

// Happened reports whether an event happened to the user. It is not known of anonymous visitors, and
// of nobody while the ledger is away.
func (d *decision) Happened(event string, within time.Duration) (happened, known bool) {
	facts := d.facts()
	return facts.Happened(event, within, d.now), d.known
}

// eventValue is what an event that happened to the user says, or nothing.
func (d *decision) eventValue(rest string) string {
	event, name := placeholder.CutEvent(rest)
	value, _ := d.facts().Value(event, name, d.now)
	return value
}

// offerHash is how the ledger knows the signed offer; empty where a payment spends none.
func (d *decision) offerHash() string {
	if d.signed == nil || d.signed.ID == "" {
		return ""
	}
	return ledger.OfferHash(d.signed.ID)
}

// isSubscribed reports whether the user has a running subscription of the campaign's project, to one
// of the packages that it names.
func (d *decision) isSubscribed() bool {
	return d.facts().Subscribed(d.entry.project, d.entry.packages, d.now)
}

// knowledge ranks what the decision knows of the user: one whom Zotlo can have as a subscriber,
// somebody with a good token, nobody.
func (d *decision) knowledge() int {
	switch {
	case d.user == nil:
		return 0
	case !d.user.Subscriber.Known():
		return 1
	}
	return 2
}

// placeholder answers {http.checkout.*}. How it ended is the newest decision's to say.
func (s *requestState) placeholder(key string) (any, bool) {
	name, ok := strings.CutPrefix(key, placeholder.Ours)
	if !ok {
		return nil, false
	}
	newest := s.decisions[len(s.decisions)-1]
	if path, ok := strings.CutPrefix(name, "claim."); ok {
		user := s.speaker(anyDecision).user
		if user == nil {
			return "", true
		}
		return claimvalue.Of(user, path), true
	}
	if rest, ok := strings.CutPrefix(name, "event."); ok {
		return s.speaker(anyDecision).eventValue(rest), true
	}
	if value, ok := newest.visit().Value(name); ok {
		return value, true
	}
	if value, ok := strings.CutPrefix(name, "signed."); ok {
		return s.speaker(hasOffer).signed.Value(value), true
	}
	switch name {
	case "return_to":
		// Anyone who puts it into a query needs nothing more.
		return url.QueryEscape(target.ReturnTo(newest.r)), true
	case "outcome":
		return newest.outcome, true
	}
	return s.speaker(hasOffer).offered(name)
}

// speaker is the decision that answers for all of them: the newest of those that know most of the
// user. The checkout does so, too: a checkout_link that knows nobody passes on to the next. Those
// that do not count are asked only where none does.
//
// While a directive decides, it knows its own user and offer alone: a campaign's matcher must not
// see the user of another route's identity.
func (s *requestState) speaker(counts func(*decision) bool) *decision {
	newest := s.decisions[len(s.decisions)-1]
	if !newest.over || len(s.decisions) == 1 {
		return newest
	}
	best := s.decisions[0]
	for _, d := range s.decisions[1:] {
		switch {
		case counts(d) != counts(best):
			if counts(d) {
				best = d
			}
		case d.knowledge() >= best.knowledge():
			best = d
		}
	}
	return best
}

func anyDecision(*decision) bool { return true }

// hasOffer reports whether the decision speaks of what is offered. A checkout_link that ended
// without an offer takes nothing from an earlier checkout_offer; that one speaks for itself.
func hasOffer(d *decision) bool { return d.offer != nil || d.page }

// offered answers the placeholders of the chosen offer; before an offer is chosen they are empty.
func (d *decision) offered(name string) (any, bool) {
	option, isOverride := strings.CutPrefix(name, "override.")
	o := d.offer
	switch {
	case o == nil && name == "subscribed":
		return "false", true
	case o == nil:
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
	case "subscribed":
		return strconv.FormatBool(d.isSubscribed()), true
	case "subscriber":
		user, _ := d.knownUser()
		if user == nil {
			return "", true
		}
		return user.Subscriber.ID, true
	case "attribution":
		return d.attribution(), true
	}
	return nil, false
}
