package caddymodule

import (
	"crypto/tls"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

// explainQuestion describes a click that nobody made.
type explainQuestion struct {
	Campaigns []string        `json:"campaigns"` // default: those of the routes, if all routes list the same; else all, by name
	Claims    json.RawMessage `json:"claims"`    // of the token; none means a stranger
	Request   explainRequest  `json:"request"`
	JWT       string          `json:"jwt"`     // the identity that reads the claims; default: `default`, else the only one
	Variant   string          `json:"variant"` // forces a variant
}

type explainRequest struct {
	Method   string                  `json:"method"`
	URI      string                  `json:"uri"` // a path and query, or a whole address
	Headers  map[string]headerValues `json:"headers"`
	ClientIP string                  `json:"client_ip"`
}

// headerValues is one text, or a list of them.
type headerValues []string

// UnmarshalJSON reads a text or a list of texts.
func (h *headerValues) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*[]string)(h))
	}
	*h = make([]string, 1)
	return json.Unmarshal(text, &(*h)[0])
}

const explainMembers = `{"campaigns": ["pro"], "claims": {"email": "ann@example.com"}, "request": {"method": "GET", "uri": "/", "headers": {}, "client_ip": "203.0.113.7"}, "jwt": "default", "variant": "control"}, all of them optional`

// explanation says what the click would have got, and why.
type explanation struct {
	// Outcome is what checkout_link would have reached without a fault of the API: link, or why not.
	Outcome string `json:"outcome"`
	Error   string `json:"error,omitempty"`
	Note    string `json:"note,omitempty"` // what may make this answer another one than a click's

	Campaign   string `json:"campaign,omitempty"`
	Experiment string `json:"experiment,omitempty"`
	Variant    string `json:"variant,omitempty"`
	Reason     string `json:"reason,omitempty"` // OpenFeature's word: STATIC, SPLIT, DEFAULT or DISABLED
	Bucket     *int   `json:"bucket,omitempty"` // 0 to 9999, if one was worked out
	Counted    bool   `json:"counted"`          // handing the offer out would be an exposure

	Rules      []campaign.Step     `json:"rules"`               // the campaigns in the order in which they were tried
	Dropped    []string            `json:"dropped,omitempty"`   // overrides left out, and why
	Untrusted  []string            `json:"untrusted,omitempty"` // what keeps a campaign from this identity
	Subscriber explainedSubscriber `json:"subscriber"`
	Language   string              `json:"language,omitempty"`
	ClientIP   string              `json:"client_ip,omitempty"`
	APIRequest *linkgen.Described  `json:"api_request,omitempty"` // exactly, but for secrets and the random part
}

// explainedSubscriber names the subscriber as the log does. Claims says what became of each listed claim, without its value.
type explainedSubscriber struct {
	Hash   string   `json:"hash,omitempty"`
	Kind   string   `json:"kind,omitempty"`
	Claims []string `json:"claims,omitempty"`
}

// explain decides as a click does, and calls nobody: no API and no cache. Nothing is counted.
func explain(app *App, body []byte, admin *http.Request) (any, error) {
	var q explainQuestion
	if err := readQuestion(body, &q, explainMembers); err != nil {
		return nil, err
	}
	names, guessed := q.Campaigns, false
	if len(names) == 0 {
		names, guessed = app.listed()
	}
	list, err := app.chosen(names)
	if err != nil {
		return nil, err
	}
	if q.Variant != "" && !slices.ContainsFunc(list, func(e *entry) bool { return e.hasVariant(q.Variant) }) {
		return nil, adminError(http.StatusBadRequest, "variant: none of these campaigns has one of that name")
	}
	id, err := app.ids.forExplaining(q.JWT)
	if err != nil {
		return nil, err
	}
	user, err := q.user(id)
	if err != nil {
		return nil, err
	}
	r, err := q.Request.build(admin)
	if err != nil {
		return nil, err
	}
	v := newVisit(&route{app: app, id: id}, r)
	v.user = user
	v.publish()
	out := v.explain(list, q.Variant)
	if guessed {
		out.Note = "the routes list different campaigns, so all were tried, in the order of their names: name those of your route, in its order"
	}
	return out, nil
}

// listed is what every route lists. Where they differ it is all campaigns by name, which is a guess.
func (a *App) listed() (names []string, guessed bool) {
	all := slices.Sorted(maps.Keys(a.registry.byName))
	if len(a.routes) == 0 {
		return all, false
	}
	first := a.routes[0]
	if hasPlaceholder(first...) || slices.ContainsFunc(a.routes, func(other []string) bool { return !slices.Equal(other, first) }) {
		return all, true
	}
	return first, false
}

// chosen finds campaigns by name.
func (a *App) chosen(names []string) ([]*entry, error) {
	if len(names) == 0 {
		return nil, adminError(http.StatusNotFound, "no campaign is defined")
	}
	list := make([]*entry, len(names))
	for i, name := range names {
		if list[i] = a.registry.byName[name]; list[i] == nil {
			return nil, adminError(http.StatusNotFound, "campaigns: name %d of %d is not defined%s", i+1, len(names), knownNames(a.registry))
		}
	}
	return list, nil
}

func (e *entry) hasVariant(name string) bool {
	_, ranges := e.Ranges()
	return slices.ContainsFunc(ranges, func(r campaign.Range) bool { return r.Variant == name })
}

// build makes the request with Caddy's own plumbing, so that matchers and placeholders work on it.
func (q *explainRequest) build(admin *http.Request) (*http.Request, error) {
	if q.Method == "" {
		q.Method = http.MethodGet
	}
	if q.URI == "" {
		q.URI = "/"
	}
	u, err := url.ParseRequestURI(q.URI)
	if err != nil || u.Host == "" && u.Path == "" {
		return nil, adminError(http.StatusBadRequest, "request: uri: write a path such as /checkout/pro?a=b, or a whole address")
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
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: u.Hostname()}
	}
	if q.ClientIP != "" {
		ip, err := netip.ParseAddr(q.ClientIP)
		if err != nil {
			return nil, adminError(http.StatusBadRequest, "request: client_ip: write an address such as 203.0.113.7")
		}
		r.RemoteAddr = net.JoinHostPort(ip.String(), "0")
	}
	return caddyhttp.PrepareRequest(r, caddy.NewReplacer(), nil, new(caddyhttp.Server)), nil
}

// explain decides, and says why.
func (v *visit) explain(list []*entry, variant string) *explanation {
	out := new(explanation)
	for _, e := range list {
		v.list.add(e)
		if err := e.Untrusted(v.Trusted); err != nil {
			out.Untrusted = append(out.Untrusted, err.Error())
		}
	}
	d, err := campaign.Explain(v.list.campaigns, v.asking(), v, v.now, variant)
	out.Rules, out.Dropped = v.rules(list, d.Steps), d.Dropped
	out.Subscriber = v.explainedSubscriber()
	if ip := clientIP(v.r); ip.IsValid() {
		out.ClientIP = ip.String()
	}
	if err != nil {
		out.Outcome, out.Error = offerOutcome(err), err.Error()
		return out
	}
	v.offer, v.entry = d.Offer, list[d.Index]
	out.describe(v)
	return out
}

// reached is the outcome of a click that got an offer. Where nobody is known, a route that lets strangers in would make a link all the same.
func (v *visit) reached() string {
	switch {
	case v.user == nil:
		return outcomeAnonymous
	case !v.user.Subscriber.Known():
		return outcomeNoSubscriber
	}
	return outcomeLink
}

// describe tells of the chosen offer.
func (out *explanation) describe(v *visit) {
	o := v.offer
	out.Outcome = v.reached()
	out.Campaign, out.Experiment, out.Variant = o.Campaign.Name(), o.Experiment, o.Variant
	out.Reason, out.Counted = o.Reason, o.Counted && out.Outcome == outcomeLink
	if o.Bucket >= 0 {
		out.Bucket = &o.Bucket
	}
	out.Language = v.language()
	described, err := v.rt.app.generator.Describe(v.newOrder(clientIP(v.r)))
	if err != nil {
		out.Outcome, out.Error = string(linkgen.Refused), err.Error()
		return
	}
	out.APIRequest = &described
}

func (v *visit) explainedSubscriber() (out explainedSubscriber) {
	if v.user == nil {
		return out
	}
	out.Claims = v.user.SubscriberTrace()
	if v.user.Subscriber.Known() {
		out.Kind = string(v.user.Subscriber.Kind)
		out.Hash = v.rt.app.generator.SubscriberHash(v.user.Subscriber.ID).String()
	}
	return out
}
