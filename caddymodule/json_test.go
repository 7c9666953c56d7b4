package caddymodule_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestMistakesOnlyJSONCanMake begins with the regression test of a panic at load: null is a value that JSON has and a Caddyfile has not.
func TestMistakesOnlyJSONCanMake(t *testing.T) {
	setKeys(t)
	const (
		identity = `"jwt":{"default":{"secret":["{env.JWT_SECRET}"],"from":[{"in":"cookie","name":"session"}]}}`
		campaign = `"campaign":{"pro":{"link_id":"1"}}`
		byName   = `"campaigns":["pro"]`
	)
	for _, tt := range []struct{ app, route, want string }{
		{identity + `,"campaign":{"pro":null}`, byName, "campaign pro: is null: write its words, or remove it"},
		{`"jwt":{"default":null},` + campaign, byName, "jwt: is null: write its words, or remove it"},
		{`"jwt":{"staff":null},` + campaign, byName, "jwt staff: is null: write its words, or remove it"},
		{identity, byName + `,"campaign":{"pro":null}`, "campaign pro: is null"},
		{identity + `,` + campaign + `,"project":{"other":null}`, byName, "project other: access_key is missing"},
		{identity + `,` + campaign + `,"cache":null`, byName, "module"},
		{`"jwt":{"default":{"secret":[null],"from":[{"in":"cookie","name":"session"}]}},` + campaign, byName, "secret is missing"},
		{`"jwt":{"default":{"secret":["{env.JWT_SECRET}"],"from":[null]}},` + campaign, byName, "from cookie <name>"},
		{identity + `,"campaign":{"pro":{"link_id":"1","experiment":{"key":"e","variant":[null]}}}`, byName, "variant"},
		{identity + `,"campaign":{"pro":{"link_id":"1","after_payment":{}}}`, byName, "after_payment"},
		{identity + `,"campaign":{"pro":{"link_id":"1","name":"cheap"}}`, byName, `campaign pro: its name says "cheap"`},
		// What a Caddyfile's parser would have refused.
		{identity + `,` + campaign + `,"project":{"default":{"access_key":"k","access_secret":"s","application_key":"a"}}`, byName, "project default: that is the name"},
		{identity + `,` + campaign + `,"languages":["zz9"]`, byName, `provision checkout: languages: "zz9" is no language`},
		{identity + `,` + campaign + `,"limits":{"wait":-1}`, byName, "limits: timeout, wait and max_in_flight must not be negative"},
		{identity + `,` + campaign + `,"link_hosts":["https://pay.example.com"]`, byName, "default project: link_hosts: link host"},
		{strings.Replace(identity, `"from"`, `"trusted_claims":["{env.CLAIM}"],"from"`, 1) + `,` + campaign, byName, `trusted_claims "{env.CLAIM}": placeholders are not filled in here`},
		// Absent, in JSON's other spelling.
		{identity + `,` + campaign + `,"limits":null,"project":null,"languages":null`, byName + `,"jwt":null,"identity":null,"campaign":null`, ""},
		{identity + `,"campaign":{"pro":{"link_id":"1","name":"pro","experiment":null,"after_payment":null,"match":null,"one_time_price":null}}`, byName, ""},
	} {
		config := fmt.Sprintf(`{"apps":{"checkout":{%s},"http":{"servers":{"srv0":{"listen":[":1"],"routes":[{"handle":[{"handler":"checkout_link",%s}]}]}}}}}`, tt.app, tt.route)
		err := validate([]byte(config))
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "panic")) {
			t.Errorf("%s: %v, want %q", config, err, tt.want)
		}
	}
}

// setKeys sets the environment that every configuration of these tests reads.
func setKeys(t *testing.T) {
	for name, value := range map[string]string{
		"JWT_SECRET": jwtSecret, "ZOTLO_ACCESS_KEY": accessKey, "ZOTLO_ACCESS_SECRET": accessToken, "ZOTLO_APPLICATION_KEY": application,
	} {
		t.Setenv(name, value)
	}
}
