package caddymodule_test

import (
	"encoding/json"
	"net/http"

	"github.com/golang-jwt/jwt/v5"
)

// saleServer sells with every kind of rule.
const saleServer = `{` + serverOptions + `
	checkout {
		api_url {$API}
		languages en tr
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			trusted_claims plan
		}
		jwt staff {
			secret {env.JWT_SECRET}
			from header Authorization
			subscriber_id sub
		}
		campaign a-past {
			link_id 1
			until 2020-01-01T00:00:00Z
		}
		campaign b-free {
			link_id 2
			match {
				expression {http.checkout.claim.plan} == "free"
			}
			match {
				path /free*
				method POST
			}
		}
		campaign c-sale {
			link_id 3
			package_name "Pro for {http.checkout.claim.given_name}"
			additional_text "{query.missing}"
			field packageLabel "{http.checkout.claim.plan}"
			custom_parameter seen {path.0}
			experiment c-price {
				coverage 80%
				variant control 50%
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
			fallback /plans?from={path}
		}
		campaign d-rest {
			link_id 4
		}
	}
}

http:// {` + serverSite + `
	checkout_offer /plans a-past b-free c-sale
	checkout_link /* a-past b-free c-sale d-rest
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}
}
`

// explained is what explain answers.
type explained struct {
	Outcome, Error, Note, Campaign, Experiment, Variant, Reason, Language string
	Bucket                                                                *int
	Counted                                                               bool
	Rules                                                                 []rule
	Dropped, Untrusted, Before, Passed, Looked, Facts                     []string
	Route, Answer, Location, Identity, Rule                               string
	ClientIP                                                              string `json:"client_ip"`
	Subscriber                                                            struct {
		Hash, Kind string
		Claims     []string
	}
	APIRequest *struct {
		Method, URL string
		Header      map[string]string
		Body        map[string]any
	} `json:"api_request"`
}

// rule is what explain says of one campaign.
type rule struct{ Campaign, Result, Detail string }

func (srv *server) explain(question string) (e explained) {
	srv.t.Helper()
	srv.ask(http.MethodPost, "/checkout/explain", question, &e)
	return e
}

const annsClaims = `{"sub":"ann-1","email":"ann@example.com","given_name":"Ann",` +
	`"plan":"pro","locale":"tr"}`

func annsToken() func(*request) {
	var claims jwt.MapClaims
	if err := json.Unmarshal([]byte(annsClaims), &claims); err != nil {
		panic(err)
	}
	return as(claims)
}
