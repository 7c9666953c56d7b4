package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// parseOfferDirective reads:
//
//	checkout_offer [<matcher>] <campaign>... {
//		jwt <name>
//		jwt { … }
//		identity <placeholder> [email|phone|uuid]
//	}
func parseOfferDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	handler := new(OfferHandler)
	p := newRouteParser(h, &handler.Route, "checkout_offer")
	return handler, p.parse(words{"jwt": p.parseJWT, "identity": p.parseIdentity})
}

// parseWebhookDirective reads:
//
//	checkout_webhook [<matcher>] {
//		token <token>
//		pass_through
//	}
func parseWebhookDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	at := placeOf(h.Dispenser)
	handler := new(WebhookHandler)
	if h.NextArg() {
		return nil, h.Errf("checkout_webhook takes no value but a matcher, and %q is none: begin a path with /", h.Val())
	}
	b := newBlock(h.Dispenser, "checkout_webhook")
	err := b.read(words{
		"token":        func() error { return b.atLoad(&handler.Token) },
		"pass_through": func() error { return b.flag(&handler.PassThrough) },
	})
	if err == nil && handler.Token == "" {
		err = at.errorf("checkout_webhook: token is missing: write `token {env.ZOTLO_WEBHOOK_TOKEN}`")
	}
	return handler, err
}
