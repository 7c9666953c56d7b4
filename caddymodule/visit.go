package caddymodule

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

// visit is what is known of one request. It gives package campaign its facts.
type visit struct {
	rt    *route
	r     *http.Request
	repl  *caddy.Replacer
	now   time.Time
	user  *auth.User // nil: nobody, or not asked yet
	list  lineup     // decided on
	offer *campaign.Offer
	entry *entry // of the chosen campaign

	outcome string // how the request was answered, once it was
	newest  *visit // of this request; kept in its first visit
	before  *visit // of the same request
	over    bool   // checkout_link has done its part
	refused bool   // a token of this request was counted; kept in its first visit
}

func newVisit(rt *route, r *http.Request) *visit {
	v := &visit{rt: rt, r: r, now: time.Now()}
	v.repl, _ = r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	return v
}

// publish lets matchers and other handlers read the user's claims. The newest visit of a request answers.
func (v *visit) publish() {
	if first, ok := caddyhttp.GetVar(v.r.Context(), visitVar).(*visit); ok {
		v.before, first.newest = first.newest, v
		return
	}
	v.newest = v
	caddyhttp.SetVar(v.r.Context(), visitVar, v)
	v.repl.Map(v.placeholder)
}

// visitVar is where the request keeps its first visit: two checkout directives in one request share one set of placeholders.
const visitVar = "checkout_visit"

// asking is the user as package campaign knows them.
func (v *visit) asking() campaign.User {
	if v.user == nil {
		return campaign.User{}
	}
	return campaign.User{Subscriber: v.user.Subscriber.ID, Claims: v.user}
}

// claim is a verified claim.
func (v *visit) claim(path string) (string, bool) {
	if v.user == nil {
		return "", false
	}
	return v.user.Claim(path)
}

// Value is the value of a placeholder.
func (v *visit) Value(key string) (string, bool) { return v.repl.GetString(key) }

// Match asks the matchers of the campaign at this place of the list.
func (v *visit) Match(index int) (bool, error) {
	if m := v.list.entries[index].matchers; len(m) > 0 {
		return m.AnyMatchWithError(v.r)
	}
	return true, nil
}

// Trusted reports whether no visitor can write the placeholder.
func (v *visit) Trusted(key string) bool { return trusted(key, v.rt.id.trusts) }

// decide chooses campaign, variant and overrides.
func (v *visit) decide(list lineup) error {
	v.list = list
	d, err := campaign.Decide(list.campaigns, v.asking(), v, v.now)
	if d.Index >= 0 {
		v.entry = list.entries[d.Index]
	}
	if err != nil {
		return err
	}
	v.offer = d.Offer
	for _, word := range d.Offer.Dropped {
		overridesDropped.WithLabelValues(v.entry.Name(), word).Inc()
	}
	return nil
}

// order says which link the offer wants, and under which key it is cached.
func (v *visit) order() (linkgen.Order, linkgen.Key) {
	app := v.rt.app
	ip := clientIP(v.r)
	answer := func() (linkgen.Order, linkgen.Key) {
		o := v.newOrder(ip)
		return o, app.generator.Key(o)
	}
	var o linkgen.Order
	var key linkgen.Key
	if q, ok := v.question(ip); ok {
		o, key = app.recall.find(q, answer)
	} else {
		o, key = answer()
	}
	o.OwnHost = v.r.Host
	return o, key
}

// maxRecalledLanguage bounds the Accept-Language that is remembered. A browser's has below a hundred bytes; without a bound one
// visitor could fill the table with megabytes.
const maxRecalledLanguage = 256

// question is what the order depends on. It reports false where that is more than can be remembered.
func (v *visit) question(ip netip.Addr) (question, bool) {
	if v.user == nil || v.entry.dynamic {
		return question{}, false
	}
	q := question{user: v.user, offer: v.offer, ip: ip}
	if v.offer.Language == "" && v.rt.app.languages.Several() {
		q.language = listed(v.r.Header, "Accept-Language")
	}
	return q, len(q.language) <= maxRecalledLanguage
}

func (v *visit) newOrder(ip netip.Addr) linkgen.Order {
	o := linkgen.Order{
		Project: v.entry.project, IP: ip, Language: v.language(),
		LinkID: v.offer.LinkID, Price: v.offer.Price.Amount, Currency: v.offer.Price.Currency,
		Fields: wireFields(v.offer.Fields), Parameters: wireFields(v.offer.Parameters),
		Campaign: v.offer.Campaign.Name(), Experiment: v.offer.Experiment, Variant: v.offer.Variant,
	}
	if v.user != nil && v.user.Subscriber.Known() {
		o.Subscriber = linkgen.Subscriber{Kind: string(v.user.Subscriber.Kind), ID: v.user.Subscriber.ID, Issuer: v.user.Issuer}
	}
	return o
}

// language is the campaign's, else the user's locale, else the browser's.
func (v *visit) language() string {
	if v.offer.Language != "" {
		return v.offer.Language
	}
	locale, _ := v.claim("locale")
	return v.rt.app.languages.Match(locale, listed(v.r.Header, "Accept-Language"))
}

func wireFields(in []campaign.Field) []linkgen.Field {
	if len(in) == 0 {
		return nil
	}
	out := make([]linkgen.Field, len(in))
	for i, f := range in {
		out[i] = linkgen.Field(f)
	}
	return out
}
