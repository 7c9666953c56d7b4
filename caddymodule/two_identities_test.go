package caddymodule_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// twoIdentities is a site in the middle of a move from one sign-in to another: both cookies are
// good. The price differs by variant, so a page that takes the wrong user shows another price.
const twoIdentities = `{` + serverOptions + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		jwt legacy {
			secret {env.JWT_SECRET}
			from cookie old_session
		}
		campaign pro {
			experiment price {
				variant control 50% {
					link_id 100
					quote 9.99 EUR
				}
				variant cheaper 50% {
					link_id 110
					quote 7.99 EUR
				}
			}
		}
		campaign legacy-only {
			link_id 120
			quote 1.99 EUR
			match {
				expression {http.checkout.claim.email}.endsWith("@old.example.com")
			}
		}
		campaign ended {
			link_id 3
			until 2020-01-01T00:00:00Z
		}
	}
}

(says) {
	respond "{http.checkout.campaign} {http.checkout.variant} {http.checkout.price}|{http.checkout.claim.email}|{http.checkout.outcome}"
}

http:// {` + serverSite + `
	route /legacy-first {
		checkout_offer pro {
			jwt legacy
		}
		checkout_offer pro
		import says
	}
	route /legacy-last {
		checkout_offer pro
		checkout_offer pro {
			jwt legacy
		}
		import says
	}
	route /upgrade {
		checkout_link pro {
			jwt legacy
			anonymous next
		}
		checkout_link pro
	}
	route /offer-and-links {
		checkout_offer pro {
			jwt legacy
		}
		checkout_link pro {
			anonymous next
		}
		checkout_link ended pro
	}
	route /passed-on {
		checkout_offer pro {
			jwt legacy
		}
		checkout_link pro {
			anonymous next
		}
		import says
	}
	route /own-eyes {
		checkout_offer pro {
			jwt legacy
		}
		checkout_link legacy-only {
			anonymous guest
		}
		checkout_offer legacy-only
		import says
	}
	route /nothing-left {
		checkout_offer pro
		checkout_offer ended
		import says
	}
	handle_errors {
		import says
	}
}
`

// oldSession signs the request in with the older cookie.
func oldSession(email string) func(*request) {
	return func(r *request) {
		r.AddCookie(&http.Cookie{
			Name:  "old_session",
			Value: token(jwt.MapClaims{"email": email, "sub": "id-of-" + email}),
		})
	}
}

// noID is a good token of somebody whom Zotlo cannot have as a subscriber.
func noID() func(*request) { return as(jwt.MapClaims{"name": "Somebody"}) }

// onPage is what the placeholders say: offer, claim, outcome.
func (o *server) onPage(path string, options ...func(*request)) (offer, email, outcome string) {
	o.t.Helper()
	_, body := o.click(path, options...)
	parts := strings.Split(string(body), "|")
	if len(parts) != 3 {
		o.t.Fatalf("%s says %q", path, body)
	}
	return parts[0], parts[1], parts[2]
}

// sold is the variant that the checkout sells.
func (o *server) sold(options ...func(*request)) string {
	o.t.Helper()
	_, body := o.click("/upgrade", append(options, wantJSON)...)
	var link struct{ Variant string }
	if err := json.Unmarshal(body, &link); err != nil || link.Variant == "" {
		o.t.Fatalf("%v: %s", err, body)
	}
	return link.Variant
}

// TestPageAndCheckoutKnowTheSameUser: the one of two identities that knows the user speaks, in
// whichever order the directives stand.
func TestPageAndCheckoutKnowTheSameUser(t *testing.T) {
	o := openServer(t, twoIdentities)
	seen := map[string]bool{}
	for i := range 12 {
		email := fmt.Sprintf("u%d@old.example.com", i)
		for name, options := range map[string][]func(*request){
			"the old cookie":                     {oldSession(email)},
			"the new cookie":                     {by(email)},
			"the old one, and one without an id": {oldSession(email), noID()},
		} {
			variant := o.sold(options...)
			seen[variant] = true
			for _, path := range []string{"/legacy-first", "/legacy-last"} {
				offer, who, _ := o.onPage(path, options...)
				if !strings.HasPrefix(offer, "pro "+variant+" ") || who != email {
					t.Errorf("%s, %s: the page says %q to %q, the checkout sells %s",
						name, path, offer, who, variant)
				}
			}
		}
	}
	if !seen["control"] || !seen["cheaper"] {
		t.Errorf("only %v was sold: this proves nothing", seen)
	}
}

// onCheaper is an address whose user has the variant that anonymous visitors do not see.
func (o *server) onCheaper() string {
	o.t.Helper()
	for i := range 50 {
		email := fmt.Sprintf("c%d@old.example.com", i)
		if o.sold(oldSession(email)) == "cheaper" {
			return email
		}
	}
	o.t.Fatal("nobody has the second variant")
	return ""
}

func TestWhichDirectiveSpeaks(t *testing.T) {
	o := openServer(t, twoIdentities)
	ann := o.onCheaper()
	for _, tt := range []struct {
		name, path            string
		options               []func(*request)
		offer, email, outcome string
	}{
		{"nobody is known: the newest", "/legacy-first", nil, "pro control 9.99", "", ""},
		{
			"both know one: the newest", "/legacy-first",
			[]func(*request){oldSession("other@old.example.com"), by(ann)},
			"pro cheaper 7.99", ann, "",
		},
		{
			"a link that knows nobody passes on", "/passed-on",
			[]func(*request){oldSession(ann)},
			"pro cheaper 7.99", ann, "anonymous",
		},
		{
			"the error page after two links that know nobody", "/offer-and-links",
			[]func(*request){oldSession(ann)},
			"pro cheaper 7.99", ann, "anonymous",
		},
		// Neither the link nor the second offer may see the first one's user while they decide.
		{
			"each decides for its own user", "/own-eyes",
			[]func(*request){oldSession(ann)},
			"pro cheaper 7.99", ann, "",
		},
		{
			"a second offer to the same user speaks for itself", "/nothing-left",
			[]func(*request){by(ann)},
			"  ", ann, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			offer, email, outcome := o.onPage(tt.path, tt.options...)
			if offer != tt.offer || email != tt.email || outcome != tt.outcome {
				t.Errorf("the page says %q, %q, %q; want %q, %q, %q",
					offer, email, outcome, tt.offer, tt.email, tt.outcome)
			}
		})
	}
}
