package campaign

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
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
		Fields: []field{
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
		Parameters: []field{{"a.b", "1"}, {"a.c", "2"}, {"mmp.appsflyer_id", "af"}, {"partner", "acme"}},
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
	for name, want := range map[string]string{
		"link_id": "4711", "one_time_price": "19.90 EUR", "package_name": "Pro", "language": "tr",
		"field.quantity": "2", "custom_parameter.a.b": "1", "mmp.idfa": "x",
		"custom_parameter.mmp.idfa": "x",
		"quote":                     "", "title": "", "field": "", "field.other": "", "package_name.x": "",
		"nonsense": "", "": "", "mmp.": "",
	} {
		if got, ok := o.Override(name); got != want || ok != (want != "") {
			t.Errorf("Override(%q) = %q, %v; want %q", name, got, ok, want)
		}
	}
	quoted := gets(t, sells(t, Overrides{Quote: &Price{Amount: "9", Currency: "TRY"}}), shopper{})
	if got, _ := quoted.Override("quote"); got != "9 TRY" {
		t.Errorf("quote = %q", got)
	}
}

// FuzzOffer gives one hostile value to every override at once. Whatever it is, an offer keeps its
// promises.
func FuzzOffer(f *testing.F) {
	for _, seed := range []string{
		"", "5", "19.99", "https://shop.example.com/a.png", "tr", `<b>"&\`, "{x}", "\u202e",
		"a\xff\x00", strings.Repeat("é", 300), strings.Repeat("a", 3000),
	} {
		f.Add(seed)
	}
	everything := Overrides{
		OneTimePrice: &Price{Amount: "{p}", Currency: "EUR", Min: "1", Max: "99"},
		PackageName:  "Hi {x}", AdditionalText: "{x}{x}", ProductImage: "{x}", Package: "{x}",
		Theme: "{x}", Layout: "{x}",
		Title: "{x}", Description: "{x}", ButtonText: "{x}", Language: "{x}",
		Fields:           map[string]string{"f": "{x}", "g": "{x} {x}"},
		CustomParameters: make(map[string]string), MMP: map[string]string{"idfa": "{x}"},
	}
	for i := range 31 {
		everything.CustomParameters[fmt.Sprintf("k%d.v", i)] = "{x}"
	}
	c := sells(f, everything)
	f.Fuzz(func(t *testing.T, x string) {
		o := gets(t, c, sends("x", x, "p", "5.00"))
		holdsPromises(t, o)
		if slots := 10 + 2 + 32; len(o.Fields)+len(o.Parameters)+len(o.Dropped)+min(1, len(o.Language)) != slots {
			t.Errorf("%q: some of %d values are neither sent nor dropped: %+v", x, slots, o)
		}
		if bad, err := decide([]*Campaign{c}, sends("p", x)); err == nil {
			holdsPromises(t, bad)
		}
	})
}

// holdsPromises checks what is true of every offer.
func holdsPromises(t *testing.T, o *Offer) {
	t.Helper()
	texts := map[string]int{
		"packageName": 100, "additionalText": 250, "title": 250, "description": 250,
		"buttonText": 250,
	}
	if n, err := parseAmount(o.Price.Amount, "EUR"); err != nil || n < 10_000 || n > 990_000 || o.Price.Currency != "EUR" {
		t.Errorf("price %+v", o.Price)
	}
	if o.Language != "" && !slices.Contains([]string{"en", "tr", "de", "pt_br"}, o.Language) {
		t.Errorf("language %q", o.Language)
	}
	byName := func(a, b field) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(o.Fields, byName) || !slices.IsSortedFunc(o.Parameters, byName) {
		t.Errorf("not in order: %+v", o)
	}
	size := 0
	for _, f := range o.Parameters {
		size += len(f.Name) + len(f.Value)
		if utf8.RuneCountInString(f.Value) > 256 {
			t.Errorf("parameter %s is too long", f.Name)
		}
	}
	if size > 2048 {
		t.Errorf("%d bytes of parameters", size)
	}
	for _, f := range slices.Concat(o.Fields, o.Parameters) {
		if f.Value == "" || !utf8.ValidString(f.Value) || strings.ContainsFunc(f.Value, unicode.IsControl) {
			t.Errorf("%s = %q", f.Name, f.Value)
		}
		if limit, ok := texts[f.Name]; ok && (utf8.RuneCountInString(f.Value) > limit || strings.ContainsFunc(f.Value, harmful)) {
			t.Errorf("%s = %q", f.Name, f.Value)
		}
	}
	if _, err := json.Marshal(o.Parameters); err != nil {
		t.Error(err)
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
		"missing": {}, "empty": sends("x", ""), "invalid": sends("x", "47 11"),
		"long": sends("x", strings.Repeat("1", 65)), "mistrusted": {distrust: "x"},
	} {
		bad := getsBad(t, c, v)
		if bad.Campaign != c || bad.Override != "link_id" || strings.Contains(bad.Error(), "47 11") {
			t.Errorf("%s: %v", name, bad)
		}
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
