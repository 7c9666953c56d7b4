package caddymodule_test

import "testing"

// plainShop is the smallest site, with the stand-in as Zotlo.
const plainShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			from header Authorization
		}
		campaign pro {
			link_id 123
			package_name "Pro, yearly"
			additional_text "Welcome back, {http.checkout.claim.given_name}"
		}
	}
}

http:// {
	checkout_link /upgrade pro {
		anonymous redirect /login?next={http.checkout.return_to}
		fallback /pricing
	}
	checkout_link /strict pro
	checkout_link /guest pro {
		anonymous guest
	}
	checkout_link /maybe pro {
		anonymous next
		fallback next
	}
}
`

// pricedShop shows an offer on a page and sells it at a checkout.
const pricedShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			trusted_claims plan
		}
		campaign vip {
			link_id 1
			match {
				expression {http.checkout.claim.plan} == "vip"
			}
			quote 4.99 EUR
		}
		campaign sale {
			link_id 2
			package_name "Pro"
			one_time_price 19.99 EUR
			experiment sale-price {
				variant control 50%
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
			after_payment /account
		}
	}
}

http:// {
	checkout_offer /plans vip sale
	header >X-Offer "{http.checkout.campaign} {http.checkout.variant} ` +
	`{http.checkout.price} {http.checkout.currency} {http.checkout.override.package_name}"
	header /plans Cache-Control "public, max-age=60, s-maxage=600"
	templates /plans
	respond /plans "{{placeholder \"http.checkout.price\"}}"

	checkout_link /upgrade vip sale {
		anonymous guest
	}

	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
	}
}
`

const hookToken = "a token that nobody guesses"

func openPricedShop(t *testing.T) *shop {
	t.Setenv("HOOK_TOKEN", hookToken)
	return openShop(t, pricedShop)
}
