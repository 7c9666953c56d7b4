// Package checkout plugs the checkout module into Caddy; everything it does is in package caddymodule.
// It stands at the root so that `xcaddy build --with github.com/caddy-checkout/checkout` finds it.
package checkout

import _ "github.com/caddy-checkout/checkout/caddymodule"
