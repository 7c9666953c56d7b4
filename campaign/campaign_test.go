package campaign

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOfferOfPlainCampaign(t *testing.T) {
	c := sells(t, Overrides{
		LinkID:           "4711",
		OneTimePrice:     &Price{Amount: "19.90", Currency: "EUR"},
		PackageName:      "Pro, lifetime",
		AdditionalText:   "<b>Only</b> today",
		ProductImage:     "https://shop.example.com/pro.png?w=1&h=2",
		Package:          "77",
		Theme:            "horizontal",
		Layout:           "wide",
		Title:            "Title",
		Description:      "Description",
		ButtonText:       "Buy",
		Fields:           map[string]string{"quantity": "2", "alpha": "a"},
		Language:         "PT-br",
		CustomParameters: map[string]string{"partner": "acme", "a.b": "1", "a.c": "2"},
		MMP:              map[string]string{"appsflyer_id": "af"},
	})
	o := gets(t, c, shopper{})
	same(t, o, Offer{
		Reason: "STATIC", Bucket: -1, LinkID: "4711",
		Price: Price{Amount: "19.90", Currency: "EUR"}, Language: "pt_br",
		Fields: []Field{
			{"additionalText", "<b>Only</b> today"},
			{"alpha", "a"},
			{"buttonText", "Buy"},
			{"description", "Description"},
			{"layout", "wide"},
			{"packageId", "77"},
			{"packageName", "Pro, lifetime"},
			{"productImage", "https://shop.example.com/pro.png?w=1&h=2"},
			{"quantity", "2"},
			{"theme", "horizontal"},
			{"title", "Title"},
		},
		Parameters: []Field{{"a.b", "1"}, {"a.c", "2"}, {"mmp.appsflyer_id", "af"}, {"partner", "acme"}},
	})
	if o.Campaign != c {
		t.Error("the offer names another campaign")
	}
}

func TestOverrideByWord(t *testing.T) {
	c := sells(t, Overrides{
		LinkID:           "4711",
		OneTimePrice:     &Price{Amount: "19.90", Currency: "EUR"},
		PackageName:      "Pro",
		Fields:           map[string]string{"quantity": "2"},
		Language:         "tr",
		CustomParameters: map[string]string{"a.b": "1"},
		MMP:              map[string]string{"idfa": "x"},
	})
	o := gets(t, c, shopper{})
	for word, want := range map[string]string{
		"link_id": "4711", "one_time_price": "19.90 EUR", "package_name": "Pro", "language": "tr",
		"field.quantity": "2", "custom_parameter.a.b": "1", "mmp.idfa": "x",
		"custom_parameter.mmp.idfa": "x",
		"quote":                     "", "title": "", "field": "", "field.other": "", "package_name.x": "",
		"nonsense": "", "": "", "mmp.": "",
	} {
		if got, ok := o.Override(word); got != want || ok != (want != "") {
			t.Errorf("Override(%q) = %q, %v; want %q", word, got, ok, want)
		}
	}
	quoted := gets(t, sells(t, Overrides{Quote: &Price{Amount: "9", Currency: "TRY"}}), shopper{})
	if got, _ := quoted.Override("quote"); got != "9 TRY" {
		t.Errorf("quote = %q", got)
	}
}

func TestFirstActiveMatchingCampaignWins(t *testing.T) {
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	late := load(t, Config{Name: "late", From: at.Add(time.Nanosecond)})
	over := load(t, Config{Name: "over", Until: at})
	dead := load(t, Config{Name: "dead", Off: true})
	picky := load(t, Config{Name: "picky"})
	now := load(t, Config{Name: "now", From: at, Until: at.Add(time.Nanosecond)})
	always := load(t, Config{Name: "always"})

	for _, test := range []struct {
		list []*Campaign
		want int
	}{
		{[]*Campaign{late, over, dead, picky, now, always}, 4},
		{[]*Campaign{always, now}, 0},
		{[]*Campaign{late, over, dead, picky}, -1},
		{nil, -1},
	} {
		s := shopper{at: at, match: func(index int) (bool, error) {
			c := test.list[index]
			if c == late || c == over || c == dead {
				t.Errorf("campaign %s is not active, and yet asked whether it matches", c.Name())
			}
			return c != picky, nil
		}}
		d, err := Decide(test.list, s.user(), s, s.at)
		switch {
		case d.Index != test.want || len(d.Failed) > 0 || d.Steps != nil:
			t.Errorf("got %+v, %v; want campaign %d", d, err, test.want)
		case test.want < 0 && (err != ErrNone || d.Offer != nil):
			t.Errorf("nothing matches: %+v, %v", d, err)
		case test.want >= 0 && (err != nil || d.Offer.Campaign != test.list[test.want]):
			t.Errorf("campaign %d: %+v, %v", test.want, d.Offer, err)
		}
	}
}

func TestABadOfferSaysWhichCampaignItIs(t *testing.T) {
	picky, broken := load(t, Config{Name: "picky"}), sells(t, Overrides{LinkID: "{x}"})
	s := shopper{match: func(index int) (bool, error) { return index == 1, nil }}
	d, err := Decide([]*Campaign{picky, broken}, s.user(), s, s.at)
	var bad *Error
	if !errors.As(err, &bad) || bad.Index != 1 || bad.Campaign != broken || bad.Override != "link_id" || d.Index != 1 || d.Offer != nil {
		t.Errorf("got %+v, %v", d, err)
	}
	if errors.Unwrap(bad) != nil {
		t.Errorf("cause %v", errors.Unwrap(bad))
	}
}

func TestStates(t *testing.T) {
	from := time.Date(2026, 11, 27, 0, 0, 0, 0, time.FixedZone("CET", 3600))
	until := from.Add(time.Hour)
	sale := Config{From: from, Until: until}
	dead := Config{From: from, Until: until, Off: true}
	for _, test := range []struct {
		cfg       Config
		at        time.Time
		want      string
		scheduled bool
	}{
		{Config{}, time.Time{}, "active", false},
		{sale, from.Add(-1), "scheduled", true},
		{sale, from.UTC(), "active", true},
		{sale, until.Add(-1), "active", true},
		{sale, until.UTC(), "ended", true},
		{dead, from, "off", true},
		{Config{Off: true}, from, "off", true},
		{Config{From: from}, until.AddDate(100, 0, 0), "active", true},
		{Config{Until: until}, from.AddDate(-100, 0, 0), "active", true},
	} {
		c := load(t, test.cfg)
		if got := c.State(test.at); got != test.want || c.Scheduled() != test.scheduled {
			t.Errorf("state of %+v at %v = %s, scheduled %v; want %s, %v",
				test.cfg, test.at, got, c.Scheduled(), test.want, test.scheduled)
		}
	}
}

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

func TestEmbedderBringsItsOwnTemplates(t *testing.T) {
	dollar := func(text string) ([]Part, error) {
		if key, ok := strings.CutPrefix(text, "$"); ok {
			return []Part{{Key: key}}, nil
		}
		return []Part{{Literal: text}}, nil
	}
	c, err := New(Config{Name: "pro", Overrides: Overrides{LinkID: "1", PackageName: "$x", Title: "{x}"}}, Options{ParseTemplate: dollar})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Field{{"packageName", "value"}, {"title", "{x}"}}, gets(t, c, sends("x", "value")).Fields); diff != "" {
		t.Error(diff)
	}
}

// TestWithoutAParserABraceIsAnError: a shopper would read what was meant to be filled in.
func TestWithoutAParserABraceIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"Pro":       "",
		"Hi {name}": `campaign pro: title: has a brace, but nothing reads placeholders here: set Options.ParseTemplate`,
		"Hi }":      `campaign pro: title: has a brace, but nothing reads placeholders here: set Options.ParseTemplate`,
	} {
		_, err := New(Config{Name: "pro", Overrides: Overrides{LinkID: "1", Title: text}}, Options{})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("title %q: %v, want %s", text, err, want)
		}
	}
}
