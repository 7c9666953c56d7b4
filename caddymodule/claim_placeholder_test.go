package caddymodule_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// matchingShop has the campaign special, with the given matchers, and the campaign usual for
// everybody else.
func matchingShop(t *testing.T, matchers string) *shop {
	t.Helper()
	return openShop(t, `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign special {
			link_id 900
			match {
`+matchers+`
			}
		}
		campaign usual {
			link_id 100
		}
	}
}

http:// {
	checkout_link /upgrade special usual
}
`)
}

var somebodies atomic.Int64

// somebody is a new e-mail address, so that no limit for one subscriber matters.
func somebody() string { return fmt.Sprintf("somebody%d@example.com", somebodies.Add(1)) }

// chooses checks which campaign a user with these claims gets. A claim is written as JSON.
func (s *shop) chooses(want string, claims string) {
	s.t.Helper()
	signed := jwt.MapClaims{"email": somebody()}
	var written map[string]json.RawMessage
	if err := json.Unmarshal([]byte(claims), &written); err != nil {
		s.t.Fatal(err)
	}
	for name, value := range written {
		signed[name] = value
	}
	if got := s.body(s.click("/upgrade", as(signed), wantJSON))["campaign"]; got != want {
		s.t.Errorf("claims %s: campaign %v, want %s", claims, got, want)
	}
}

func TestClaimsKeepTheirTypeInExpressions(t *testing.T) {
	for _, tt := range []struct{ expression, special, usual string }{
		{`{http.checkout.claim.premium} == true`, `{"premium":true}`, `{"premium":false}`},
		{`{http.checkout.claim.credits} > 10`, `{"credits":50}`, `{"credits":10}`},
		{`{http.checkout.claim.credits} > 10`, `{"credits":1e3}`, `{}`},
		{`{http.checkout.claim.credits} > 10`, `{"credits":10.5}`, `{"credits":"50"}`},
		{
			`{http.checkout.claim.id} == 9007199254740993`,
			`{"id":9007199254740993}`, `{"id":9007199254740992}`,
		},
		{
			`{http.checkout.claim.id} == 18446744073709551615u`,
			`{"id":18446744073709551615}`, `{"id":18446744073709551614}`,
		},
		{`{http.checkout.claim.plan} == "free"`, `{"plan":"free"}`, `{"plan":"pro"}`},
		{`{http.checkout.claim.plan} == ""`, `{"plan":null}`, `{"plan":0}`},
		{`"beta" in {http.checkout.claim.roles}`, `{"roles":["a","beta"]}`, `{"roles":["a"]}`},
		{`2 in {http.checkout.claim.shops}`, `{"shops":[1,2]}`, `{"shops":[12]}`},
		{`size({http.checkout.claim.roles}) == 2`, `{"roles":["a","b"]}`, `{"roles":[]}`},
		{
			`dyn({http.checkout.claim.roles}).exists(r, r.startsWith("b"))`,
			`{"roles":["a","beta"]}`, `{"roles":["a"]}`,
		},
		{`{http.checkout.claim.roles} == ["a", "b"]`, `{"roles":["a","b"]}`, `{"roles":["b"]}`},
		{
			`{http.checkout.claim.level} != "" && {http.checkout.claim.level} > 10`,
			`{"level":11}`, `{}`,
		},
		{`{http.checkout.claim.org.seats} >= 5`, `{"org":{"seats":5}}`, `{"org":{"seats":4}}`},
	} {
		t.Run(tt.expression, func(t *testing.T) {
			s := matchingShop(t, "expression "+tt.expression)
			s.chooses("special", tt.special)
			s.chooses("usual", tt.usual)
		})
	}
}

// TestTextsOfClaimsAreAsTheTokenWritesThem: what an expression compares as a number or a list is
// still the same text in a header or a price.
func TestTextsOfClaimsAreAsTheTokenWritesThem(t *testing.T) {
	s := openShop(t, `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign usual {
			link_id 100
			custom_parameter x {http.checkout.claim.x}
		}
	}
}

http:// {
	header >X-Claim "{http.checkout.claim.x}"
	checkout_offer /page usual
	checkout_link /upgrade usual
}
`)
	for _, written := range []string{
		`true`, `false`, `0`, `50`, `-7`, `1e3`, `10.0`, `19.90`, `0.1`, `-0`,
		`9223372036854775807`, `18446744073709551615`, `12345678901234567890123`, `1e400`,
		`["a","b c"]`, `[1,2.50,[true,null]]`, `[]`, `{"a":1}`,
	} {
		email := somebody()
		claims := func() func(*request) {
			return as(jwt.MapClaims{"email": email, "x": json.RawMessage(written)})
		}
		if got := s.click("/page", claims()).Header.Get("X-Claim"); got != written {
			t.Errorf("%s is %q in a header", written, got)
		}
		res := s.click("/upgrade", claims())
		link := s.getsLink(res, email)
		if got := fmt.Sprint(link.CustomParameters["x"]); got != written {
			t.Errorf("%s is %q in a custom parameter", written, got)
		}
	}
}

// TestExpressionOverAClaimThatItCannotNameSaysWhatToWrite: Caddy reads no placeholder with a colon
// or a slash in an expression, and speaks of a syntax error.
func TestExpressionOverAClaimThatItCannotNameSaysWhatToWrite(t *testing.T) {
	for name, matchers := range map[string]string{
		"custom:plan": `expression {http.checkout.claim.custom:plan} == "free"`,
		"https://shop.example.com/plan": "not {\n" +
			`expression {http.checkout.claim.https://shop.example.com/plan} == "free"` + "\n}",
		"Überplan": `expression {http.checkout.claim.Überplan} == "free"`,
	} {
		_, err := load(t, strings.Replace(`{
	checkout {
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign special {
			link_id 900
			match {
				MATCHERS
			}
		}
	}
}

http:// {
	checkout_link /upgrade special
}
`, "MATCHERS", matchers, 1))
		want := "checkout_claim " + name + " <value>"
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
}
