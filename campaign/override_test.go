package campaign

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOverridesInDocumentedOrder(t *testing.T) {
	want := []string{
		"link_id", "one_time_price", "quote", "package_name", "additional_text", "product_image",
		"package", "theme", "layout",
		"title", "description", "button_text", "field", "language", "custom_parameter", "mmp",
	}
	if diff := cmp.Diff(want, allOverrides()); diff != "" {
		t.Errorf("overrides (-want +got):\n%s", diff)
	}
}

func allOverrides() []string {
	var names []string
	for i := range overrides {
		names = append(names, overrides[i].name)
	}
	return names
}

// saying is a set of overrides in which one has a value.
func saying(name, value string) Overrides {
	var o Overrides
	ov := overrideNamed(name)
	switch {
	case ov.text != nil:
		*ov.text(&o) = value
	case ov.price != nil:
		*ov.price(&o) = &Price{Amount: value, Currency: "EUR", Min: "1", Max: "99"}
	default:
		*ov.entries(&o) = map[string]string{"key": value}
	}
	return o
}

// TestTrust holds every name against every kind of placeholder: what a visitor can write reaches no
// trusted field, neither at load nor at a request.
func TestTrust(t *testing.T) {
	served := []string{
		"env.X", "file./run/x", "time.now", "system.hostname", "http.auth.user.plan",
		"http.reverse_proxy.header.X",
		"http.checkout.claim.plan",
	}
	visitors := []string{
		"query.x", "http.request.uri.query.x", "http.request.header.X", "http.request.cookie.x",
		"http.request.uri.path.1", "path.1",
		"http.request.body", "http.request.host", "client_ip", "http.vars.x", "http.regexp.x.1",
		"http.request.tls.client.subject",
		"http.checkout.claim.name", "http.error.message", "ENV.X", " env.X",
	}
	trust := func(key string) bool { return slices.Contains(served, key) }
	whole := func(text string) ([]Part, error) {
		if key, ok := strings.CutPrefix(text, "{"); ok {
			return []Part{{Key: strings.TrimSuffix(key, "}")}}, nil
		}
		return []Part{{Literal: text}}, nil
	}
	trustedOnes := []string{
		"link_id", "one_time_price", "quote", "product_image", "package", "theme", "layout",
		"field",
	}

	for _, name := range allOverrides() {
		for _, key := range append(served, visitors...) {
			o := saying(name, "{"+key+"}")
			if name != "link_id" {
				o.LinkID = "1"
			}
			c, err := New(Config{Name: "pro", Overrides: o}, Options{ParseTemplate: whole})
			if err != nil {
				t.Fatal(err)
			}
			refused := slices.Contains(trustedOnes, name) && !trust(key)
			err = c.Untrusted(trust)
			if (err != nil) != refused {
				t.Errorf("%s {%s}: Untrusted = %v", name, key, err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "campaign pro: "+name) || err != nil && !strings.Contains(err.Error(), "{"+key+"}: allowed are {env.*}") {
				t.Errorf("the error does not name override, placeholder and fix: %v", err)
			}

			v := sends(key, "7")
			v.distrust = key
			offer, err := decide([]*Campaign{c}, v)
			switch {
			case !slices.Contains(trustedOnes, name):
			case name == "link_id" || name == "one_time_price":
				if err == nil {
					t.Errorf("%s {%s}: an untrusted value was used: %+v", name, key, offer)
				}
			case err != nil || !slices.Equal(offer.Dropped, []string{name}):
				t.Errorf("%s {%s}: an untrusted value was not dropped: %+v, %v",
					name, key, offer, err)
			}
		}
	}
}

func TestUntrustedNamesTheVariant(t *testing.T) {
	c := load(t, Config{Experiment: fifty(Overrides{}, Overrides{Fields: map[string]string{"quantity": "{query.n}"}})})
	err := c.Untrusted(func(string) bool { return false })
	const want = "campaign pro: variant other: field quantity: a visitor could write {query.n}: allowed are {env.*}, "
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s…", err, want)
	}
}

func TestUntrustedWithoutACampaign(t *testing.T) {
	no := func(string) bool { return false }
	if err := (Overrides{Theme: "{query.x}"}).Untrusted(Options{ParseTemplate: parse}, no); err == nil || !strings.HasPrefix(err.Error(), "theme: a visitor could write {query.x}: allowed are ") {
		t.Errorf("a theme from the query: %v", err)
	}
	if err := (Overrides{Title: "{query.x}", Theme: "dark"}).Untrusted(Options{ParseTemplate: parse}, no); err != nil {
		t.Errorf("a title from the query: %v", err)
	}
	if err := (Overrides{Theme: "{"}).Untrusted(Options{ParseTemplate: parse}, no); err == nil {
		t.Error("a malformed placeholder is no error")
	}
}

func TestMissingValuesAreLeftOut(t *testing.T) {
	names := slices.DeleteFunc(allOverrides(), func(name string) bool {
		return name == "link_id" || name == "one_time_price"
	})
	for _, name := range names {
		o := saying(name, "{x}")
		if name == "package_name" {
			o = saying(name, "Hello {x}") // not "Hello " alone
		}
		if name != "button_text" {
			o.ButtonText = "Buy"
		}
		c := sells(t, o)
		for state, s := range map[string]shopper{
			"missing": {}, "empty": sends("x", ""), "blank": sends("x", " \t"),
			"mistrusted": {distrust: "x"},
		} {
			got := gets(t, c, s)
			if !slices.Equal(got.Dropped, []string{name}) {
				t.Errorf("%s with a value that is %s: dropped %q", name, state, got.Dropped)
			}
			if v, ok := got.Override("button_text"); name != "button_text" && !ok {
				t.Errorf("%s with a value that is %s takes the rest of the offer along: %q",
					name, state, v)
			}
			if len(got.Fields) > 1 || len(got.Parameters) > 0 || got.Quote != (Price{}) || got.Language != "" {
				t.Errorf("%s with a value that is %s: %+v", name, state, got)
			}
		}
	}
}

func TestUnusableValuesAreLeftOut(t *testing.T) {
	for _, test := range []struct{ name, value string }{
		{"quote", "1e2"},
		{"quote", "100"},
		{"product_image", "javascript:alert(1)"},
		{"product_image", "//shop.example.com/a.png"},
		{"product_image", "https://user@shop.example.com/a.png"},
		{"product_image", "https:///a.png"},
		{"product_image", `https://shop.example.com/a.png" onerror="x`},
		{"product_image", "https://shop.example.com/é.png"},
		{"product_image", "https://shop.example.com/a b.png"},
		{"product_image", "https://shop.example.com/" + strings.Repeat("a", 2048)},
		{"package", "a\x00b"},
		{"theme", "a\u0085b"},
		{"layout", "\xff"},
		{"field", strings.Repeat("x", 2049)},
		{"language", "fr"},
		{"language", "not a language at all"},
		{"package_name", "<>"},
		{"title", "\u202e\u202e"},
		{"custom_parameter", strings.Repeat("x", 257)},
		{"custom_parameter", "a\nb"},
		{"mmp", "\xff"},
	} {
		got := gets(t, sells(t, saying(test.name, "{x}")), sends("x", test.value))
		if !slices.Equal(got.Dropped, []string{test.name}) || len(got.Fields)+len(got.Parameters) > 0 || got.Quote != (Price{}) || got.Language != "" {
			t.Errorf("%s %q: %+v", test.name, test.value, got)
		}
	}
}

func TestUnusableLinkIDIsABadOffer(t *testing.T) {
	c := sells(t, Overrides{LinkID: "{x}"})
	if o := gets(t, c, sends("x", "4711")); o.LinkID != "4711" {
		t.Errorf("link id = %q", o.LinkID)
	}
	for name, v := range map[string]shopper{
		"missing": {}, "empty": sends("x", ""), "odd": sends("x", "47 11"),
		"long": sends("x", strings.Repeat("1", 65)), "mistrusted": {distrust: "x"},
	} {
		bad := getsBad(t, c, v)
		if bad.Campaign != c || bad.Override != "link_id" || strings.Contains(bad.Error(), "47 11") {
			t.Errorf("%s: %v", name, bad)
		}
	}
}

func TestValuesAreNeverExpandedAgain(t *testing.T) {
	v := sends("x", "{secret}", "secret", "S3CRET", "env.KEY", "S3CRET")
	for _, name := range []string{
		"package_name", "additional_text", "title", "theme", "field", "custom_parameter", "mmp",
	} {
		o := gets(t, sells(t, saying(name, "{x} {x}")), v)
		all := append(slices.Clone(o.Fields), o.Parameters...)
		if len(all) != 1 || all[0].Value != "{secret} {secret}" {
			t.Errorf("%s: %+v", name, all)
		}
	}
	// A value that completes what the operator began is no placeholder either.
	o := gets(t, sells(t, Overrides{Title: `\{secret{x}`}), sends("x", "}", "secret", "S3CRET"))
	if o.Fields[0].Value != "{secret}" {
		t.Errorf("title = %q", o.Fields[0].Value)
	}
}

func TestTextsAreCutAtTheirLimit(t *testing.T) {
	for name, limit := range map[string]int{
		"package_name": 100, "additional_text": 250, "title": 250, "description": 250,
		"button_text": 250,
	} {
		for _, value := range []string{strings.Repeat("é", 300), "{x}", "ab{x}"} {
			o := gets(t, sells(t, saying(name, value)), sends("x", strings.Repeat("é", 70_000)))
			if got := []rune(o.Fields[0].Value); len(got) != limit {
				t.Errorf("%s %q: %d characters", name, value, len(got))
			}
		}
	}
}

func TestVariantBeatsCampaign(t *testing.T) {
	c := load(t, Config{
		Overrides: Overrides{
			OneTimePrice: &Price{Amount: "19.99", Currency: "EUR"}, PackageName: "Pro",
			Title: "Title", Language: "en",
			Fields:           map[string]string{"a": "1", "b": "1"},
			CustomParameters: map[string]string{"a": "1", "b": "1", "c": "1"},
		},
		Experiment: fifty(Overrides{}, Overrides{
			LinkID: "9", OneTimePrice: &Price{Amount: "14.99", Currency: "USD"},
			PackageName: "Cheap", Language: "tr",
			Fields:           map[string]string{"b": "2", "c": "2"},
			CustomParameters: map[string]string{"b": "2", "c": "", "d": "2"},
			MMP:              map[string]string{"idfa": "2"},
		}),
	})
	same(t, forced(t, c, "control"), Offer{
		Experiment: "e", Variant: "control", Reason: "STATIC", Bucket: -1,
		LinkID: "123", Price: Price{Amount: "19.99", Currency: "EUR"}, Language: "en",
		Fields:     []Field{{"a", "1"}, {"b", "1"}, {"packageName", "Pro"}, {"title", "Title"}},
		Parameters: []Field{{"a", "1"}, {"b", "1"}, {"c", "1"}},
	})
	same(t, forced(t, c, "other"), Offer{
		Experiment: "e", Variant: "other", Reason: "STATIC", Bucket: -1,
		LinkID: "9", Price: Price{Amount: "14.99", Currency: "USD"}, Language: "tr",
		Fields:     []Field{{"a", "1"}, {"b", "2"}, {"c", "2"}, {"packageName", "Cheap"}, {"title", "Title"}},
		Parameters: []Field{{"a", "1"}, {"b", "2"}, {"d", "2"}, {"mmp.idfa", "2"}},
	})
	if cfg := c.Config(); len(cfg.Fields) != 2 || len(cfg.CustomParameters) != 3 {
		t.Errorf("merging wrote into the configuration: %+v", cfg.Overrides)
	}
}

func TestParametersTogetherStayWithinLimits(t *testing.T) {
	o := Overrides{CustomParameters: many(4, 256)} // 4 × (5 + 256) = 1044 bytes
	maps.Copy(o.CustomParameters, map[string]string{"a": "{x}", "z": "{y}", "zz": "{z}"})
	c := sells(t, o)

	got := gets(t, c, sends("x", strings.Repeat("é", 256), "y", strings.Repeat("é", 256), "z", "fits"))
	if !slices.Equal(got.Dropped, []string{"custom_parameter"}) {
		t.Errorf("dropped %q", got.Dropped)
	}
	for i, want := range []string{"a", "key00", "key01", "key02", "key03", "zz"} {
		if got.Parameters[i].Name != want {
			t.Errorf("parameter %d is %s, want %s", i, got.Parameters[i].Name, want)
		}
	}
	size := 0
	for _, p := range got.Parameters {
		size += len(p.Name) + len(p.Value)
	}
	if size > 2048 {
		t.Errorf("%d bytes of parameters", size)
	}
}

func TestParametersFillTheirRoomToTheByte(t *testing.T) {
	o := Overrides{CustomParameters: many(7, 256)} // 7 × (5 + 256) = 1827 bytes
	o.CustomParameters["x"] = "{x}"
	c := sells(t, o)
	for length, dropped := range map[int]int{220: 0, 221: 1} {
		x := strings.Repeat("x", length)
		if got := gets(t, c, sends("x", x)); len(got.Dropped) != dropped {
			t.Errorf("%d bytes in all: dropped %q", 1827+1+length, got.Dropped)
		}
	}
}

func TestLanguageFromAVisitorIsMatched(t *testing.T) {
	c := sells(t, Overrides{Language: "{locale}"})
	for value, want := range map[string]string{
		"pt-BR": "pt_br", "de_AT": "de", "TR": "tr", "fr, de;q=0.5": "de",
	} {
		if o := gets(t, c, sends("locale", value)); o.Language != want {
			t.Errorf("language %q = %q, want %q", value, o.Language, want)
		}
	}
}
