package caddymodule_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/sandbox"
)

// offerSecret signs offers and nothing else.
const offerSecret = "what offers are signed with, 32 bytes or more"

// offersSite takes signed offers, from anybody, from signed-in users, and beside what it lists.
const offersSite = `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			trusted_claims plan
		}
		offers {
			secret base64:{env.OFFER_SECRET_OLD}
			secret {env.OFFER_SECRET}
			max_age 10d
		}LEDGER
		campaign winback {
			link_id 11
			match {
				path /nowhere
			}
			package_name "For {http.checkout.signed.name}"
			after_payment /account
		}
		campaign support {
			link_id 12
			one_time_price {http.checkout.signed.price} EUR 1.00 99.00
			fallback /support
		}
		campaign mailing {
			link_id 13
			one_time_price 9.99 EUR
		}
		campaign plan {
			link_id 14
			one_time_price {http.checkout.claim.price} EUR 1.00 99.00
		}
		campaign listed {
			link_id 15
			quote 29.99 EUR
		}
		campaign split {
			link_id 16
			experiment offered {
				variant a 50% {
					one_time_price 5.00 EUR
				}
				variant b 50% {
					one_time_price 6.00 EUR
				}
			}
		}
		campaign over {
			link_id 17
			until 2020-01-01T00:00:00Z
			fallback /over
		}
		campaign early {
			link_id 18
			from 2099-01-01T00:00:00Z
		}
		campaign dead {
			link_id 19
			off
		}
		campaign form {
			link_id 21
			package pro-monthly
			quote 9.90 EUR
			custom_parameter greeting {http.checkout.signed.name}
		}
		campaign members {
			link_id 20
			subscribed /member
		}
	}
}

http:// {SITE
	header >X-Offer "{http.checkout.campaign} {http.checkout.variant} {http.checkout.price}"
	header >X-Outcome "{http.checkout.outcome}"
	checkout_link /go {
		offer query offer
		anonymous guest
	}
	checkout_link /in listed {
		offer query offer
	}
	checkout_link /login listed {
		offer query offer
		anonymous redirect /sign-in?next={http.checkout.return_to}
	}
	checkout_link /maybe listed {
		offer query offer
		anonymous next
	}
	checkout_link /fall {
		offer query offer
		anonymous guest
		fallback /pricing
	}
	checkout_link /o/* {
		offer path 1
		anonymous guest
	}
	checkout_offer /page listed {
		offer query offer
	}
	respond /page "{http.checkout.campaign}|{http.checkout.price}|{http.checkout.override.package_name}|{http.checkout.signed.name}"
	checkout_embed /form {
		offer query offer
		anonymous guest
		return_url https://shop.example.com/checkout
	}
	checkout_webhook /hooks* {
		token {env.HOOK_TOKEN}
	}
}
`

// offer signs an offer; without exp it is good for a day.
func offer(t testing.TB, claims jwt.MapClaims) string {
	t.Helper()
	return offerUnder(t, offerSecret, "offer+jwt", claims)
}

// offerUnder signs an offer with another secret, or as another kind of token.
func offerUnder(t testing.TB, secret, typ string, claims jwt.MapClaims) string {
	t.Helper()
	if _, ok := claims["exp"]; !ok {
		claims["exp"] = time.Now().Add(24 * time.Hour).Unix()
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	token.Header["typ"] = typ
	text, err := token.SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// values is the claim of that name.
type values = map[string]string

// offerShop is a shop that takes offers, whose cache and ledger stumble.
func offerShop(t *testing.T) *shop {
	t.Helper()
	t.Setenv("HOOK_TOKEN", hookToken)
	t.Setenv("OFFER_SECRET", offerSecret)
	t.Setenv("OFFER_SECRET_OLD", "bGFzdCB5ZWFyJ3Mgc2VjcmV0IG9mIG9mZmVycywgdGhpcnR5LXR3bys=")
	stumble("", 0)
	s := openShop(t, "{"+offersWith(offersSite, "\n\t\tcache stumbling\n\t\tledger stumbling", ""))
	s.zotlo.SetWebhooks(hooksTo(s))
	return s
}

// offerServer is a whole Caddy that takes offers.
func offerServer(t *testing.T) *server {
	t.Helper()
	config := "{" + serverOptions + offersWith(offersSite, "", serverSite+"\tlog\n")
	return openServerWith(t, config, map[string]string{
		"OFFER_SECRET":     offerSecret,
		"OFFER_SECRET_OLD": "bGFzdCB5ZWFyJ3Mgc2VjcmV0IG9mIG9mZmVycywgdGhpcnR5LXR3bys=",
	})
}

// opens clicks a link that holds the offer.
func (s *shop) opens(path, token string, options ...func(*request)) *http.Response {
	s.t.Helper()
	return s.click(path+"?offer="+url.QueryEscape(token), options...)
}

// refuses wants the offer to be refused, with a sentence of its own.
func (s *shop) refuses(res *http.Response, sentence string) {
	s.t.Helper()
	s.fails(res, http.StatusForbidden)
	if got := res.Header.Get("X-Error-Message"); got != sentence {
		s.t.Errorf("the shopper reads %q, want %q", got, sentence)
	}
	if got := res.Header.Get("X-Outcome"); got != "bad_offer_token" {
		s.t.Errorf("outcome %q", got)
	}
}

// pays is a shopper who pays a link, and wants the payment to be heard of.
func (s *shop) pays(link string, options ...sandbox.PayOption) {
	s.t.Helper()
	if _, err := s.zotlo.Pay(link, options...); err != nil {
		s.t.Fatal(err)
	}
}
