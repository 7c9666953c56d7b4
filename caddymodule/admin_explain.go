package caddymodule

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
	"github.com/caddy-checkout/checkout/caddymodule/internal/clientip"
	"github.com/caddy-checkout/checkout/caddymodule/internal/matchers"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

const explainMembers = `{"campaigns": ["pro"], "claims": {"email": "ann@example.com"}, ` +
	`"request": {"method": "GET", "uri": "/", "headers": {}, "client_ip": "203.0.113.7"}, ` +
	`"jwt": "default", "variant": "control"}, all of them optional`

// explain decides as a click does, and calls nobody: no API and no cache. Nothing is counted.
func explain(app *App, body []byte, admin *http.Request) (any, error) {
	var q cli.Question
	if err := readQuestion(body, &q, explainMembers); err != nil {
		return nil, err
	}
	names, guessed := q.Campaigns, false
	if len(names) == 0 {
		names, guessed = app.listed()
	}
	list, err := app.shared.registry.chosen(names)
	if err != nil {
		return nil, err
	}
	hasVariant := func(e *entry) bool { return e.hasVariant(q.Variant) }
	if q.Variant != "" && !slices.ContainsFunc(list, hasVariant) {
		return nil, adminError(http.StatusBadRequest,
			"variant: none of these campaigns has one of that name")
	}
	id, err := app.ids.forExplaining(q.JWT)
	if err != nil {
		return nil, err
	}
	user, err := describedUser(q.Claims, id)
	if err != nil {
		return nil, err
	}
	r, err := buildRequest(&q.Request, admin)
	if err != nil {
		return nil, err
	}
	d := newDecision(&route{services: app.shared, id: id}, r)
	d.user, d.entries = user, list
	out := d.explain(q.Variant)
	if guessed {
		out.Note = "the routes list different campaigns, so all were tried, in the order of " +
			"their names: name those of your route, in its order"
	}
	return out, nil
}

// listed is what every route lists. Where they differ it is all campaigns by name, which is a
// guess.
func (a *App) listed() (names []string, guessed bool) {
	all := a.shared.registry.names()
	if len(a.routes) == 0 {
		return all, false
	}
	first := a.routes[0]
	differs := func(other []string) bool { return !slices.Equal(other, first) }
	if placeholder.In(first...) || slices.ContainsFunc(a.routes, differs) {
		return all, true
	}
	return first, false
}

// chosen finds campaigns by name.
func (r *registry) chosen(names []string) ([]*entry, error) {
	if len(names) == 0 {
		return nil, adminError(http.StatusNotFound, "no campaign is defined")
	}
	list := make([]*entry, len(names))
	for i, name := range names {
		if list[i] = r.byName[name]; list[i] == nil {
			known := ""
			if len(r.byName) > 0 {
				known = " (defined are: " + strings.Join(r.names(), ", ") + ")"
			}
			return nil, adminError(http.StatusNotFound,
				"campaigns: name %d of %d is not defined%s", i+1, len(names), known)
		}
	}
	return list, nil
}

// buildRequest makes the request with Caddy's own plumbing, so that matchers and placeholders work
// on it.
func buildRequest(q *cli.QuestionRequest, admin *http.Request) (*http.Request, error) {
	if q.Method == "" {
		q.Method = http.MethodGet
	}
	if q.URI == "" {
		q.URI = "/"
	}
	u, err := url.ParseRequestURI(q.URI)
	if err != nil || u.Host == "" && u.Path == "" {
		return nil, adminError(http.StatusBadRequest,
			"request: uri: write a path such as /checkout/pro?a=b, or a whole address")
	}
	r, err := http.NewRequestWithContext(admin.Context(), q.Method, q.URI, nil)
	if err != nil {
		return nil, adminError(http.StatusBadRequest, "request: method: write one such as GET")
	}
	r.RequestURI = u.RequestURI()
	for name, values := range q.Headers {
		for _, value := range values {
			r.Header.Add(name, value)
		}
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
		r.Header.Del("Host")
	}
	if u.Scheme == "https" {
		r.TLS = &tls.ConnectionState{
			Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: u.Hostname(),
		}
	}
	if q.ClientIP != "" {
		ip, err := netip.ParseAddr(q.ClientIP)
		if err != nil {
			return nil, adminError(http.StatusBadRequest,
				"request: client_ip: write an address such as 203.0.113.7")
		}
		r.RemoteAddr = net.JoinHostPort(ip.String(), "0")
	}
	return caddyhttp.PrepareRequest(r, caddy.NewReplacer(), nil, new(caddyhttp.Server)), nil
}

// explain decides, and says why.
func (d *decision) explain(variant string) *cli.Explanation {
	out := new(cli.Explanation)
	campaigns := make([]*campaign.Campaign, len(d.entries))
	for i, e := range d.entries {
		campaigns[i] = e.Campaign
		if err := e.Untrusted(d.rt.trusts); err != nil {
			out.Untrusted = append(out.Untrusted, err.Error())
		}
	}
	chosen, err := campaign.Explain(campaigns, d.campaignUser(), d, d.now, variant)
	out.Rules, out.Dropped = d.rules(chosen.Steps), chosen.Dropped
	out.Subscriber = d.explainedSubscriber()
	if ip := clientip.Of(d.r); ip.IsValid() {
		out.ClientIP = ip.String()
	}
	if err != nil {
		out.Outcome, out.Error = noOffer(err).outcome, err.Error()
		return out
	}
	d.offer, d.entry = chosen.Offer, d.entries[chosen.Index]
	d.describe(out)
	return out
}

// rules adds to each campaign tried what its matchers say. Those behind the chosen one are asked
// too: an operator who wonders why a campaign did not win wants to know whether it could have.
func (d *decision) rules(steps []campaign.Step) []campaign.Step {
	for i := range steps {
		step, e := &steps[i], d.entries[i]
		says := matchers.Explain(e.matchers, e.source, d.r)
		switch step.Result {
		case "chosen", "no match":
			step.Detail = says
		case "not reached":
			if state := e.State(d.now); state != "active" {
				step.Detail = "and is " + state
			} else {
				step.Detail = "but " + says
			}
		}
	}
	return steps
}

// describe tells of the chosen offer.
func (d *decision) describe(out *cli.Explanation) {
	o := d.offer
	out.Outcome = d.reached()
	out.Campaign, out.Experiment, out.Variant = d.entry.Name(), o.Experiment, o.Variant
	out.Reason, out.Counted = o.Reason, o.Counted && out.Outcome == outcomeLink
	if o.Bucket >= 0 {
		out.Bucket = &o.Bucket
	}
	out.Language = d.language()
	described, err := d.rt.generator.Describe(d.order(clientip.Of(d.r)))
	if err != nil {
		out.Outcome, out.Error = string(linkgen.Refused), err.Error()
		return
	}
	out.APIRequest = &described
}

// reached is the outcome of a click that got an offer. Where nobody is known, a route that lets
// anonymous visitors in would make a link all the same.
func (d *decision) reached() string {
	if d.user == nil {
		return outcomeAnonymous
	}
	if _, known := d.knownUser(); !known {
		return outcomeNoSubscriber
	}
	return outcomeLink
}

func (d *decision) explainedSubscriber() (out cli.ExplainedSubscriber) {
	if d.user == nil {
		return out
	}
	out.Claims = d.user.SubscriberTrace()
	if user, known := d.knownUser(); known {
		out.Kind = string(user.Subscriber.Kind)
		out.Hash = d.rt.generator.SubscriberHash(user.Subscriber.ID).String()
	}
	return out
}

// forExplaining finds an identity by name. Without a name it is the default one, or the only one
// that any route has. Where no route reads a token, it is one that another handler verified.
func (ids *identities) forExplaining(name string) (identifier, error) {
	if name == "" && ids.named[defaultJWT] == nil {
		switch len(ids.all) {
		case 0:
			return placeholderIdentifier{}, nil
		case 1:
			return tokenIdentifier{ids.all[0]}, nil
		}
		return nil, adminError(http.StatusBadRequest,
			"jwt: there are %d identities and none is the default: write the name of one%s",
			len(ids.all), ids.names())
	}
	if name == "" {
		name = defaultJWT
	}
	authenticator, err := ids.lookup(name)
	if err != nil {
		return nil, adminError(http.StatusNotFound, "jwt: no identity has that name%s", ids.names())
	}
	return tokenIdentifier{authenticator}, nil
}

func (ids *identities) names() string {
	if len(ids.named) == 0 {
		return "; none has a name: write `jwt <name> {` in the global checkout option"
	}
	return fmt.Sprintf("; defined are: %v", slices.Sorted(maps.Keys(ids.named)))
}

// describedUser is whom the claims describe; nil is an anonymous visitor.
func describedUser(claims json.RawMessage, id identifier) (*auth.User, error) {
	if len(claims) == 0 || bytes.Equal(claims, []byte("null")) {
		return nil, nil
	}
	token, isToken := id.(tokenIdentifier)
	if !isToken {
		rules, err := defaultRules()
		if err != nil {
			return nil, err
		}
		token = tokenIdentifier{rules}
	}
	user, err := token.UnverifiedUser(claims)
	if err != nil {
		return nil, adminError(http.StatusBadRequest, "claims: %w", err)
	}
	if !isToken {
		// Another handler has verified them. The claims name them and no more: a click brings no
		// others, and a variant that was chosen by them would not be theirs.
		user = &auth.User{Subscriber: user.Subscriber}
	}
	return user, nil
}

// defaultRules reads claims as a jwt block does that says nothing of them. Nobody holds its key,
// and no request meets it.
var defaultRules = sync.OnceValues(func() (*auth.Authenticator, error) {
	return auth.New(auth.Config{
		Secrets: []string{rand.Text() + rand.Text()},
		From:    []auth.Source{{In: "cookie", Name: "none"}},
	})
})
