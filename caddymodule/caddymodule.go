// Package caddymodule plugs the checkout into Caddy. It reads configuration, asks package auth who
// the shopper is, package campaign what he is offered and package linkgen for his personal link,
// and writes the answer. It holds no rule about tokens, prices, buckets or links of its own.
//
// One request walks like this (see link_handler.go):
//
//	gate      cheap refusals: method, prefetch, embedding, early data
//	identify  auth: who is this shopper?
//	decide    campaign: what is he offered?
//	link      linkgen: which link is that?
//	respond   one answer, one set of log fields, one metric observation
package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
)

// init lists everything that this package plugs into Caddy.
func init() {
	caddy.RegisterModule(new(App))
	caddy.RegisterModule(new(LinkHandler))
	caddy.RegisterModule(new(OfferHandler))
	caddy.RegisterModule(new(WebhookHandler))
	caddy.RegisterModule(new(MemoryCache))
	caddy.RegisterModule(new(RedisCache))
	caddy.RegisterModule(adminAPI{})

	httpcaddyfile.RegisterGlobalOption("checkout", parseAppOption)

	// After authentication and after request_header has stripped identity headers that a client
	// forged, before handle, respond and reverse_proxy, which end the chain.
	httpcaddyfile.RegisterHandlerDirective("checkout_link", parseLinkDirective)
	httpcaddyfile.RegisterDirectiveOrder("checkout_link", httpcaddyfile.After, "request_header")
	httpcaddyfile.RegisterHandlerDirective("checkout_webhook", parseWebhookDirective)
	httpcaddyfile.RegisterDirectiveOrder("checkout_webhook", httpcaddyfile.After, "request_header")

	// Before request_header, so that a site can hand the offer to its backend in headers.
	httpcaddyfile.RegisterHandlerDirective("checkout_offer", parseOfferDirective)
	httpcaddyfile.RegisterDirectiveOrder("checkout_offer", httpcaddyfile.After, "forward_auth")

	caddycmd.RegisterCommand(cli.Command)
}
