package caddymodule_test

import (
	"net/url"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// priceTest is a site whose campaign splits its users by a claim that not everybody has.
const priceTest = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign pro {
			link_id 1
			experiment price {
				coverage 100%
				hash_attribute account
				variant only 100%
			}
		}
		campaign half {
			link_id 2
			experiment halved {
				coverage 0.01%
				variant rare 100%
			}
		}
	}
}

http:// {
	checkout_link /u pro {
		anonymous guest
	}
	checkout_link /half half
}
`

// TestVariantIsNamedOnlyForWhomAnExposureCounts: a payment of somebody who was never counted belongs
// to the campaign. Named after the first variant, it would make that one look better than it is.
func TestVariantIsNamedOnlyForWhomAnExposureCounts(t *testing.T) {
	s := openShop(t, priceTest)
	ann := jwt.MapClaims{"email": "ann@example.com", "account": "7"}
	for _, tt := range []struct {
		name, path, campaign, variant string
		who                           []func(*request)
	}{
		{"a user with the attribute", "/u", "pro", "only", []func(*request){as(ann)}},
		{"a user without it", "/u", "pro", "", []func(*request){by("ben@example.com")}},
		{"a user whose attribute is empty", "/u", "pro", "", []func(*request){
			as(jwt.MapClaims{"email": "cem@example.com", "account": ""}),
		}},
		{"a guest", "/u", "pro", "", nil},
		{"a guest with the attribute", "/u", "pro", "", []func(*request){
			as(jwt.MapClaims{"account": "7"}),
		}},
		{"a user who is not covered", "/half", "half", "", []func(*request){by("dan@example.com")}},
	} {
		res := s.click(tt.path, tt.who...)
		link, ok := s.zotlo.Link(res.Header.Get("Location"))
		if !ok {
			t.Fatalf("%s: status %d, no link", tt.name, res.StatusCode)
		}
		text, _ := link.CustomParameters["checkout"].(string)
		sold, err := url.ParseQuery(text)
		if err != nil || sold.Get("c") != tt.campaign || sold.Get("v") != tt.variant {
			t.Errorf("%s: attribution %q, %v", tt.name, text, err)
		}
		if sold.Has("e") != (tt.variant != "") {
			t.Errorf("%s: an experiment without a variant: %q", tt.name, text)
		}
	}
}
