// Command caddy is Caddy with its standard modules and the checkout module: what `xcaddy build
// --with` makes.
package main

import (
	_ "time/tzdata"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-checkout/checkout/caddymodule"
)

func main() { caddycmd.Main() }
