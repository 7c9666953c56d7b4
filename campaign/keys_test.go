package campaign

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// nest makes the JSON object that dotted keys mean, or fails when a key would be a value and an
// object at once.
func nest(parameters []field) (map[string]any, error) {
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
		{"a", "a.b"},
		{"a.b", "a.c"},
		{"mmp.x", "x"},
		{"checkout", "x"},
		{"a..b", ""},
		{"a-b", "a.b"},
		{"{x}", "é"},
		{"utm.x", "UTM"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		o := Overrides{LinkID: "1", CustomParameters: map[string]string{a: "A", b: "B"}, MMP: map[string]string{b: "C"}}
		c, err := New(Config{Name: "pro", Overrides: o}, Options{})
		if err != nil {
			if !strings.Contains(err.Error(), "custom_parameter") && !strings.Contains(err.Error(), "mmp") {
				t.Fatalf("the error names no option: %v", err)
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
