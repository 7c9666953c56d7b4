package caddymodule

import (
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// parseLinkDirective reads:
//
//	checkout_link [<matcher>] [<campaign>...] {
//		jwt <name>
//		jwt { … }
//		identity <placeholder> [email|phone|uuid]
//		anonymous deny|redirect <url>|guest|next
//		fallback <url>|error|next
//		… the words of a campaign: they define one right here …
//	}
func parseLinkDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	handler := new(LinkHandler)
	p := newRouteParser(h, &handler.Route, "checkout_link")
	grammar := p.words()
	grammar["anonymous"] = func() error { return handler.parseAnonymous(p.block) }
	// Outside a campaign's own block the word belongs to the route, so that it also answers before a campaign is chosen.
	grammar["fallback"] = func() error {
		if err := p.text(&handler.Fallback); err != nil {
			return err
		}
		_, err := parseFallback(handler.Fallback)
		return p.check("fallback", err)
	}
	if err := p.parse(grammar); err != nil {
		return nil, err
	}
	return handler, nil
}

func (h *LinkHandler) parseAnonymous(b *block) error {
	if err := b.once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	if len(args) == 0 {
		return b.Err("anonymous takes a policy: write deny, redirect <url>, guest or next")
	}
	h.Anonymous = args[0]
	switch {
	case h.Anonymous == anonymousRedirect && len(args) == 2:
		h.Login = args[1]
		_, err := parseTarget(h.Login)
		return b.check("anonymous redirect", err)
	case h.Anonymous == anonymousRedirect:
		return b.Err("anonymous redirect takes one URL: write `anonymous redirect /login?next={http.checkout.return_to}`")
	case !slices.Contains([]string{anonymousDeny, anonymousGuest, anonymousNext}, h.Anonymous):
		return b.Errf("anonymous: unknown policy %q: write deny, redirect <url>, guest or next", h.Anonymous)
	case len(args) > 1:
		return b.Errf("anonymous %s takes nothing more", args[0])
	}
	return nil
}
