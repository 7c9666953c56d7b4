package caddymodule_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestMistakesOnlyJSONCanMake begins with the regression test of a panic at load: null is a value
// that JSON has and a Caddyfile has not.
func TestMistakesOnlyJSONCanMake(t *testing.T) {
	setKeys(t)
	const (
		identity = `"jwt":{"default":{"secret":["{env.JWT_SECRET}"],"from":[{"in":"cookie","name":"session"}]}}`
		campaign = `"campaign":{"pro":{"link_id":"1"}}`
		byName   = `"campaigns":["pro"]`
	)
	for _, tt := range []struct{ app, route, want string }{
		{
			identity + `,"campaign":{"pro":null}`, byName,
			"campaign pro: is null: write its options, or remove it",
		},
		{
			`"jwt":{"default":null},` + campaign, byName,
			"jwt: is null: write its options, or remove it",
		},
		{
			`"jwt":{"staff":null},` + campaign, byName,
			"jwt staff: is null: write its options, or remove it",
		},
		{identity, byName + `,"campaign":{"pro":null}`, "campaign pro: is null"},
		{
			identity + `,` + campaign + `,"project":{"other":null}`, byName,
			"project other: access_key is missing",
		},
		{identity + `,` + campaign + `,"cache":null`, byName, "module"},
		{`"jwt":{"default":{"secret":[null],"from":[{"in":"cookie","name":"session"}]}},` + campaign, byName, "secret is missing"},
		{
			`"jwt":{"default":{"secret":["{env.JWT_SECRET}"],"from":[null]}},` + campaign, byName,
			"from cookie <name>",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","experiment":{"key":"e","variant":[null]}}}`,
			byName, "variant",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","after_payment":{}}}`, byName,
			"after_payment",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","name":"cheap"}}`, byName,
			`campaign pro: its name says "cheap"`,
		},
		// What a Caddyfile's parser would have refused.
		{identity + `,` + campaign + `,"project":{"default":{"access_key":"k","access_secret":"s","application_key":"a"}}`, byName, "project default: that is the name"},
		{
			identity + `,` + campaign + `,"languages":["zz9"]`, byName,
			`provision checkout: languages: "zz9" is no language`,
		},
		{
			identity + `,` + campaign + `,"limits":{"wait":-1}`, byName,
			"limits: timeout, wait and max_in_flight must not be negative",
		},
		{
			identity + `,` + campaign + `,"link_hosts":["https://pay.example.com"]`, byName,
			"default project: link_hosts: link host",
		},
		{strings.Replace(identity, `"from"`, `"trusted_claims":["{env.CLAIM}"],"from"`,
			1) + `,` + campaign, byName, `trusted_claims "{env.CLAIM}": placeholders are not filled in here`},
		{
			identity + `,` + campaign + `,"cache":{"module":"memory","ttl":-1}`, byName,
			"ttl: -1ns is negative: write a duration such as 5m",
		},
		{
			identity + `,` + campaign + `,"cache":{"module":"memory","max_links":-1}`, byName,
			"max_links: -1 is negative: write a number such as 100000",
		},
		{
			identity + `,` + campaign + `,"cache":{"module":"redis"}`, byName,
			"url is missing: write `url redis://localhost:6379`",
		},
		{
			identity + `,` + campaign + `,"project":{"":{"access_key":"k"}}`, byName,
			"project: a name is missing",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","project":"eu"}}`, byName,
			`project "eu" is not defined: write`,
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","fallback":"//else"}}`, byName,
			"campaign pro: fallback",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","after_payment":{"url":"/a","for":-1}}}`,
			byName, "after_payment: the duration is negative",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","match":[{"expression":"=="}]}}`, byName,
			"campaign pro: match",
		},
		{
			identity + `,"campaign":{` + tested("pro") + `,` + tested("max") + `}`, byName,
			`experiment "e" is already run by campaign`,
		},
		{
			identity + `,` + campaign, byName + `,"campaign":{"pro":{"link_id":"2"}}`,
			`campaign "pro" is defined twice, with different options`,
		},
		{
			identity + `,` + campaign, `"campaigns":[]`,
			"no campaign: name one, or write `link_id <id>` in the block",
		},
		{identity + `,` + campaign, `"campaigns":["max"]`, `campaign "max" is not defined`},
		{
			identity + `,` + campaign, `"campaigns":["pro-{http.checkout.claim.plan}"]`,
			"a name is a word or one placeholder, not a mixture",
		},
		{campaign, byName, "who the shopper is, is not configured"},
		{
			identity + `,` + campaign,
			byName + `,"jwt":"default","identity":{"placeholder":"{http.auth.user.id}"}`, "jwt and identity exclude each other",
		},
		{
			campaign, byName + `,"identity":{"placeholder":"{http.auth.user.id}","kind":"name"}`,
			`identity: unknown kind "name"`,
		},
		{
			identity + `,` + campaign, byName + `,"anonymous":"perhaps"`,
			`anonymous: unknown policy "perhaps"`,
		},
		{
			identity + `,` + campaign, byName + `,"anonymous":"redirect"`,
			"anonymous: redirect and its URL belong together",
		},
		{
			identity + `,` + campaign, byName + `,"anonymous":"redirect","login":"//else"`,
			"anonymous redirect: ",
		},
		{identity + `,` + campaign, byName + `,"fallback":"//else"`, "fallback"},
		// Absent, in JSON's other spelling.
		{
			identity + `,` + campaign + `,"limits":null,"project":null,"languages":null`,
			byName + `,"jwt":null,"identity":null,"campaign":null`, "",
		},
		{identity + `,"campaign":{"pro":{"link_id":"1","name":"pro","experiment":null,"after_payment":null,"match":null,"one_time_price":null}}`, byName, ""},
	} {
		config := fmt.Sprintf(`{"apps":{"checkout":{%s},"http":{"servers":{"srv0":{"listen":[":1"],"routes":[{"handle":[{"handler":"checkout_link",%s}]}]}}}}}`, tt.app, tt.route)
		err := validate([]byte(config))
		if (err == nil) != (tt.want == "") || err != nil &&
			(!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "panic")) {
			t.Errorf("%s: %v, want %q", config, err, tt.want)
		}
	}
}

// tested is a campaign of that name with the one experiment that there may be once.
func tested(name string) string {
	return `"` + name + `":{"link_id":"1","experiment":{"key":"e","variant":[{"name":"a","weight":"100%"}]}}`
}
