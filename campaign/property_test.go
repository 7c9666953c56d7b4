package campaign

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"
)

// nest makes the JSON object that dotted keys mean, or fails when a key would be a value and an
// object at once.
func nest(parameters []Field) (map[string]any, error) {
	root := make(map[string]any)
	for _, p := range parameters {
		at := root
		segments := strings.Split(p.Name, ".")
		for _, s := range segments[:len(segments)-1] {
			if at[s] == nil {
				at[s] = make(map[string]any)
			}
			next, ok := at[s].(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s is a value already", s)
			}
			at = next
		}
		last := segments[len(segments)-1]
		if _, twice := at[last]; twice {
			return nil, fmt.Errorf("%s is set twice", p.Name)
		}
		at[last] = p.Value
	}
	return root, nil
}

// leaves counts the strings in what nest made.
func leaves(v any) int {
	object, ok := v.(map[string]any)
	if !ok {
		return 1
	}
	n := 0
	for _, member := range object {
		n += leaves(member)
	}
	return n
}

func FuzzParameterKeys(f *testing.F) {
	for _, seed := range [][2]string{
		{"a", "a.b"}, {"a.b", "a.c"}, {"mmp.x", "x"}, {"checkout", "x"}, {"a..b", ""},
		{"a-b", "a.b"}, {"{x}", "é"}, {"utm.x", "UTM"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		o := Overrides{LinkID: "1", CustomParameters: map[string]string{a: "A", b: "B"}, MMP: map[string]string{b: "C"}}
		c, err := New(Config{Name: "pro", Overrides: o}, Options{})
		if err != nil {
			if !strings.Contains(err.Error(), "custom_parameter") && !strings.Contains(err.Error(), "mmp") {
				t.Fatalf("the error names no word: %v", err)
			}
			return
		}
		parameters := gets(t, c, shopper{}).Parameters
		object, err := nest(parameters)
		if err != nil || leaves(object) != len(parameters) {
			t.Fatalf("keys %q and %q were taken: %v, %v", a, b, object, err)
		}
		for top := range object {
			if strings.EqualFold(top, "checkout") || slices.Contains(reservedParameters, top) {
				t.Fatalf("the reserved key %s was taken", top)
			}
		}
	})
}

// FuzzOffer gives one hostile value to every word at once. Whatever it is, an offer keeps its
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
	byName := func(a, b Field) int { return strings.Compare(a.Name, b.Name) }
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

// TestManyAtOnce lets the race detector look at one campaign that serves many visitors.
func TestManyAtOnce(t *testing.T) {
	list := []*Campaign{load(t, Config{
		Overrides:  Overrides{Title: "{x}", CustomParameters: map[string]string{"a": "{x}", "b": "1"}},
		Experiment: fifty(Overrides{}, Overrides{Fields: map[string]string{"q": "2"}}),
	})}
	want := make(map[string]string)
	for _, id := range ids(200) {
		want[id] = gets(t, list[0], user(id)).Variant
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for id, variant := range maps.All(want) {
				v := user(id)
				v.values = map[string]string{"x": id}
				o, err := decide(list, v)
				if err != nil || o.Variant != variant || o.Parameters[0].Value != id {
					t.Errorf("user %s: %+v, %v", id, o, err)
				}
				explain(list, v, "")
			}
		})
	}
	group.Wait()
}
