package campaign

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConfigSurvivesJSON(t *testing.T) {
	const text = `{"name":"bf","link_id":"4711","one_time_price":{"amount":"{x}","currency":"EUR","min":"1","max":"9"},` +
		`"package_name":"Pro","field":{"quantity":"2"},"custom_parameter":{"a.b":"{y}"},"mmp":{"idfa":"{z}"},` +
		`"from":"2026-11-27T00:00:00+01:00","until":"2026-12-01T00:00:00+01:00","off":true,` +
		`"experiment":{"key":"e","coverage":"80%","variant":[{"name":"control","weight":"50%"},{"name":"b","weight":"50%","title":"T"}]}}`
	var cfg Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		t.Fatal(err)
	}
	back, err := json.Marshal(load(t, cfg).Config())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(back)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	if back, _ := json.Marshal(Config{}); string(back) != "{}" {
		t.Errorf("an empty Config is %s", back)
	}
}

// fifty is an experiment of two halves.
func fifty(control, other Overrides) *ExperimentConfig {
	return &ExperimentConfig{Key: "e", Variants: []VariantConfig{
		{Name: "control", Weight: "50%", Overrides: control},
		{Name: "other", Weight: "50%", Overrides: other},
	}}
}

// weights is an experiment whose variants a, b, c … have these weights.
func weights(list ...string) *ExperimentConfig {
	e := &ExperimentConfig{Key: "e"}
	for i, w := range list {
		e.Variants = append(e.Variants, VariantConfig{Name: string(rune('a' + i)), Weight: w})
	}
	return e
}

// many are n parameters whose values have the given length.
func many(n, length int) map[string]string {
	m := make(map[string]string)
	for i := range n {
		m[fmt.Sprintf("key%02d", i)] = strings.Repeat("v", length)
	}
	return m
}

func TestConfigErrors(t *testing.T) {
	day := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	price := func(amount, currency, low, high string) Config {
		return Config{Overrides: Overrides{OneTimePrice: &Price{amount, currency, low, high}}}
	}
	field := func(name, value string) Config {
		return Config{Overrides: Overrides{Fields: map[string]string{name: value}}}
	}
	parameter := func(pairs ...string) Config {
		return Config{Overrides: Overrides{CustomParameters: sends(pairs...).values}}
	}
	experiment := func(e ExperimentConfig) Config { return Config{Experiment: &e} }

	for _, test := range []struct {
		cfg  Config
		want string // after "campaign pro: "
	}{
		{Config{From: day, Until: day}, "until 2026-11-27T00:00:00Z is not after from 2026-11-27T00:00:00Z: write the later instant as until"},

		{
			Config{Overrides: Overrides{LinkID: "a b"}},
			`link_id: "a b" must be 1 to 64 of A-Z a-z 0-9 _ -`,
		},
		{Config{Overrides: Overrides{LinkID: strings.Repeat("1", 65)}}, `link_id: "` + strings.Repeat("1", 64) + `" must be 1 to 64 of A-Z a-z 0-9 _ -`},
		{
			Config{Overrides: Overrides{LinkID: "{x"}},
			`link_id: placeholder is not closed; write \{ for a brace`,
		},

		{
			price("", "EUR", "", ""),
			`one_time_price: amount missing: write "one_time_price 19.99 EUR"`,
		},
		{
			price("19.99", "", "", ""),
			`one_time_price: currency missing: write "one_time_price 19.99 EUR"`,
		},
		{
			price("{x}", "", "", ""),
			`one_time_price: currency missing: write "one_time_price {x} EUR 1.00 99.00"`,
		},
		{
			price("{x}", "{y}", "1", "2"),
			`one_time_price: currency {y} is a placeholder: write the code itself, as in` +
				` "one_time_price {x} EUR 1.00 99.00"`,
		},
		{
			price("5", "eur", "", ""),
			`one_time_price: currency "eur" is no current ISO 4217 code: write three upper-case` +
				` letters, as in "one_time_price 5 EUR"`,
		},
		{
			price("{x}", "EUR", "", ""),
			`one_time_price: amount {x} is a placeholder and needs MIN and MAX: write` +
				` "one_time_price {x} EUR 1.00 99.00"`,
		},
		{
			price("{x}", "EUR", "1", ""),
			`one_time_price: amount {x} is a placeholder and needs MIN and MAX: write` +
				` "one_time_price {x} EUR 1.00 99.00"`,
		},
		{
			price("5", "EUR", "1", "9"),
			`one_time_price: MIN and MAX are for an amount that is a placeholder: write` +
				` "one_time_price 5 EUR"`,
		},
		{
			price("{x}", "EUR", "9", "1"),
			`one_time_price: MIN 9 is above MAX 1: write the smaller one first`,
		},
		{
			price("{x}", "EUR", "{a}", "1"),
			`one_time_price: MIN "{a}" must be a decimal number above zero with at most 9 digits` +
				` before and 2 after the point, such as 19.99`,
		},
		{
			price("{x}", "EUR", "1", "1.999"),
			`one_time_price: MAX "1.999" must be a decimal number above zero with at most 9` +
				` digits before and 2 after the point, such as 19.99`,
		},
		{
			price("1.999", "EUR", "", ""),
			`one_time_price: "1.999" must be a decimal number above zero with at most 9 digits` +
				` before and 2 after the point, such as 19.99`,
		},
		{
			price("{x", "EUR", "", ""),
			`one_time_price: placeholder is not closed; write \{ for a brace`,
		},
		{
			Config{Overrides: Overrides{Quote: &Price{Amount: "{x}"}}},
			`quote: currency missing: write "quote {x} EUR"`,
		},
		{
			Config{Overrides: Overrides{Quote: &Price{Amount: "5"}}},
			`quote: currency missing: write "quote 5 EUR"`,
		},
		{
			Config{Overrides: Overrides{Quote: &Price{Amount: "5", Currency: "EUR"}, OneTimePrice: &Price{Amount: "5", Currency: "EUR"}}},
			`quote beside one_time_price: a quote is the price of the base link's package, which` +
				` one_time_price replaces; write one of them`,
		},
		{
			Config{Overrides: Overrides{Quote: &Price{Amount: "5", Currency: "EUR"}}, Experiment: fifty(Overrides{}, Overrides{OneTimePrice: &Price{Amount: "5", Currency: "EUR"}})},
			`variant other, with the campaign's own overrides: quote beside one_time_price: a` +
				` quote is the price of the base link's package, which one_time_price replaces;` +
				` write one of them`,
		},

		{
			Config{Overrides: Overrides{PackageName: "a\xff"}},
			`package_name: "a\xff" must be valid UTF-8`,
		},
		{
			Config{Overrides: Overrides{Title: "a\xff {x}"}},
			`title: "a\xff {x}" must be valid UTF-8`,
		},
		{
			Config{Overrides: Overrides{Theme: "a\nb"}},
			`theme: "a\nb" must hold no control characters`,
		},
		{Config{Overrides: Overrides{Package: strings.Repeat("é", 251)}}, `package: "` + strings.Repeat("é", 64) + `" must be at most 250 characters`},
		{
			Config{Overrides: Overrides{ProductImage: "http://shop.example.com/a.png"}},
			`product_image: "http://shop.example.com/a.png" must be an absolute https URL of` +
				` printable ASCII, percent-encoded and without user info, such as` +
				` https://shop.example.com/pro.png`,
		},
		{
			Config{Overrides: Overrides{Language: "fr"}},
			`language: "fr" must be one of the languages: en tr de pt_br`,
		},
		{
			Config{Overrides: Overrides{Language: "en-GB"}},
			`language: "en-GB" must be one of the languages: en tr de pt_br`,
		},

		{
			field("1st", "x"),
			`field: name "1st" must be a letter and up to 63 letters, digits and underscores`,
		},
		{
			field("a.b", "x"),
			`field: name "a.b" must be a letter and up to 63 letters, digits and underscores`,
		},
		{
			field("_a", "x"),
			`field: name "_a" must be a letter and up to 63 letters, digits and underscores`,
		},
		{
			field("customprice", "x"),
			`field: customprice has an option of its own: write one_time_price`,
		},
		{field("packageId", "x"), `field: packageId has an option of its own: write package`},
		{
			field("ApplicationKey", "x"),
			`field: ApplicationKey is set for every link and cannot be overridden: remove it`,
		},
		{field("ok", strings.Repeat("x", 2049)), `field ok: "` + strings.Repeat("x", 64) + `" must be at most 2048 characters`},

		{
			parameter("checkout", "x"),
			`custom_parameter: key checkout: checkout is reserved for the attribution of` +
				` payments: choose another name`,
		},
		{
			parameter("Checkout.c", "x"),
			`custom_parameter: key Checkout.c: checkout is reserved for the attribution of` +
				` payments: choose another name`,
		},
		{
			parameter("utm.source", "x"),
			`custom_parameter: key utm.source: utm is reserved by Zotlo: choose another name`,
		},
		{
			parameter("mmp", "x"),
			`custom_parameter: key mmp holds the ids of attribution partners: write "mmp KEY` +
				` VALUE"`,
		},
		{
			parameter("a..b", "x"),
			`custom_parameter: key "a..b" must be names of A-Z a-z 0-9 _ - with dots between` +
				` them, each of at most 64 characters`,
		},
		{
			parameter("{x}", "x"),
			`custom_parameter: key "{x}" must be names of A-Z a-z 0-9 _ - with dots between them,` +
				` each of at most 64 characters`,
		},
		{
			parameter(strings.Repeat("abc.", 70)+"d", "x"),
			`custom_parameter: key of 281 characters is too long: write at most 256`,
		},
		{
			parameter("a", "1", "a.b", "2"),
			`custom_parameter a and a.b cannot both be set: the first would be a value and an` +
				` object at once; rename one of them`,
		},
		{parameter("k", strings.Repeat("x", 257)), `custom_parameter k: "` + strings.Repeat("x", 64) + `" must be at most 256 characters`},
		{
			Config{Overrides: Overrides{CustomParameters: many(33, 1)}},
			`custom_parameter and mmp: 33 keys are too many: write at most 32`,
		},
		{
			Config{Overrides: Overrides{CustomParameters: many(10, 200)}},
			`custom_parameter and mmp: keys and values of 2050 bytes are too much: write at most` +
				` 2048 bytes in all`,
		},
		{
			Config{Overrides: Overrides{MMP: map[string]string{"": "x"}}},
			`mmp: key "" must be names of A-Z a-z 0-9 _ - with dots between them, each of at most` +
				` 64 characters`,
		},
		{
			Config{Overrides: Overrides{MMP: map[string]string{"idfa": "x"}, CustomParameters: map[string]string{"mmp.idfa": "x"}}},
			`custom_parameter mmp.idfa and mmp idfa are the same key: write one of them`,
		},
		{
			Config{
				Overrides:  Overrides{CustomParameters: map[string]string{"a": "1"}},
				Experiment: fifty(Overrides{}, Overrides{CustomParameters: map[string]string{"a.b": "2"}}),
			},
			`variant other, with the campaign's own overrides: custom_parameter a and a.b cannot` +
				` both be set: the first would be a value and an object at once; rename one of` +
				` them`,
		},

		{
			experiment(ExperimentConfig{Key: "a b"}),
			`experiment "a b": key must be 1 to 64 of A-Z a-z 0-9 . _ -`,
		},
		{
			experiment(ExperimentConfig{Key: "e"}),
			`experiment e: variants missing: write "variant control 50%" and "variant other 50% {` +
				` … }"`,
		},
		{
			Config{Experiment: weights("50%", "49.99%")},
			`experiment e: weights sum to 99.99%: change them so that they sum to 100%`,
		},
		{
			Config{Experiment: weights("100%", "50.5%")},
			`experiment e: weights sum to 150.5%: change them so that they sum to 100%`,
		},
		{
			Config{Experiment: weights("50%", "50")},
			`experiment e: variant b: weight: "50" must be a percentage from 0% to 100% with at` +
				` most two decimals, such as 33.34%`,
		},
		{
			Config{Experiment: weights("50%", "")},
			`experiment e: variant b: weight missing: write "variant b 50%"`,
		},
		{
			experiment(ExperimentConfig{Key: "e", Coverage: "101%", Variants: weights("100%").Variants}),
			`experiment e: coverage: "101%" must be a percentage from 0% to 100% with at most two` +
				` decimals, such as 33.34%`,
		},
		{
			experiment(ExperimentConfig{Key: "e", Seed: "{x}"}),
			`experiment e: seed {x}: a seed is the same for all users: write a constant`,
		},
		{
			experiment(ExperimentConfig{Key: "e", HashAttribute: "{x}"}),
			`experiment e: hash_attribute {x}: write the path of a claim without braces, such as` +
				` "hash_attribute sub"`,
		},
		{
			experiment(ExperimentConfig{Key: "e", Variants: []VariantConfig{{Name: "a", Weight: "50%"}, {Name: "a", Weight: "50%"}}}),
			`experiment e: variant a: there are two of this name: rename one of them`,
		},
		{
			experiment(ExperimentConfig{Key: "e", Variants: []VariantConfig{{Weight: "50%"}}}),
			`experiment e: variant "": name must be 1 to 64 of A-Z a-z 0-9 . _ -`,
		},
		{
			Config{Experiment: fifty(Overrides{}, Overrides{Language: "fr"})},
			`variant other: language: "fr" must be one of the languages: en tr de pt_br`,
		},
	} {
		_, err := New(complete(test.cfg), options(t))
		if want := "campaign pro: " + test.want; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestLinkIDIsRequired(t *testing.T) {
	link := Overrides{LinkID: "9"}
	partly := fifty(link, link)
	partly.Coverage = "99.99%"
	for _, test := range []struct {
		experiment *ExperimentConfig
		want       string
	}{
		{
			nil,
			`campaign pro: link_id missing: write "link_id 123" with the id of a checkout link` +
				` from the Zotlo Dashboard; one that only checkout_embed sells needs package in its place`,
		},
		{
			fifty(link, Overrides{}),
			`campaign pro: link_id missing: write it in the campaign, or in every variant: other` +
				` has none`,
		},
		{
			partly,
			`campaign pro: link_id missing: with coverage 99.99% some users get no variant: write` +
				` it in the campaign`,
		},
	} {
		_, err := New(Config{Name: "pro", Experiment: test.experiment}, Options{})
		if err == nil || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
	c, err := New(Config{Name: "pro", Experiment: fifty(link, link)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if o := gets(t, c, shopper{}); o.LinkID != "9" || o.Variant != "control" {
		t.Errorf("an anonymous visitor got %+v", o)
	}
}

func TestNames(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "Black-Friday_2026.v1": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "a/b": false, "é": false,
		"a\n": false, "{x}": false,
	} {
		_, err := New(Config{Name: name, Overrides: Overrides{LinkID: "1"}}, Options{})
		if (err == nil) != good {
			t.Errorf("campaign name %q: %v", name, err)
		}
		if !good && !strings.Contains(fmt.Sprint(err), "name must be 1 to 64 of A-Z a-z 0-9 . _ -") {
			t.Errorf("campaign name %q: the error says no fix: %v", name, err)
		}
	}
}

func TestCheckNeedsNoWholeCampaign(t *testing.T) {
	for _, o := range []Overrides{{}, {PackageName: "Pro {x}"}, {LinkID: "1"}, {Language: "EN"}} {
		if err := o.Check(Options{ParseTemplate: parse}); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if err := (Overrides{Language: "tr"}).Check(Options{}); err == nil || err.Error() != `language: "tr" must be one of the languages: en` {
		t.Errorf("unknown language: %v", err)
	}
}
