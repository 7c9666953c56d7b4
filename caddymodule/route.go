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
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/matchindex"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/campaign"
)

// Route says which campaigns a directive offers, and to whom.
type Route struct {
	// Campaigns are tried in order: the first that is active and matches wins. A name may be one
	// placeholder that a visitor cannot write, such as
	// `{http.reverse_proxy.header.X-Checkout-Campaign}`.
	Campaigns []string `json:"campaigns,omitempty"`
	// Inline defines campaigns right here, by name. A name means the same in the whole
	// configuration: defining it twice is an error unless both definitions are equal.
	Inline map[string]*Campaign `json:"campaign,omitempty"`
	// JWT is the name of an identity of the checkout app, or an identity of this route's own.
	// Default: `default`.
	JWT *JWTRef `json:"jwt,omitempty"`
	// Identity believes an earlier Caddy authentication handler instead of reading a token.
	Identity *Identity `json:"identity,omitempty"`
	// Offer says where a signed offer may stand: `query NAME` or `path N`. It chooses the campaign;
	// without one in the request the listed campaigns are tried, and without any listed the next
	// handler runs. A route where nobody needs to sign in then needs no jwt.
	Offer *signedoffer.Place `json:"offer,omitempty"`

	guests bool // a visitor whom nobody knows is served
}

// jwtName is the name of the identity that the route refers to; it is empty where it has its own.
func (cfg *Route) jwtName() string {
	switch {
	case cfg.Identity != nil, cfg.JWT != nil && cfg.JWT.Inline != nil:
		return ""
	case cfg.JWT == nil:
		return defaultJWT
	}
	return cfg.JWT.Name
}

// check refuses a route that could know nobody or offer nothing.
func (cfg *Route) check() error {
	if cfg.Identity != nil && cfg.JWT != nil {
		return errTwoIdentities
	}
	if cfg.Offer == nil {
		return nil
	}
	if err := cfg.Offer.Check(); err != nil {
		return fmt.Errorf("offer: %w", err)
	}
	return nil
}

// forNobody reports whether the route knows nobody: it takes signed offers from anybody, and there
// is no identity by default.
func (cfg *Route) forNobody(defaultIdentity bool) bool {
	return cfg.Offer != nil && cfg.guests && cfg.Identity == nil && cfg.JWT == nil &&
		!defaultIdentity
}

// route is a Route that is ready to serve: all that a request needs of it, already looked up.
type route struct {
	*services
	// self is the directive's handler. Error pages are looked for around it.
	self     caddyhttp.MiddlewareHandler
	id       identifier
	identity string // its name, for people
	missing  string // the rule that an anonymous click counts; empty: none
	list     []choice
	offer    *signedoffer.Place // nil: signed offers are not read
	// entries and campaigns are the list when no name is a placeholder: the common case.
	entries   []*entry
	campaigns []*campaign.Campaign
	index     *matchindex.Index // nil: all of them are asked
	// backend is set when an upstream's answer names the campaign: the backend has acted already,
	// so any method that can carry a body is answered.
	backend bool
	// script is set for a directive that a script in the page calls: every answer is JSON.
	script bool
}

// choice is one listed campaign: known by name, or named at request time.
type choice struct {
	entry *entry
	key   string // placeholder
}

// provision resolves the route's names and checks that no visitor can write a trusted option.
func (cfg *Route) provision(ctx caddy.Context) (*route, error) {
	app, err := checkoutApp(ctx)
	if err != nil {
		return nil, err
	}
	rt := &route{services: app.shared, identity: cfg.jwtName(), offer: cfg.Offer}
	if cfg.Offer != nil && rt.signed == nil {
		return nil, errNoOffers
	}
	if rt.identity == "" {
		rt.identity = "(the directive's own)"
	}
	if rt.id, err = cfg.identifier(&app.ids); err != nil {
		return nil, err
	}
	rt.missing = missingRule(rt.id)
	for _, name := range slices.Sorted(maps.Keys(cfg.Inline)) {
		if err := app.shared.registry.define(ctx, name, cfg.Inline[name]); err != nil {
			return nil, err
		}
	}
	if len(cfg.Campaigns) == 0 && cfg.Offer == nil {
		return nil, errNoCampaign
	}
	if err := app.projects.any(); err != nil {
		// a campaign has looked for its project before; a placeholder for one has not
		return nil, err
	}
	for _, name := range cfg.Campaigns {
		if err := rt.add(name); err != nil {
			return nil, err
		}
	}
	app.routes = append(app.routes, cfg.Campaigns)
	if len(rt.entries) == len(rt.list) {
		rt.index = newIndex(rt.entries)
	}
	return rt, nil
}

var errNoCampaign = errors.New("no campaign: name one, or write `link_id <id>` in the block")

func (cfg *Route) identifier(ids *identities) (identifier, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Identity != nil {
		return newPlaceholderIdentifier(*cfg.Identity)
	}
	if cfg.forNobody(ids.named[defaultJWT] != nil) {
		return nobody{}, nil
	}
	if name := cfg.jwtName(); name != "" {
		authenticator, err := ids.lookup(name)
		return tokenIdentifier{authenticator}, err
	}
	authenticator, err := ids.open(cfg.JWT.Inline)
	if err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	return tokenIdentifier{authenticator}, nil
}

func (rt *route) add(name string) error {
	if placeholder.In(name) {
		key, err := campaignPlaceholder(name, rt.id.trusts)
		if err != nil {
			return err
		}
		rt.backend = rt.backend || strings.HasPrefix(key, placeholder.Upstream)
		rt.list = append(rt.list, choice{key: key})
		return nil
	}
	e, ok := rt.registry.byName[name]
	if !ok {
		return errUnknownCampaign(name, rt.registry.names())
	}
	if err := e.Untrusted(rt.trusts); err != nil {
		return named(name, err)
	}
	rt.list = append(rt.list, choice{entry: e})
	rt.entries = append(rt.entries, e)
	rt.campaigns = append(rt.campaigns, e.Campaign)
	return nil
}

// sells refuses a campaign that the directive cannot sell. One that a placeholder names is checked
// with its offer, at each request.
func (rt *route) sells(check func(*campaign.Campaign) error) error {
	for _, c := range rt.campaigns {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

// trusts reports whether no visitor of the route can write the placeholder.
func (rt *route) trusts(key string) bool { return placeholder.Trusted(key, rt.id.trusts) }

// campaignPlaceholder is the key of a campaign name given as a placeholder.
func campaignPlaceholder(name string, trustsClaim func(claim string) bool) (string, error) {
	key, ok := placeholder.Sole(name)
	if !ok {
		return "", fmt.Errorf("campaign %q: a name is a word or one placeholder, not a mixture",
			name)
	}
	if !placeholder.Trusted(key, trustsClaim) {
		return "", fmt.Errorf("campaign {%s}: a visitor could write this placeholder: use one "+
			"that "+
			"only your backend or your sign-in sets, such as "+
			"{http.reverse_proxy.header.X-Checkout-Campaign}", key)
	}
	return key, nil
}

// offers lists what the route offers to one request. It is not ok when a trusted placeholder named
// something that is no campaign.
func (rt *route) offers(repl *caddy.Replacer) (
	entries []*entry, campaigns []*campaign.Campaign, ok bool,
) {
	if len(rt.entries) == len(rt.list) {
		return rt.entries, rt.campaigns, true
	}
	for _, c := range rt.list {
		e := c.entry
		if e == nil {
			name, _ := repl.GetString(c.key)
			if name == "" {
				continue
			}
			if e, ok = rt.registry.byName[name]; !ok {
				return nil, nil, false
			}
		}
		entries, campaigns = append(entries, e), append(campaigns, e.Campaign)
	}
	return entries, campaigns, true
}

// warnIfConditional tells the operator at load that shoppers may meet no campaign at all.
func (rt *route) warnIfConditional() {
	if len(rt.list) == 0 {
		return // signed offers alone: without one the next handler is meant to answer
	}
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
	rt.log.Warn("every campaign of a route is conditional: when none is active and matches, "+
		"the request goes on to the next handler", fields...)
}

// lastEnd is the instant when the last campaign ends; it is empty when one of them has no end.
// Those that are off have ended.
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

// newIndex is the index of a list without placeholders; nil where it would spare nothing.
func newIndex(entries []*entry) *matchindex.Index {
	list := make([]matchindex.Sets, len(entries))
	for i, e := range entries {
		var written struct {
			Match []caddy.ModuleMap `json:"match"`
		}
		_ = json.Unmarshal(e.source, &written) // we marshalled it
		if len(e.partners) > 0 {
			list[i] = matchindex.Sets{{{
				Key: matchindex.Key{Kind: matchindex.Partner}, Values: e.partners,
			}}}
			continue
		}
		for _, set := range written.Match {
			list[i] = append(list[i], matchindex.NeedsOf(set))
		}
	}
	return matchindex.New(list)
}
