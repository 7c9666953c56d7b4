package caddymodule_test

import (
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

const refusingOption = `		jwt staff {
			secret {env.JWT_SECRET}
			issuer https://id.example.com
			audience shop
			from cookie session
		}
` + proCampaign

// TestRefusedTokensMakeASound: an application that thinks its shoppers are signed in sends them
// straight back, round and round, and only a metric knew.
func TestRefusedTokensMakeASound(t *testing.T) {
	srv := openServer(t, serverWith(refusingOption,
		"checkout_offer /u pro\n\tcheckout_link /u pro\n\tcheckout_link /staff pro {\n\t\tjwt "+
			"staff\n\t}"))
	forged := as(jwt.MapClaims{"email": "secret.person@example.com"})
	for range 5 {
		srv.click("/u", forged, func(r *request) {
			r.Header.Set("Cookie", strings.TrimSuffix(r.Header.Get("Cookie"), "AAAA")+"AAAA")
		})
	}
	srv.warns(1, "token refused", `"level":"warn"`, `"rule":"`, `"identity":"default"`, `"count":1`)

	issued := jwt.MapClaims{
		"email": "secret.person@example.com", "iss": "https://id.example.com/",
		"aud": "shop",
	}
	for range 5 {
		srv.click("/staff", as(issued))
	}
	srv.warns(2, "token refused")
	srv.warns(1, `"rule":"issuer"`, `troubleshooting.md#another-issuer`, `"identity":"staff"`,
		`"expected":"https://id.example.com"`,
		`"given":"https://id.example.com/"`)

	for range 2 {
		srv.click("/staff", as(jwt.MapClaims{
			"email": "secret.person@example.com",
			"iss":   "https://id.example.com", "aud": []string{"app", "blog"},
		}))
	}
	srv.warns(1, `"rule":"audience"`, `"expected":"shop"`, `"given":"app blog"`)
	srv.click("/u") // nobody is no refusal
	srv.warns(3, "token refused")
	srv.warns(0, "secret.person")
}

// TestRefusedTokenOfADirectivesOwnIdentity: a block inside a directive has no name.
func TestRefusedTokenOfADirectivesOwnIdentity(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, "checkout_link /u pro {\n\t\tjwt {\n\t\t\tsecret "+
		"{env.JWT_SECRET}\n\t\t\tfrom cookie session\n\t\t}\n\t}"))
	srv.click("/u", as(jwt.MapClaims{"email": "a@example.com", "exp": 1}))
	srv.warns(1, "token refused", `"rule":"expired"`, `"identity":"(the directive's own)"`)
}
