package caddymodule

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/campaign"
)

// routeParser reads what checkout_link and checkout_offer have in common.
type routeParser struct {
	*block
	h      httpcaddyfile.Helper
	at     place // of the directive
	cfg    *Route
	app    *App
	inline *Campaign
}

func newRouteParser(h httpcaddyfile.Helper, cfg *Route, directive string) *routeParser {
	return &routeParser{block: newBlock(h.Dispenser, directive), h: h, at: placeOf(h.Dispenser), cfg: cfg, app: appOption(h), inline: &Campaign{at: placeOf(h.Dispenser)}}
}

// words is the grammar of a route: an identity, and the words of a campaign.
func (p *routeParser) words() words {
	grammar := campaignWords(p.block, p.inline, p.app)
	grammar["jwt"] = p.parseJWT
	grammar["identity"] = p.parseIdentity
	return grammar
}

// parse reads the directive from its name on. What it refers to is looked up now, while the line is known.
func (p *routeParser) parse(grammar words) error {
	p.cfg.Campaigns = p.RemainingArgs()
	if err := p.read(grammar); err != nil {
		return err
	}
	if err := p.settleInline(); err != nil {
		return err
	}
	if err := p.checkIdentity(); err != nil {
		return err
	}
	if len(p.cfg.Campaigns) == 0 {
		return p.at.errorf("%s: no campaign: name one, as in `%s /path pro`", p.title, p.title)
	}
	for _, name := range p.cfg.Campaigns {
		if err := p.checkCampaign(name); err != nil {
			return err
		}
	}
	return nil
}

func (p *routeParser) parseJWT() error {
	if err := p.once(); err != nil {
		return err
	}
	if args := p.RemainingArgs(); len(args) == 1 {
		p.cfg.JWT = &JWTRef{Name: args[0]}
		return nil
	} else if len(args) > 1 {
		return p.Err("jwt takes one name, or a block")
	}
	cfg, err := parseJWTBlock(p.Dispenser)
	if err != nil {
		return err
	}
	p.cfg.JWT = &JWTRef{Inline: cfg}
	return nil
}

func (p *routeParser) parseIdentity() error {
	if err := p.once(); err != nil {
		return err
	}
	args := p.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return p.Err("identity takes a placeholder and perhaps a kind: write `identity {http.auth.user.id} email`")
	}
	p.cfg.Identity = &Identity{Placeholder: args[0]}
	if len(args) == 2 {
		p.cfg.Identity.Kind = auth.Kind(args[1])
	}
	_, err := newPlaceholderIdentifier(*p.cfg.Identity)
	return p.check("identity", err)
}

// checkIdentity refuses a route that could know nobody.
func (p *routeParser) checkIdentity() error {
	switch {
	case p.cfg.Identity != nil && p.cfg.JWT != nil:
		return p.at.errorf("%s: jwt and identity exclude each other: keep one", p.title)
	case p.cfg.Identity != nil, p.cfg.JWT != nil && p.cfg.JWT.Inline != nil:
		return nil
	}
	name := defaultJWT
	if p.cfg.JWT != nil {
		name = p.cfg.JWT.Name
	}
	if _, ok := p.app.JWT[name]; ok {
		return nil
	}
	if name == defaultJWT {
		return p.at.errorf("%s: who the shopper is, is not configured: write a `jwt` block here or in the global checkout option", p.title)
	}
	return p.at.errorf("%s: jwt %q is not defined: write `jwt %s {` in the global checkout option", p.title, name, name)
}

// checkCampaign looks a name up. A campaign that a directive above defines inline is repeated in this route: the
// routes of a configuration are not made in the order of the file.
func (p *routeParser) checkCampaign(name string) error {
	if strings.Contains(name, "{") {
		return p.checkNamePlaceholder(name)
	}
	c, ok := p.app.Campaigns[name]
	if !ok {
		known, inline := p.inlineCampaigns()[name]
		if !inline {
			return p.undefined(name)
		}
		c = new(Campaign)
		if err := json.Unmarshal(known.written, c); err != nil {
			return err
		}
		p.cfg.define(name, c)
	}
	return p.checkTrust(name, c)
}

// checkNamePlaceholder refuses a campaign name that a visitor could write.
func (p *routeParser) checkNamePlaceholder(name string) error {
	if _, err := campaignPlaceholder(name, p.trusts); err != nil {
		return p.at.errorf("%s: %w", p.title, err)
	}
	return nil
}

func (p *routeParser) undefined(name string) error {
	known := slices.Sorted(maps.Keys(p.app.Campaigns))
	known = append(known, slices.Sorted(maps.Keys(p.inlineCampaigns()))...)
	hint := ""
	if len(known) > 0 {
		hint = " (defined so far: " + strings.Join(known, ", ") + ")"
	}
	return p.at.errorf("%s: campaign %q is not defined: write `campaign %s {` in the global checkout option, or link_id in this block%s", p.title, name, name, hint)
}

// checkTrust refuses a campaign whose trusted words this route's visitors could write.
func (p *routeParser) checkTrust(name string, c *Campaign) error {
	cfg := c.Config
	cfg.Name = name
	compiled, err := campaign.New(cfg, p.app.campaignOptions())
	if err != nil {
		return p.at.errorf("%w", err)
	}
	if err := compiled.Untrusted(p.trusts); err != nil {
		return p.at.errorf("%s: %w", p.title, err)
	}
	return nil
}

// trusts reports whether no visitor of this route can write the placeholder.
func (p *routeParser) trusts(key string) bool {
	return trusted(key, func(claim string) bool { return slices.Contains(p.trustedClaims(), claim) })
}

// trustedClaims are those of the identity that this route uses.
func (p *routeParser) trustedClaims() []string {
	switch {
	case p.cfg.Identity != nil:
		return nil
	case p.cfg.JWT == nil:
		return p.app.JWT[defaultJWT].TrustedClaims
	case p.cfg.JWT.Inline != nil:
		return p.cfg.JWT.Inline.TrustedClaims
	}
	return p.app.JWT[p.cfg.JWT.Name].TrustedClaims
}
