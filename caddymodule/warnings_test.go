package caddymodule_test

import (
	"testing"
)

func TestWarningsAtLoad(t *testing.T) {
	const conditional = "every campaign of a route is conditional"
	for _, tt := range []struct {
		name, option, directive, text string
		also                          []string
	}{
		{
			"a literal secret", `
		project other {
			access_key key
			access_secret {env.ZOTLO_ACCESS_SECRET}
			application_key {env.ZOTLO_APPLICATION_KEY}
		}
` + proCampaign, "checkout_link /u pro",
			"stands in the configuration in clear",
			[]string{`"warn"`, "access_key"},
		},
		{
			"a field nobody has documented", `
		campaign pro {
			link_id 1
			theme dark
		}`, "checkout_link /u pro",
			"not in Zotlo's published reference",
			[]string{`"warn"`, "theme", `"campaign":"pro"`},
		},
		{
			"a placeholder that is not closed", `
		campaign pro {
			link_id 1
			package_name "Hi {http.checkout.claim.name"
			experiment e {
				variant a 100%
			}
		}`, "checkout_link /u pro",
			"opens no placeholder",
			[]string{`"warn"`, `"text":"Hi {http.checkout.claim.name"`, `"campaign":"pro"`},
		},
		{
			"after_payment without a webhook", `
		campaign pro {
			link_id 1
			after_payment /account
		}`, "checkout_link /u pro",
			"after_payment does nothing",
			[]string{`"warn"`, "checkout_webhook"},
		},
		{
			"after_payment without a webhook, and a ledger of this process", `
		cache redis {
			url redis://127.0.0.1:1
		}
		ledger memory
		campaign pro {
			link_id 1
			after_payment /account
		}`, "checkout_link /u pro",
			"after_payment does nothing",
			[]string{`"warn"`, "checkout_webhook"},
		},
		{
			"subscribed without a webhook", `
		campaign pro {
			link_id 1
			subscribed /account
		}`, "checkout_link /u pro",
			"subscribed learns of nobody",
			[]string{`"warn"`, "checkout_webhook"},
		},
		{
			"only conditional campaigns", `
		campaign a {
			link_id 1
			until 2030-01-01T00:00:00Z
		}
		campaign b {
			link_id 1
			until 2031-01-01T00:00:00Z
		}`, "checkout_link /u a b",
			conditional,
			[]string{`"warn"`, "2031-01-01T00:00:00Z", `["a","b"]`},
		},
		{
			"campaigns of which one is off", `
		campaign a {
			link_id 1
			until 2030-01-01T00:00:00Z
		}
		campaign b {
			link_id 1
			off
		}`, "checkout_link /u a b",
			conditional,
			[]string{"2030-01-01T00:00:00Z"},
		},
		{
			"an offer beside its link", `
		campaign a {
			link_id 1
			until 2030-01-01T00:00:00Z
		}`, "checkout_offer /u a\n\tcheckout_link /u a",
			conditional, nil,
		},
		{
			"only campaigns with matchers", `
		campaign a {
			link_id 1
			match {
				path /u/x
			}
		}`, "checkout_link /u* a",
			conditional,
			[]string{`"warn"`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			openServer(t, serverWith(tt.option, tt.directive)).warns(1, tt.text, tt.also...)
		})
	}
	t.Run("another Caddy may hear of payments", func(t *testing.T) {
		openServer(t, serverWith(`
		ledger redis {
			url redis://127.0.0.1:1
		}
		campaign pro {
			link_id 1
			after_payment /account
		}`, "checkout_link /u pro")).warns(0, "after_payment does nothing")
	})
	t.Run("nothing to warn of", func(t *testing.T) {
		srv := openServer(t, serverWith(proCampaign, "checkout_link /u pro"))
		srv.warns(1, `"logger":"checkout`, `"info"`, "the ledger is open")
	})
}

// The path was forgotten, so the login page itself is a checkout.
func TestLoginThatIsACheckoutIsTold(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, `checkout_link pro {
		anonymous redirect /login
	}`))
	for range 2 {
		if res, _ := srv.click("/login"); res.StatusCode != 401 {
			t.Errorf("%d", res.StatusCode)
		}
	}
	srv.warns(1, "is answered by checkout_link itself", `"warn"`, `"path":"/login"`)
}
