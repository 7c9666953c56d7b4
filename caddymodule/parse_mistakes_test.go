package caddymodule_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestEveryMistakeIsNamed writes one mistake after the other on the fourth line of a Caddyfile. The
// answer must name the option, the line and, where there is one, the fix.
func TestEveryMistakeIsNamed(t *testing.T) {
	const (
		option = "{\n\tcheckout {\n\t\tlanguages en\n"
		offer  = "{\n\tcheckout {\n\t\tcampaign pro {\n"
		route  = "\nhttp:// {\n\tcheckout_link /upgrade {\n"
		page   = "\n\nhttp:// {\n"
	)
	for _, tt := range []struct{ before, mistake, want string }{
		{option, `project {`, "project takes one name: write `project <name> {`"},
		{
			option, `project default {`,
			`project default: that is the name of the project without one`,
		},
		{
			option, "project eu {\naccess_key a\naccess_secret 0123456789abcdef\n" +
				"application_key c\n}\nproject eu {\n}",
			`project "eu" is written twice: give one of them another name`,
		},
		{option, `languages`, `"languages" is already given on line 3: keep one of them`},
		{
			option, `api_url`,
			"api_url takes one value, not 0: write `api_url <value>`, in quotes if it holds blanks",
		},
		{option, `access_key a b`, "access_key takes one value, not 2"},
		{option, `link_hosts`, `link_hosts needs at least one value`},
		{option, `jwt a b {`, "jwt takes at most one name"},
		{
			option, "jwt {\nissuer https://id.example.com\naudience any\nfrom cookie session\n}\n" +
				"jwt {\n}", `jwt default is written twice`,
		},
		{
			option, "jwt {\nfrom cookie",
			"from takes a place and a name: write `from cookie <name>` or `from header " +
				"Authorization`",
		},
		{option, "jwt {\nfrom query token", "from takes a place and a name"},
		{
			option, "jwt {\nverified_contact perhaps",
			`verified_contact: unknown value "perhaps": write if_present, required or ignore`,
		},
		{option, "jwt {\nverified_contact", `verified_contact takes one value, not 0`},
		{
			option, "jwt {\nleeway soon",
			`leeway: "soon" is not a duration: write one such as 30s or 5m`,
		},
		{option, "jwt {\nmax_age -1h", `max_age: "-1h" is negative`},
		{option, "jwt {\ncampaign pro", `unknown option "campaign": known here are `},
		{option, "jwt {\ncampaign pro", `is the } of this block missing?`},
		{option, "jwt {\nsecret", `secret takes one value, not 0: repeat the option for another`},
		{option, `cache`, "cache takes the name of a module: write `cache memory {`"},
		{
			option, "cache memory {\n}\ncache memory {\n}",
			`"cache" is already given on line 4: keep one of them`,
		},
		{
			option, `cache memory 5m`,
			`cache memory takes no further value on its line, but "5m" stands there`,
		},
		{
			option, `cache redis 5m`,
			`cache redis takes no further value on its line, but "5m" stands there`,
		},
		{
			option, "cache memory {\nmax_links none",
			`max_links: "none" is not a positive whole number`,
		},
		{option, "cache memory {\nmax_links", `max_links takes one value, not 0`},
		{option, `limits 5m`, "limits takes no value on its own line: open a block with {"},
		{
			option, "limits {\n}\nlimits {\n}",
			`"limits" is already given on line 4: keep one of them`,
		},
		{option, "limits {\nrate", `rate takes one value, not 0`},
		{option, "limits {\ntimeout 1s 2s", `timeout takes one value, not 2`},
		{option, "limits {\nmax_in_flight 0", `max_in_flight: "0" is not a positive whole number`},
		{option, `campaign {`, "campaign takes one name: write `campaign <name> {`"},

		{offer, `off now`, `off takes no value`},
		//nolint:dupword // that is the mistake
		{offer, "off\noff", `"off" is already given on line 4: keep one of them`},
		{offer, `from`, `from takes one value, not 0`},
		{offer, `fallback`, `fallback takes one value, not 0`},
		{offer, "match {\n}", "match is empty: write matchers in its block"},
		{offer, "match {\nno_such_matcher x\n}", `no_such_matcher`},
		{
			offer, `subscribed`,
			"subscribed takes a URL and perhaps packages: write `subscribed /account`",
		},
		{
			offer, `subscribed pro /account`,
			`subscribed: "pro" is not a path or an https address: write it first`,
		},
		{
			offer, `subscribed http://shop.example.com/account`,
			`subscribed: "http://shop.example.com/account" is not a path or an https address`,
		},
		{offer, `subscribed //account`, `subscribed: "//account" is not a path`},
		{offer, `subscribed /account "pro {http.request.uri}"`, `subscribed: "pro {http.`},
		{
			offer, `subscribed /account pro plus pro`,
			`subscribed: package "pro" is written twice: keep one of them`,
		},
		{
			offer, "subscribed /account\nsubscribed /account",
			`"subscribed" is already given on line 4: keep one of them`,
		},
		{
			offer, `after_payment`,
			"after_payment takes a URL and perhaps a duration: write `after_payment /account 24h`",
		},
		{
			offer, `after_payment /account 24h 1h`,
			"after_payment takes a URL and perhaps a duration",
		},
		{offer, `after_payment //account`, `after_payment: `},
		{
			offer, `after_payment /account soon`,
			`after_payment: "soon" is not a duration: write one such as 24h`,
		},
		{
			offer, `after_payment /account 0s`,
			`after_payment: "0s" is not a duration: write one such as 24h`,
		},
		{
			offer, "after_payment /account\nafter_payment /account",
			`"after_payment" is already given on line 4: keep one of them`,
		},
		{offer, `experiment {`, "experiment takes one name: write `experiment <name> {`"},
		{
			offer, "experiment a {\nvariant b 100%\n}\nexperiment c {\n}",
			`"experiment" is already given on line 4: keep one of them`,
		},
		{
			offer, "experiment a {\nvariant b",
			"variant takes a name and a weight: write `variant control 50%`",
		},
		{offer, `quote EUR 19.99`, `the amount comes first: write "quote 19.99 EUR"`},
		{
			offer, `one_time_price {http.checkout.claims.price} EUR 1.00 9.00`,
			"{http.checkout.claims.price} does not exist: after http.checkout. may stand " +
				"claim.<path>",
		},
		{offer, `additional_text "Hi {http.checkout.name}"`, "{http.checkout.name} does not exist"},
		{
			offer, "match {\nexpression {http.checkout.claims.plan} == \"free\"\n}",
			"match: {http.checkout.claims.plan} does not exist",
		},
		{
			offer, `after_payment /account?x={http.checkout.claim.}`,
			"{http.checkout.claim.} does not exist",
		},
		{
			offer, `quote 19.99 EUR 1 2`,
			"quote takes an amount and a currency: write `quote 19.99 EUR`",
		},
		{
			offer, `one_time_price`,
			"one_time_price takes an amount and a currency, and for a placeholder a least and a " +
				"greatest amount",
		},
		{
			offer, "one_time_price 1.00 EUR\none_time_price 2.00 EUR",
			`"one_time_price" is already given on line 4: keep one of them`,
		},
		{
			offer, `custom_parameter utm`,
			"custom_parameter takes a name and a value, not 1 words: write `custom_parameter " +
				"<name> <value>`",
		},
		{
			offer, "custom_parameter source a\ncustom_parameter source b",
			`custom_parameter "source" is written twice: keep one of them`,
		},

		{route, `jwt a b`, `jwt takes one name, or a block`},
		{route, "jwt a\njwt a", `"jwt" is already given on line 4: keep one of them`},
		{route, `identity`, "identity takes a placeholder and perhaps a kind: write `identity " +
			"{http.auth.user.id} email`"},
		{route, `identity {http.auth.user.id} name`, `identity: unknown kind "name"`},
		{
			route, "identity {http.auth.user.id}\nidentity {http.auth.user.id}",
			`"identity" is already given on line 4: keep one of them`,
		},
		{route, `fallback`, `fallback takes one value, not 0`},
		{route, `anonymous`, "anonymous takes a policy: write deny, redirect <url>, guest or next"},
		{
			route, `anonymous redirect /login?next={http.checkout.returnto}`,
			"{http.checkout.returnto} does not exist",
		},
		{route, `anonymous redir /login`, `anonymous: unknown policy "redir"`},
		{route, `anonymous deny /login`, `anonymous deny takes nothing more`},
		{route, `anonymous redirect //login`, `anonymous redirect: `},
		{
			route, "anonymous deny\nanonymous guest",
			`"anonymous" is already given on line 4: keep one of them`,
		},

		{page, "checkout_offer /plans pro {\nwarm 3\n}", `warm takes nothing more`},
		{
			page, "checkout_offer /plans pro {\nwarm\njwt default\nwarm\n}",
			`"warm" is already given on line`,
		},
		{
			page, "checkout_webhook hooks {\n}",
			"checkout_webhook takes no value but a matcher, and \"hooks\" is none: begin a path " +
				"with /",
		},
		{
			page, "checkout_link /upgrade a b {\nlink_id 1\n}",
			"campaign options in a block define one campaign, but 2 names are listed",
		},
		{
			page, "checkout_link /upgrade {\nlink_id {http.checkout.claim.plan}\n}",
			"a campaign whose link_id is a placeholder needs a name: write it before the {",
		},
	} {
		text := tt.before + tt.mistake + "\n"
		text += strings.Repeat("}\n",
			len(opened.FindAllString(text, -1))-len(closed.FindAllString(text, -1)))
		lines := strings.Count(tt.before, "\n") + 1 + strings.Count(tt.mistake, "\n")
		got := adapt(t, text)
		if !strings.Contains(got, tt.want) || !named(got, 4, lines) {
			t.Errorf("%s\nanswer: %s\nwant:   %s, and the line", text, got, tt.want)
		}
	}
}

// A secret behind the wrong option was printed whole by the error about that option.
func TestSecretBehindTheWrongOptionIsNotShown(t *testing.T) {
	setKeys(t)
	t.Setenv("OOPS", "correct-horse-battery-staple")
	const plain = "jwt {\nsecret {env.JWT_SECRET}\nfrom cookie session\n}"
	for _, options := range []string{
		"jwt {\nissuer {env.OOPS}\naudience any\nfrom cookie session\n}",
		"jwt {\njwks {env.OOPS}\naudience any\nfrom cookie session\n}",
		"jwt {\npublic_key {env.OOPS}\nfrom cookie session\n}",
		"link_hosts {env.OOPS}/_\n" + plain,
		"api_url {env.OOPS}\n" + plain,
	} {
		options += "\ncampaign pro {\nlink_id 1\n}"
		got := adapt(t, siteOf(options, "checkout_link /upgrade pro"))
		if strings.Contains(got, "horse") || strings.HasPrefix(got, "{") {
			t.Errorf("%s: %s", options, got)
		}
	}
}

var opened, closed = regexp.MustCompile(`(?m)\{$`), regexp.MustCompile(`(?m)^\}$`)

// named reports whether a message names one of the lines.
func named(message string, first, last int) bool {
	for n := first; n <= last; n++ {
		if strings.Contains(message, "Caddyfile:"+string(rune('0'+n))) {
			return true
		}
	}
	return false
}
