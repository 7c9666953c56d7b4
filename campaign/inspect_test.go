package campaign

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWarnings(t *testing.T) {
	c := load(t, Config{
		Overrides: Overrides{
			Quote: &Price{Amount: "9.99", Currency: "EUR"}, Theme: "dark",
			Fields:      map[string]string{"quantity": "2"},
			PackageName: strings.Repeat("n", 101),
		},
		Experiment: &ExperimentConfig{Key: "e", Variants: []VariantConfig{
			{Name: "control", Weight: "40%"},
			{Name: "own", Weight: "30%", Overrides: Overrides{LinkID: "9", Title: "T"}},
			{Name: "quoted", Weight: "30%", Overrides: Overrides{LinkID: "9", Quote: &Price{Amount: "5", Currency: "EUR"}}},
		}},
	})
	const guess = " is not in Zotlo's published reference and may have no effect; the sure way is a second base link, with its link_id in a variant"
	want := []string{
		"campaign pro: package_name is longer than 100 characters and is cut there",
		"campaign pro: field quantity" + guess,
		"campaign pro: theme" + guess,
		"campaign pro: variant own: title" + guess,
		"campaign pro: variant own: quote 9.99 EUR is the campaign's, but link_id 9 is another: write the quote of its package in the variant",
	}
	if diff := cmp.Diff(want, c.Warnings()); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if got := sells(t, Overrides{PackageName: "Pro"}).Warnings(); len(got) != 0 {
		t.Errorf("a plain campaign warns: %q", got)
	}
}

func TestPlaceholders(t *testing.T) {
	c := load(t, Config{
		Overrides: Overrides{PackageName: "{b} {a}", CustomParameters: map[string]string{"k": "{a}", "l": `\{no}`}},
		Experiment: &ExperimentConfig{Key: "e", Variants: []VariantConfig{
			{Name: "control", Weight: "50%"},
			{Name: "own", Weight: "50%", Overrides: Overrides{OneTimePrice: &Price{Amount: "{c}", Currency: "EUR", Min: "1", Max: "2"}}},
		}},
	})
	if diff := cmp.Diff([]string{"a", "b", "c"}, c.Placeholders()); diff != "" {
		t.Errorf("placeholders (-want +got):\n%s", diff)
	}
	if got := sells(t, Overrides{}).Placeholders(); len(got) != 0 {
		t.Errorf("a campaign without placeholders has %q", got)
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
