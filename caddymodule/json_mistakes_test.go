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
		cookie   = `"from":[{"in":"cookie","name":"session"}]`
		identity = `"jwt":{"default":{"secret":["{env.JWT_SECRET}"],` + cookie + `}}`
		campaign = `"campaign":{"pro":{"link_id":"1"}}`
		both     = identity + "," + campaign
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
			both + `,"project":{"other":null}`, byName,
			"project other: access_key is missing",
		},
		{both + `,"cache":null`, byName, "module"},
		{both + `,"ledger":null`, byName, "module"},
		{both + `,"ledger":{"module":"file","keep":-1}`, byName, "ledger: keep: "},
		{both + `,"ledger":{"module":"redis"}`, byName, "url"},
		{
			`"jwt":{"default":{"secret":[null],` + cookie + `}},` + campaign, byName,
			"secret is missing",
		},
		{
			`"jwt":{"default":{"secret":["{env.JWT_SECRET}"],"from":[null]}},` + campaign, byName,
			"from cookie <name>",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1",` +
				`"experiment":{"key":"e","variant":[null]}}}`,
			byName, "variant",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","after_payment":{}}}`, byName,
			"after_payment",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","subscribed":{}}}`, byName,
			`subscribed: "" is not a path or an https address`,
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","subscribed":{"url":"/a",` +
				`"packages":[""]}}}`, byName, `subscribed: "" is no package`,
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","name":"cheap"}}`, byName,
			`campaign pro: its name says "cheap"`,
		},
		// What a Caddyfile's parser would have refused.
		{
			both + `,"project":{"default":{"access_key":"k","access_secret":"s",` +
				`"application_key":"a"}}`, byName,
			"project default: that is the name",
		},
		{
			both + `,"languages":["zz9"]`, byName,
			`provision checkout: languages: "zz9" is no language`,
		},
		{
			both + `,"limits":{"wait":-1}`, byName,
			"limits: timeout, wait and max_in_flight must not be negative",
		},
		{
			both + `,"link_hosts":["https://pay.example.com"]`, byName,
			"default project: link_hosts: link host",
		},
		{
			strings.Replace(both, `"from"`, `"trusted_claims":["{env.CLAIM}"],"from"`, 1), byName,
			`trusted_claims "{env.CLAIM}": placeholders are not filled in here`,
		},
		{
			both + `,"cache":{"module":"memory","ttl":-1}`, byName,
			"ttl: -1ns is negative: write a duration such as 5m",
		},
		{
			both + `,"cache":{"module":"memory","max_links":-1}`, byName,
			"max_links: -1 is negative: write a number such as 100000",
		},
		{
			both + `,"cache":{"module":"redis"}`, byName,
			"url is missing: write `url redis://localhost:6379`",
		},
		{
			both + `,"project":{"":{"access_key":"k"}}`, byName,
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
			both, byName + `,"campaign":{"pro":{"link_id":"2"}}`,
			`campaign "pro" is defined twice, with different options`,
		},
		{
			both, `"campaigns":[]`,
			"no campaign: name one, or write `link_id <id>` in the block",
		},
		{both, `"campaigns":["max"]`, `campaign "max" is not defined`},
		{
			both, `"campaigns":["pro-{http.checkout.claim.plan}"]`,
			"a name is a word or one placeholder, not a mixture",
		},
		{campaign, byName, "who the shopper is, is not configured"},
		{
			both, byName + `,"jwt":"default","identity":{"placeholder":"{http.auth.user.id}"}`,
			"jwt and identity exclude each other",
		},
		{
			campaign, byName + `,"identity":{"placeholder":"{http.auth.user.id}","kind":"name"}`,
			`identity: unknown kind "name"`,
		},
		{
			both, byName + `,"anonymous":"perhaps"`,
			`anonymous: unknown policy "perhaps"`,
		},
		{
			both, byName + `,"anonymous":"redirect"`,
			"anonymous: redirect and its URL belong together",
		},
		{
			both, byName + `,"anonymous":"redirect","login":"//else"`,
			"anonymous redirect: ",
		},
		{both, byName + `,"fallback":"//else"`, "fallback"},
		// Absent, in JSON's other spelling.
		{
			both + `,"limits":null,"project":null,"languages":null`,
			byName + `,"jwt":null,"identity":null,"campaign":null`, "",
		},
		{
			identity + `,"campaign":{"pro":{"link_id":"1","name":"pro","experiment":null,` +
				`"subscribed":null,"after_payment":null,"match":null,"one_time_price":null}}`, byName, "",
		},
	} {
		config := fmt.Sprintf(`{"apps":{"checkout":{%s},`+
			`"http":{"servers":{"srv0":{"listen":[":1"],"routes":`+
			`[{"handle":[{"handler":"checkout_link",%s}]}]}}}}}`,
			tt.app, tt.route)
		err := validate([]byte(config))
		if (err == nil) != (tt.want == "") || err != nil &&
			(!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "panic")) {
			t.Errorf("%s: %v, want %q", config, err, tt.want)
		}
	}
}

// tested is a campaign of that name with the one experiment that there may be once.
func tested(name string) string {
	return `"` + name + `":{"link_id":"1",` +
		`"experiment":{"key":"e","variant":[{"name":"a","weight":"100%"}]}}`
}
