package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
	"github.com/caddy-checkout/checkout/caddymodule/internal/clientip"
	"github.com/caddy-checkout/checkout/caddymodule/internal/gate"
	"github.com/caddy-checkout/checkout/caddymodule/internal/routewalk"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

const explainMembers = `{"campaigns": ["pro"], "claims": {"email": "ann@example.com"}, ` +
	`"request": {"method": "GET", "uri": "/", "host": "shop.example.com", "headers": {}, ` +
	`"client_ip": "203.0.113.7"}, "jwt": "default", "variant": "control", ` +
	`"at": "2026-11-27T00:00:00Z"}, all of them optional`

// explain goes the way of a click, and calls nobody: no API, no key server, no cache of links.
// Nothing is counted.
func explain(app *App, body []byte, admin *http.Request) (any, error) {
	var question cli.Question
	if err := readQuestion(body, &question, explainMembers); err != nil {
		return nil, err
	}
	x := &inquiry{app: app, asked: question}
	if err := x.resolve(); err != nil {
		return nil, err
	}
	return x.answer(admin.Context())
}

// inquiry is a question about a click, with its names looked up, and what came of it.
type inquiry struct {
	app   *App
	asked cli.Question
	token string     // a real one; empty: none
	id    identifier // named by the question; nil: the route's
	list  []*entry   // named by the question; nil: the route's
	at    time.Time

	link   *cli.Explanation // of the last checkout_link or checkout_embed
	page   *cli.Explanation // of the last checkout_offer
	passed []string         // the directives that handed the request on
	err    error            // of the question
}

// resolve looks up the names of the question, and checks what does not depend on a route.
func (x *inquiry) resolve() (err error) {
	if x.at = time.Now(); x.asked.At != "" {
		if x.at, err = time.Parse(time.RFC3339, x.asked.At); err != nil {
			return adminError(http.StatusBadRequest,
				"at: write an instant such as 2026-11-27T00:00:00+01:00")
		}
	}
	if len(x.asked.Campaigns) > 0 {
		if x.list, err = x.app.shared.registry.chosen(x.asked.Campaigns); err != nil {
			return err
		}
	}
	if bytes.Equal(x.asked.Claims, []byte("null")) {
		x.asked.Claims = nil
	}
	switch {
	case strings.Count(x.asked.JWT, ".") == 2:
		x.token = x.asked.JWT
	case x.asked.JWT != "":
		x.id, err = x.app.ids.forExplaining(x.asked.JWT)
	}
	if err != nil || len(x.asked.Claims) == 0 {
		return err
	}
	if x.token != "" {
		return adminError(http.StatusBadRequest,
			"claims and a token in jwt exclude each other: the token has claims of its own")
	}
	// What no identity could read is a mistake of the question, and no token that is refused.
	_, err = describedUser(x.asked.Claims, placeholderIdentifier{})
	return err
}

// answer sends the question's request through the routes. Without an address there is no route,
// and the campaigns alone are explained.
func (x *inquiry) answer(ctx context.Context) (*cli.Explanation, error) {
	if x.asked.Request.URI == "" && x.asked.Request.Host == "" {
		return x.withoutRoute(ctx)
	}
	apps, err := x.app.ctx.AppIfConfigured("http")
	server, ok := apps.(*caddyhttp.App)
	if err != nil || !ok {
		return nil, adminError(http.StatusNotFound, "the running configuration has no sites")
	}
	way, err := routewalk.Reach(ctx, server, x.request(), x.meet)
	switch {
	case err != nil:
		return nil, adminError(http.StatusBadRequest, "%w", err)
	case x.err != nil:
		return nil, x.err
	}
	out := x.link
	if out == nil {
		out = x.page // no checkout_link is there: the page alone
	}
	reached := out != nil
	switch {
	case !reached && x.list == nil:
		out = &cli.Explanation{Outcome: cli.NoRoute}
	case !reached:
		if out, err = x.withoutRoute(ctx); err != nil {
			return nil, err
		}
	}
	if !reached {
		out.Error = cli.NotReached(way, routewalk.Titles(server, isOurs))
	}
	out.Before, out.Passed = way.Before, x.passed
	if way.PassedHost != "" {
		out.Note = "no host was given, so host matchers were passed over: this is the site of " +
			way.PassedHost
	}
	return out, nil
}

// request is the question's request.
func (x *inquiry) request() routewalk.Request {
	q := x.asked.Request
	r := routewalk.Request{
		Method: q.Method, URI: q.URI, Host: q.Host, ClientIP: q.ClientIP,
		Header: make(http.Header),
	}
	for name, values := range q.Headers {
		for _, value := range values {
			r.Header.Add(name, value)
		}
	}
	return r
}

// meet is told of each handler on the way.
func (x *inquiry) meet(r *http.Request, m routewalk.Meeting) (routewalk.Step, bool) {
	switch h := m.Handler.(type) {
	case *OfferHandler:
		x.page, _ = x.visit(r, h.rt, nil, m.Title())
		return routewalk.Passed, true
	case *LinkHandler:
		return x.click(r, h.rt, &seller{gate.Check, h.visitors, h.fallback, nil}, m.Title()), true
	case *EmbedHandler:
		return x.click(r, h.rt, &seller{gate.CheckOwn, h.visitors, nil, h}, m.Title()), true
	}
	return routewalk.Passed, false
}

// seller is what explain needs of a directive that answers clicks.
type seller struct {
	gate     func(r *http.Request, backend bool) (outcome string)
	visitors visitors
	fallback *target.Target
	embed    *EmbedHandler // nil: a checkout_link
}

// click explains a directive that answers.
func (x *inquiry) click(r *http.Request, of *route, h *seller, title string) routewalk.Step {
	var next bool
	x.link, next = x.visit(r, of, h, title)
	if !next {
		return routewalk.Answered
	}
	x.passed = append(x.passed, title+": "+x.link.Outcome)
	return routewalk.Passed
}

// visit explains one directive. h is nil for one that answers no clicks: its answer is that of
// a checkout_link with the same campaigns.
func (x *inquiry) visit(
	r *http.Request, of *route, h *seller, title string,
) (out *cli.Explanation, next bool) {
	rt := *of
	if x.id != nil {
		rt.id, rt.identity = x.id, x.asked.JWT
	}
	d := newDecision(&rt, r)
	d.now = x.at
	d.entries = x.list
	out = &cli.Explanation{Route: title, Identity: rt.identity}
	if ip := clientip.Of(r); ip.IsValid() {
		out.ClientIP = ip.String()
	}
	a := x.way(d, h, out)
	d.over, d.page = true, h == nil
	out.Outcome = a.outcome
	if a.err != nil { // also of a guest, whose missing token stopped nothing
		out.Error = a.err.Error()
	}
	if h == nil {
		return out, true
	}
	if a.fallback = h.fallback; d.entry != nil && d.entry.fallback != nil {
		a.fallback = d.entry.fallback
	}
	if a.outcome == gate.Options {
		out.Answer = answerNext
		return out, true
	}
	how := plan(d, a)
	out.Answer = how.answer
	if a.outcome != outcomeLink {
		out.Location = how.url
	}
	return out, how.answer == answerNext
}

// way is LinkHandler.answer, or that of EmbedHandler, explained. It stops before a link is asked for.
func (x *inquiry) way(d *decision, h *seller, out *cli.Explanation) answer {
	if h == nil {
		h = new(seller)
	} else if refused := h.gate(d.r, d.rt.backend); refused != "" {
		return answer{outcome: refused}
	}
	if d.rt.offer != nil && x.list == nil { // else the question chooses
		if a, done := d.admitOffer(x.offer); done {
			return a
		}
		d.tellOffer(out)
	}
	user, err := x.user(d)
	if err != nil {
		tellToken(out, d, err)
	}
	a, done := h.visitors.admit(d, user, err)
	if done && a.outcome != outcomeAnonymous && a.outcome != outcomeNoSubscriber {
		return a
	}
	if err := d.explain(x.asked.Variant, out); err != nil {
		if x.err == nil && errors.Is(err, errNoVariant) {
			x.err = adminError(http.StatusBadRequest, "variant: none of these campaigns has one "+
				"of the name %s", cli.Quoted(x.asked.Variant))
		}
		if !done {
			a = noOffer(err)
		}
		return a
	}
	if done {
		_ = h.describe(d, out) // there is no such request, which is only what it would be
		return a
	}
	if a := d.explainFacts(out); a.outcome != "" {
		return a
	}
	if err := h.describe(d, out); err != nil {
		if _, ok := errors.AsType[*campaign.Error](err); ok {
			return noOffer(err)
		}
		return answer{outcome: string(linkgen.Refused), err: err}
	}
	_, known := d.knownUser()
	out.Counted = d.offer.Counted && known
	if h.embed != nil {
		return answer{outcome: outcomeEmbed, start: new(embedStart)}
	}
	return answer{outcome: outcomeLink, link: linkgen.Result{URL: "a personal link"}}
}

// offer reads a signed offer as it was at the question's instant.
func (x *inquiry) offer(token string) (*signedoffer.Offer, error) {
	return x.app.shared.signed.Examine(token, x.at)
}

// withoutRoute explains the campaigns that were named, or those that the routes list, to an
// identity that was named, or the default one.
func (x *inquiry) withoutRoute(ctx context.Context) (*cli.Explanation, error) {
	guessed := false
	if x.list == nil {
		var names []string
		var err error
		names, guessed = x.app.listed()
		if x.list, err = x.app.shared.registry.chosen(names); err != nil {
			return nil, err
		}
	}
	id := x.id
	if id == nil {
		var err error
		if id, err = x.app.ids.forExplaining(""); err != nil {
			return nil, err
		}
	}
	r, err := x.request().Prepare(ctx, nil)
	if err != nil {
		return nil, adminError(http.StatusBadRequest, "%w", err)
	}
	out, _ := x.visit(r, &route{services: x.app.shared, id: id}, nil, "")
	if x.err != nil {
		return nil, x.err
	}
	if guessed {
		out.Note = "the routes list different campaigns, so all were tried, in the order of " +
			"their names: give the address of your route, or name its campaigns in its order"
	}
	return out, nil
}

// isOurs reports whether a handler decides what is offered.
func isOurs(handler caddyhttp.MiddlewareHandler) bool {
	switch handler.(type) {
	case *LinkHandler, *OfferHandler, *EmbedHandler:
		return true
	}
	return false
}
