package campaign

import (
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
		Fields:     []field{{"a", "1"}, {"b", "1"}, {"packageName", "Pro"}, {"title", "Title"}},
		Parameters: []field{{"a", "1"}, {"b", "1"}, {"c", "1"}},
	})
	same(t, forced(t, c, "other"), Offer{
		Experiment: "e", Variant: "other", Reason: "STATIC", Bucket: -1,
		LinkID: "9", Price: Price{Amount: "14.99", Currency: "USD"}, Language: "tr",
		Fields:     []field{{"a", "1"}, {"b", "2"}, {"c", "2"}, {"packageName", "Cheap"}, {"title", "Title"}},
		Parameters: []field{{"a", "1"}, {"b", "2"}, {"d", "2"}, {"mmp.idfa", "2"}},
	})
	if cfg := c.Config(); len(cfg.Fields) != 2 || len(cfg.CustomParameters) != 3 {
		t.Errorf("merging wrote into the configuration: %+v", cfg.Overrides)
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
