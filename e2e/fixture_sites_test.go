package e2e_test

import (
	"strings"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// guarded is a site that is asked for everything but in the right way.
const guarded = "{" + shoptest.Private + `
	checkout {
		api_url {$API}
		languages en tr de
		jwt {
			secret {env.JWT_SECRET}
			issuer https://id.example.com
			audience shop
			from cookie session
			from header Authorization
			trusted_claims plan
		}
		campaign pro {
			link_id 123
			custom_parameter from {query.from}
			additional_text "Welcome, {http.checkout.claim.name}"
		}
	}
}

http:// {
	log
	checkout_link /upgrade pro
	checkout_link /guest pro {
		anonymous guest
	}
	checkout_link /login-first pro {
		anonymous redirect /login?next={http.checkout.return_to}
	}
	metrics /metrics
}
`

// behindProxy is the guarded site behind a proxy that may say who the client is.
var behindProxy = strings.Replace(guarded, "{"+shoptest.Private, "{"+shoptest.Private+`
	servers {
		trusted_proxies static 127.0.0.1/32
		trusted_proxies_strict
	}
`, 1)

// plain is a site with one link and nothing around it.
const plain = "{" + shoptest.Private + `
	checkout {
		api_url {$API}
	}
}

http://shop.example.com {
	checkout_link /upgrade {
		link_id 123
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
	metrics /metrics
}
`
