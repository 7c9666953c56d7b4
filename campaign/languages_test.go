package campaign

import (
	"slices"
	"strings"
	"testing"
)

func TestLanguagesMatch(t *testing.T) {
	l := languages(t, "en", "TR", "de", "pt-BR", "zh_hant")
	if l.String() != "en tr de pt_br zh_hant" {
		t.Errorf("languages = %s", l)
	}
	for _, test := range []struct {
		want        string
		preferences []string
	}{
		{"en", nil},
		{"en", []string{"", ""}},
		{"tr", []string{"tr"}},
		{"tr", []string{"TR"}},
		{"tr", []string{"tr-TR,tr;q=0.9,en-US;q=0.8,en;q=0.7"}},
		{"pt_br", []string{"pt-BR"}},
		{"pt_br", []string{"pt_br"}},
		{"pt_br", []string{"pt_BR"}},
		{"pt_br", []string{"pt"}},
		{"zh_hant", []string{"zh-TW"}},
		{"de", []string{"de-AT"}},
		{"de", []string{"fr;q=0.1, de;q=0.9, tr;q=0.5"}},
		{"de", []string{"fr, de;q=0.5"}},
		{"de", []string{"fr", "de"}},
		{"tr", []string{"tr", "de"}},
		{"de", []string{"tr;q=0, de;q=0.1"}},
		{"de", []string{"tr;q=0.1, en;q=0.2, de;q=0.9"}},
		{"en", []string{"tr;q=0"}},
		{"de", []string{"tr;q=0.0", "de"}},
		{"de", []string{"!!, de"}},
		{"de", []string{"tr;q=high, tr;q=2, tr;q=-1, tr;q=NaN, tr;x=1, de;q=0.1"}},
		{"de", []string{"de; Q = 0.5"}},
		{"en", []string{"*"}},
		{"en", []string{"fr,ja"}},
		{"en", []string{"xx-DE"}},
		{"tr", []string{"tr;q=NaN, de;q=2, tr;q=1.0"}},
		{"de", []string{"tr;q=0.5;x=1, de;Q=0.1"}},
		{"de", []string{"tr_, de"}},
		{"de", []string{",, ,de,,"}},
		{"de", []string{"de-u-co-phonebk-x-" + strings.Repeat("a", 8)}},
		{"tr", []string{"tr-x" + strings.Repeat("-abcdefgh", 20)}},
	} {
		if got := l.Match(test.preferences...); got != test.want {
			t.Errorf("Match(%q) = %q, want %q", test.preferences, got, test.want)
		}
	}
	cyrillic := languages(t, "en", "ru")
	for preference, want := range map[string]string{
		"be":                 "ru", // a stand-in is better than the default
		"be, en;q=0.1":       "en", // but not better than a language that the shopper reads
		"ja, be;q=0.5":       "ru",
		"be, en-AU;q=0.0001": "en",
	} {
		if got := cyrillic.Match(preference); got != want {
			t.Errorf("Match(%q) = %q, want %q", preference, got, want)
		}
	}
	if got := languages(t, "tr").Match("de", "en"); got != "tr" {
		t.Errorf("the only language is tr, and yet Match gave %q", got)
	}
}

func TestHostilePreferences(t *testing.T) {
	l := languages(t, "en", "tr")
	for name, s := range map[string]string{
		"64 KiB of one tag":    strings.Repeat("a", 64<<10),
		"64 KiB of hyphens":    strings.Repeat("-", 64<<10),
		"64 KiB of commas":     strings.Repeat(",", 64<<10),
		"64 KiB of tags":       strings.Repeat("fr,", 22<<10) + "tr",
		"a tag behind the KiB": strings.Repeat("fr;q=0.1,", 200) + "tr",
		"a tag cut by the KiB": strings.Repeat(" ", 1020) + ",tr-TR",
		"seventeenth tag":      strings.Repeat("fr,", 16) + "tr",
		"not text":             "\xff\xfe\x00,\x80",
	} {
		if got := l.Match(s); got != "en" {
			t.Errorf("%s: %q", name, got)
		}
		if n := len(accepted(s)); n > maxTags {
			t.Errorf("%s: %d tags were looked at", name, n)
		}
	}
}

func TestLanguageListErrors(t *testing.T) {
	for want, list := range map[string][]string{
		`languages: none listed: write "languages en"`:                             nil,
		`languages: "" is no language: write codes such as en, tr or pt_br`:        {"en", ""},
		`languages: "english" is no language: write codes such as en, tr or pt_br`: {"english"},
		`languages: "und" is no language: write codes such as en, tr or pt_br`:     {"und"},
		`languages: "x-foo" is no language: write codes such as en, tr or pt_br`:   {"x-foo"},
		`languages: "en,tr" is no language: write codes such as en, tr or pt_br`:   {"en,tr"},
		`languages: "*" is no language: write codes such as en, tr or pt_br`:       {"*"},
		`languages: PT-BR is listed twice: remove one`:                             {"pt_br", "PT-BR"},
		`languages: EN is listed twice: remove one`:                                {"en", "tr", "EN"},
	} {
		if _, err := NewLanguages(list...); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func FuzzLanguages(f *testing.F) {
	for _, seed := range []string{
		"en", "pt-BR,pt;q=0.9,en;q=0.8", "*", "de;q=0", "tr_TR", ",,;;--", "\xff",
		strings.Repeat("a-", 600), "i-klingon", "sr-Latn-RS-u-co-phonebk",
	} {
		f.Add(seed)
	}
	list := []string{"en", "tr", "de", "pt_br", "sr_latn"}
	l := languages(f, list...)
	f.Fuzz(func(t *testing.T, s string) {
		if got := l.Match(s); !slices.Contains(list, got) {
			t.Errorf("Match(%q) = %q, which is not in the list", s, got)
		}
		first, usable := l.match(s)
		if got := l.Match(s, "tr"); usable && got != first || !usable && got != "tr" {
			t.Errorf("Match(%q, tr) = %q, but %q alone gives %q, usable: %v",
				s, got, s, first, usable)
		}
	})
}

// TestPreferencesCostLittle: no header costs more than a few long tags do.
func TestPreferencesCostLittle(t *testing.T) {
	l := languages(t, "en", "tr")
	for name, entry := range map[string]string{
		"private use": "en-x-abcdefgh-ijklmnop,",
		"malformed":   "en-abcdefghi;q=2,",
		"shouted":     "FR-FR;Q=0.5,",
		"extensions":  "fr-a-bbbb-c-dddd-u-co-phonebk;q=0.1,",
	} {
		hostile := strings.Repeat(entry, 4<<10)
		if n := testing.AllocsPerRun(10, func() { l.Match(hostile) }); n > 500 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
