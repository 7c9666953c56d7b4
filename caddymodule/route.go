package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/campaign"
)

// Route says which campaigns a directive offers, and to whom.
type Route struct {
	// Campaigns are tried in order: the first that is active and matches wins. A name may be one placeholder that a visitor
	// cannot write, such as `{http.reverse_proxy.header.X-Checkout-Campaign}`.
	Campaigns []string `json:"campaigns,omitempty"`
	// Inline defines campaigns right here, by name. A name means the same in the whole configuration: defining it twice is an
	// error unless both definitions are equal.
	Inline map[string]*Campaign `json:"campaign,omitempty"`
	// JWT is the name of an identity of the checkout app, or an identity of this route's own. Default: `default`.
	JWT *JWTRef `json:"jwt,omitempty"`
	// Identity believes an earlier Caddy authentication handler instead of reading a token.
	Identity *Identity `json:"identity,omitempty"`
}

// JWTRef is a name, written in JSON as a string, or an identity, written as an object.
type JWTRef struct {
	Name   string
	Inline *JWT
}

// MarshalJSON writes the name or the identity.
func (j JWTRef) MarshalJSON() ([]byte, error) {
	if j.Inline != nil {
		return json.Marshal(j.Inline)
	}
	return json.Marshal(j.Name)
}

// UnmarshalJSON reads a name or an identity. Unknown members are errors, as everywhere in Caddy's configuration.
func (j *JWTRef) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &j.Name); err == nil {
		return nil
	}
	return caddy.StrictUnmarshalJSON(text, &j.Inline)
}

// route is a Route that is ready to serve.
type route struct {
	app  *App
	id   identifier
	list []choice
	// static is the list when no name is a placeholder: the common case, worked out beforehand.
	static lineup
	// backend is set when an upstream's answer names the campaign: the backend has acted already, so any method that
	// can carry a body is answered.
	backend bool
}

// lineup is a list of campaigns to decide on: what decides, and at the same index what serves.
type lineup struct {
	campaigns []*campaign.Campaign
	entries   []*entry
}

func (l *lineup) add(e *entry) {
	l.campaigns, l.entries = append(l.campaigns, e.Campaign), append(l.entries, e)
}

// choice is one listed campaign: known by name, or named at request time.
type choice struct {
	entry *entry
	key   string // placeholder
}

// provision resolves the route's names and checks that no visitor can write a trusted word.
func (cfg *Route) provision(ctx caddy.Context) (*route, error) {
	app, err := checkoutApp(ctx)
	if err != nil {
		return nil, err
	}
	rt := &route{app: app}
	if rt.id, err = cfg.identifier(app); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Inline)) {
		if _, err := app.define(ctx, name, cfg.Inline[name]); err != nil {
			return nil, err
		}
	}
	if len(cfg.Campaigns) == 0 {
		return nil, errors.New("no campaign: name one, or write `link_id <id>` in the block")
	}
	if err := app.projects.any(); err != nil {
		return nil, err // a campaign has looked for its project before; a placeholder for one has not
	}
	for _, name := range cfg.Campaigns {
		if err := rt.add(name); err != nil {
			return nil, err
		}
	}
	app.routes = append(app.routes, cfg.Campaigns)
	return rt, nil
}

// checkoutApp finds the app, which Caddy makes by itself where no global option configures it.
func checkoutApp(ctx caddy.Context) (*App, error) {
	v, err := ctx.App("checkout")
	if err != nil {
		return nil, err
	}
	return v.(*App), nil
}

func (cfg *Route) identifier(app *App) (identifier, error) {
	if cfg.Identity != nil {
		if cfg.JWT != nil {
			return nil, errors.New("jwt and identity exclude each other: keep one")
		}
		return newPlaceholderIdentifier(*cfg.Identity)
	}
	if cfg.JWT != nil && cfg.JWT.Inline != nil {
		authenticator, err := app.ids.open(cfg.JWT.Inline, app.log)
		if err != nil {
			return nil, fmt.Errorf("jwt: %w", err)
		}
		return tokenIdentifier{authenticator}, nil
	}
	name := ""
	if cfg.JWT != nil {
		name = cfg.JWT.Name
	}
	authenticator, err := app.ids.lookup(name)
	if err != nil {
		return nil, err
	}
	return tokenIdentifier{authenticator}, nil
}

func (rt *route) add(name string) error {
	if strings.Contains(name, "{") {
		key, err := campaignPlaceholder(name, func(key string) bool { return trusted(key, rt.id.trusts) })
		if err != nil {
			return err
		}
		rt.backend = rt.backend || strings.HasPrefix(key, upstreamHeader)
		rt.list = append(rt.list, choice{key: key})
		return nil
	}
	e, ok := rt.app.registry.byName[name]
	if !ok {
		return fmt.Errorf("campaign %q is not defined: write `campaign %s {` in the global checkout option%s", name, name, knownNames(rt.app.registry))
	}
	if err := e.Untrusted(func(key string) bool { return trusted(key, rt.id.trusts) }); err != nil {
		return named(name, err)
	}
	rt.list = append(rt.list, choice{entry: e})
	if len(rt.static.entries) == len(rt.list)-1 {
		rt.static.add(e)
	}
	return nil
}

// campaignPlaceholder is the key of a campaign name given as a placeholder.
func campaignPlaceholder(name string, trusts func(key string) bool) (string, error) {
	key, ok := solePlaceholder(name)
	if !ok {
		return "", fmt.Errorf("campaign %q: a name is a word or one placeholder, not a mixture", name)
	}
	if !trusts(key) {
		return "", fmt.Errorf("campaign {%s}: a visitor could write this placeholder: use one that only your backend or your sign-in sets, such as {http.reverse_proxy.header.X-Checkout-Campaign}", key)
	}
	return key, nil
}

func knownNames(r registry) string {
	if len(r.byName) == 0 {
		return ""
	}
	return " (defined are: " + r.names() + ")"
}

// campaigns lists the route's campaigns for one request. unknown is a name that a trusted placeholder gave and that is no campaign.
func (rt *route) campaigns(repl *caddy.Replacer) (list lineup, unknown bool) {
	if len(rt.static.entries) == len(rt.list) {
		return rt.static, false
	}
	for _, c := range rt.list {
		if c.entry != nil {
			list.add(c.entry)
			continue
		}
		name, _ := repl.GetString(c.key)
		if name == "" {
			continue
		}
		e, ok := rt.app.registry.byName[name]
		if !ok {
			return lineup{}, true
		}
		list.add(e)
	}
	return list, false
}

// warnIfConditional tells the operator at load that shoppers may meet no campaign at all.
func (rt *route) warnIfConditional() {
	var names []string
	for _, c := range rt.list {
		if c.entry == nil || !c.entry.conditional() {
			return
		}
		names = append(names, c.entry.Name())
	}
	fields := []zap.Field{zap.Strings("campaigns", names)}
	if end := rt.lastEnd(); end != "" {
		fields = append(fields, zap.String("last_ends", end))
	}
	rt.app.log.Warn("every campaign of a route is conditional: when none is active and matches, the request goes on to the next handler", fields...)
}

// lastEnd is the instant when the last campaign ends; it is empty when one of them has no end. Those that are off have ended.
func (rt *route) lastEnd() string {
	var last time.Time
	for _, c := range rt.list {
		cfg := c.entry.Config()
		switch {
		case cfg.Off:
		case cfg.Until.IsZero():
			return ""
		case !cfg.Until.Before(last):
			last = cfg.Until
		}
	}
	if last.IsZero() {
		return ""
	}
	return last.Format(time.RFC3339)
}
