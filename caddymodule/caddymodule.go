// Package caddymodule plugs the checkout into Caddy. It reads configuration, asks package auth who
// the shopper is, package campaign what they are offered and package linkgen for their personal
// link, and writes the answer. It holds no rule about tokens, prices, buckets or links of its own.
//
// One request walks like this (see link_handler.go):
//
//	gate      cheap refusals: method, prefetch, embedding, early data
//	identify  auth: who is this shopper?
//	decide    campaign: what are they offered?
//	link      linkgen: which link is that?
//	respond   one answer, one set of log fields, one metric observation
package caddymodule

import (
	"slices"

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
	caddy.RegisterModule(new(EmbedHandler))
	caddy.RegisterModule(new(WebhookHandler))
	caddy.RegisterModule(new(EventsHandler))
	caddy.RegisterModule(new(ReportHandler))
	caddy.RegisterModule(new(ClaimMatcher))
	caddy.RegisterModule(new(MemoryCache))
	caddy.RegisterModule(new(RedisCache))
	caddy.RegisterModule(new(FileLedger))
	caddy.RegisterModule(new(RedisLedger))
	caddy.RegisterModule(new(MemoryLedger))
	caddy.RegisterModule(adminAPI{})

	httpcaddyfile.RegisterGlobalOption("checkout", parseAppOption)

	httpcaddyfile.RegisterHandlerDirective("checkout_offer", parseOfferDirective)
	httpcaddyfile.RegisterHandlerDirective("checkout_webhook", parseWebhookDirective)
	httpcaddyfile.RegisterHandlerDirective("checkout_events", parseEventsDirective)
	httpcaddyfile.RegisterHandlerDirective("checkout_embed", parseEmbedDirective)
	httpcaddyfile.RegisterHandlerDirective("checkout_link", parseLinkDirective)
	httpcaddyfile.RegisterHandlerDirective("checkout_report", parseReportDirective)
	orderDirectives("checkout_offer", "checkout_webhook", "checkout_events", "checkout_embed",
		"checkout_link", "checkout_report")

	caddycmd.RegisterCommand(cli.Command)
}

// orderDirectives puts the directives, in this order, between forward_auth and request_header.
//
// They follow authentication, whose verdict they may believe, and stand before handle, respond and
// reverse_proxy, which end the chain. They stand together, so that page and checkout decide on the
// same request, and before request_header, so that a site can hand the offer to its backend in
// headers. A header that request_header sets or removes is therefore seen by none of them. No header
// names a user or a price: identity is a signed token's or an earlier handler's verdict
// ({http.auth.user.*}, {http.reverse_proxy.header.*}), which request_header cannot write.
func orderDirectives(names ...string) {
	for _, name := range slices.Backward(names) { // each is put right behind forward_auth
		httpcaddyfile.RegisterDirectiveOrder(name, httpcaddyfile.After, "forward_auth")
	}
}
