// Package checkout plugs the checkout module into Caddy. What it does is in package caddymodule. It
// stands at the root, because `xcaddy build --with github.com/caddy-checkout/checkout` imports the
// path that it is given.
package checkout

import _ "github.com/caddy-checkout/checkout/caddymodule"
