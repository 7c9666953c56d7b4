package caddymodule_test

import "testing"

// pageText shows a page's offer, the outcome of its checkout_link, and its user.
const pageText = `"{http.checkout.campaign} {http.checkout.price} ` +
	`{http.checkout.override.package_name}|{http.checkout.outcome}|{http.checkout.claim.email}"`

// pageServer tells on every page what its placeholders hold. A checkout_link lets each page through
// for another reason.
const pageServer = `{` + serverOptions + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			trusted_claims price
		}
		jwt staff {
			secret {env.JWT_SECRET}
			from header Authorization
		}
		campaign pro {
			link_id 1
			one_time_price 19.99 EUR
			package_name "Pro"
		}
		campaign other {
			link_id 2
			one_time_price 4.99 EUR
		}
		campaign ended {
			link_id 3
			until 2020-01-01T00:00:00Z
		}
		campaign unpriced {
			link_id 4
			one_time_price {http.checkout.claim.price} EUR 1 100
		}
		campaign nosy {
			link_id 5
			match {
				expression <<CEL
					{http.checkout.price} == "19.99"
						|| {http.checkout.claim.email} == "ann@example.com"
					CEL
			}
		}
	}
}

http:// {` + serverSite + `
	route {
		checkout_offer /page* pro
		checkout_offer /page/second ended
		checkout_link /page/ended ended
		checkout_link /page/staff other {
			jwt staff
			anonymous next
		}
		checkout_link /page/nosy nosy {
			jwt staff
			anonymous guest
		}
		checkout_link /page/unpriced unpriced {
			fallback next
		}
		checkout_link /page/down other {
			fallback next
		}
		checkout_link /page/denied other {
			jwt staff
		}
		respond ` + pageText + `
	}
	handle_errors {
		respond ` + pageText + `
	}
}
`

// TestLinkThatPassesOnLeavesThePageItsPrice: a checkout_link without an offer of its own blanked
// the price that checkout_offer had set.
func TestLinkThatPassesOnLeavesThePageItsPrice(t *testing.T) {
	srv := openServer(t, pageServer)
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/page", "pro 19.99 Pro||ann@example.com"},
		{"GET", "/page/ended", "pro 19.99 Pro|no_campaign|ann@example.com"},
		{"OPTIONS", "/page/ended", "pro 19.99 Pro||ann@example.com"},
		{"GET", "/page/unpriced", "pro 19.99 Pro|bad_offer|ann@example.com"},
		{"GET", "/page/staff", "pro 19.99 Pro|anonymous|ann@example.com"},
		{"GET", "/page/denied", "pro 19.99 Pro|anonymous|ann@example.com"},
		// neither the page's price nor its user decides what a link sells
		{"GET", "/page/nosy", "pro 19.99 Pro|no_campaign|ann@example.com"},
		// a second checkout_offer speaks for itself
		{"GET", "/page/second", "  ||ann@example.com"},
	} {
		if _, body := srv.click(tt.path, by("ann@example.com"),
			method(tt.method)); string(body) != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.method, tt.path, body, tt.want)
		}
	}
}

// TestLinkWithAnOfferOfItsOwnSpeaksForIt: the shopper who was to buy the other thing is shown that
// one's price.
func TestLinkWithAnOfferOfItsOwnSpeaksForIt(t *testing.T) {
	srv := openServer(t, pageServer)
	srv.api.Close()
	if _, body := srv.click("/page/down",
		by("ann@example.com")); string(body) != "other 4.99 |unavailable|ann@example.com" {
		t.Errorf("the page says %q", body)
	}
}
