package caddymodule

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/campaign"
)

// parseLinkDirective reads:
//
//	checkout_link [<matcher>] [<campaign>...] {
//		jwt <name>
//		jwt { … }
//		identity <placeholder> [email|phone|uuid]
//		offer query <name>|path <n>
//		anonymous deny|redirect <url>|guest|next
//		fallback <url>|error|next
//		… the options of a campaign: they define one right here …
//	}
func parseLinkDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	handler := new(LinkHandler)
	p := newRouteParser(h, &handler.Route, "checkout_link")
	grammar := campaignGrammar(p.Block, &p.inline, p.shared)
	grammar["jwt"] = p.parseJWT
	grammar["identity"] = p.parseIdentity
	grammar["offer"] = p.parseOffer
	grammar["anonymous"] = func() error {
		err := parseAnonymous(p.Block, handler)
		handler.guests = handler.Anonymous == anonymousGuest
		return err
	}
	// Outside a campaign's own block the option belongs to the route, so that it also answers
	// before a campaign is chosen.
	grammar["fallback"] = func() error { return parseFallback(p.Block, &handler.Fallback) }
	p.sells = (*campaign.Campaign).ForLink
	return handler, p.parse(grammar)
}

// parseEmbedDirective reads:
//
//	checkout_embed [<matcher>] <campaign>... {
//		jwt <name>
//		jwt { … }
//		identity <placeholder> [email|phone|uuid]
//		offer query <name>|path <n>
//		anonymous deny|guest|next
//		return_url <url>
//	}
func parseEmbedDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	handler := new(EmbedHandler)
	p := newRouteParser(h, &handler.Route, "checkout_embed")
	p.sells = (*campaign.Campaign).ForEmbed
	err := p.parse(block.Options{
		"jwt": p.parseJWT, "identity": p.parseIdentity, "offer": p.parseOffer,
		"anonymous": func() error {
			if err := p.Text(&handler.Anonymous); err != nil {
				return err
			}
			handler.guests = handler.Anonymous == anonymousGuest
			return p.Check("anonymous", handler.checkAnonymous())
		},
		"return_url": func() error {
			if err := p.Text(&handler.ReturnURL); err != nil {
				return err
			}
			_, err := handler.parseReturnURL()
			return p.Check("return_url", err)
		},
	})
	if err == nil && handler.ReturnURL == "" {
		err = p.errorf("%w", errNoReturnURL)
	}
	return handler, err
}

func parseAnonymous(b *block.Block, h *LinkHandler) error {
	if err := b.Once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	if len(args) == 0 {
		return b.Err("anonymous takes a policy: write deny, redirect <url>, guest or next")
	}
	h.Anonymous = args[0]
	if h.Anonymous == anonymousRedirect {
		if len(args) != 2 {
			return b.Err("anonymous redirect takes one URL: write " +
				"`anonymous redirect /login?next={http.checkout.return_to}`")
		}
		h.Login = args[1]
		_, err := target.Parse(h.Login)
		return b.Check("anonymous redirect", err)
	}
	if _, err := h.parseLogin(); err != nil {
		return b.Check("anonymous", err)
	}
	if len(args) > 1 {
		return b.Errf("anonymous %s takes nothing more", args[0])
	}
	return nil
}

// parseOfferDirective reads:
//
//	checkout_offer [<matcher>] <campaign>... {
//		jwt <name>
//		jwt { … }
//		identity <placeholder> [email|phone|uuid]
//		offer query <name>|path <n>
//		warm
//	}
func parseOfferDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	handler := new(OfferHandler)
	handler.guests = true
	p := newRouteParser(h, &handler.Route, "checkout_offer")
	return handler, p.parse(block.Options{
		"jwt": p.parseJWT, "identity": p.parseIdentity, "offer": p.parseOffer,
		"warm": func() error {
			p.sells = forWarm
			return parseWarm(p.Block, &handler.Warm)
		},
	})
}

func parseWarm(b *block.Block, warm *bool) error {
	if err := b.Once(); err != nil {
		return err
	}
	*warm = true
	if len(b.RemainingArgs()) > 0 {
		return b.Err("warm takes nothing more")
	}
	return nil
}

// routeParser reads what checkout_link, checkout_offer and checkout_embed have in common.
type routeParser struct {
	*block.Block
	h      httpcaddyfile.Helper
	at     block.Place // of the directive
	cfg    *Route
	app    *App
	shared campaign.Options
	inline Campaign
	// sells says why the directive cannot sell a campaign; nil: it sells nothing.
	sells func(*campaign.Campaign) error
}

func newRouteParser(h httpcaddyfile.Helper, cfg *Route, directive string) *routeParser {
	app := appOption(h)
	return &routeParser{
		Block: block.New(h.Dispenser, directive), h: h, at: block.PlaceOf(h.Dispenser), cfg: cfg,
		app: app, shared: app.campaignOptions(),
	}
}

// errorf is an error about the directive as a whole.
func (p *routeParser) errorf(format string, args ...any) error {
	return p.at.Errorf("%s: "+format, append([]any{p.Title}, args...)...)
}

// parse reads the directive from its name on. What it refers to is looked up now, while the line is
// known.
func (p *routeParser) parse(grammar block.Options) error {
	p.cfg.Campaigns = p.RemainingArgs()
	if err := p.Read(grammar); err != nil {
		return err
	}
	if err := p.settleInline(); err != nil {
		return err
	}
	if err := p.checkIdentity(); err != nil {
		return p.errorf("%w", err)
	}
	if len(p.cfg.Campaigns) == 0 && p.cfg.Offer == nil {
		return p.errorf("no campaign: name one, as in `%s /path pro`", p.Title)
	}
	for _, name := range p.cfg.Campaigns {
		if err := p.checkCampaign(name); err != nil {
			return p.errorf("%w", err)
		}
	}
	return nil
}

func (p *routeParser) parseJWT() error {
	if err := p.Once(); err != nil {
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
	if err := p.Once(); err != nil {
		return err
	}
	args := p.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return p.Err("identity takes a placeholder and perhaps a kind: " +
			"write `identity {http.auth.user.id} email`")
	}
	p.cfg.Identity = &Identity{Placeholder: args[0]}
	if len(args) == 2 {
		p.cfg.Identity.Kind = auth.Kind(args[1])
	}
	_, err := newPlaceholderIdentifier(*p.cfg.Identity)
	return p.Check("identity", err)
}

// parseOffer reads where a signed offer may stand.
func (p *routeParser) parseOffer() error {
	if err := p.Once(); err != nil {
		return err
	}
	args := p.RemainingArgs()
	if len(args) != 2 || args[0] != "query" && args[0] != "path" {
		return p.Err("offer takes a place and its name or number: write `offer query offer` or " +
			"`offer path 1`")
	}
	place := &signedoffer.Place{Query: args[1]}
	if args[0] == "path" {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return p.Errf("offer path %s: segments are numbers, counted from 0", args[1])
		}
		place = &signedoffer.Place{Path: &n}
	}
	p.cfg.Offer = place
	return p.Check("offer", place.Check())
}

// checkIdentity refuses a route that could know nobody.
func (p *routeParser) checkIdentity() error {
	if err := p.cfg.check(); err != nil {
		return err
	}
	if p.cfg.Offer != nil && p.app.Offers == nil {
		return errNoOffers
	}
	if p.cfg.forNobody(p.app.JWT[defaultJWT] != nil) {
		return nil
	}
	name := p.cfg.jwtName()
	if _, ok := p.app.JWT[name]; !ok && name != "" {
		return errUnknownJWT(name)
	}
	return nil
}

// checkCampaign looks a name up, and refuses a campaign whose trusted options this route's visitors
// could write. A campaign that a directive above defines inline is repeated in this route: the
// routes of a configuration are not made in the order of the file.
func (p *routeParser) checkCampaign(name string) error {
	if placeholder.In(name) {
		_, err := campaignPlaceholder(name, p.trustsClaim)
		return err
	}
	c, ok := p.app.Campaigns[name]
	if !ok {
		above, inline := p.inlineAbove()[name]
		if !inline {
			known := slices.Sorted(maps.Keys(p.app.Campaigns))
			return errUnknownCampaign(name,
				append(known, slices.Sorted(maps.Keys(p.inlineAbove()))...))
		}
		c = new(Campaign)
		if err := json.Unmarshal(above.written, c); err != nil {
			return err
		}
		p.define(name, c)
	}
	cfg := c.Config
	cfg.Name = name
	compiled, err := campaign.New(cfg, p.shared)
	if err != nil {
		return err
	}
	if p.sells != nil {
		if err := p.sells(compiled); err != nil {
			return err
		}
	}
	return compiled.Untrusted(p.trusts)
}

// trusts reports whether no visitor of this route can write the placeholder.
func (p *routeParser) trusts(key string) bool { return placeholder.Trusted(key, p.trustsClaim) }

// trustsClaim reports whether the identity that this route uses lists the claim.
func (p *routeParser) trustsClaim(claim string) bool {
	cfg := p.app.JWT[p.cfg.jwtName()]
	if p.cfg.JWT != nil && p.cfg.JWT.Inline != nil {
		cfg = p.cfg.JWT.Inline
	}
	return cfg != nil && slices.Contains(cfg.TrustedClaims, claim)
}
