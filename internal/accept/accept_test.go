package accept

import (
	"strings"
	"testing"
)

func TestPrefersJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"":    false,
		"*/*": false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
		"application/json":                           true,
		"Application/JSON; charset=utf-8":            true,
		"application/problem+json":                   true,
		"application/json, text/plain, */*":          true, // what axios sends
		"*/*, application/json":                      true,
		"text/html, application/json":                false,
		"application/json, text/html":                true,
		"application/json;q=0.5, text/html":          false,
		"application/json;q=0.5, */*;q=0.8":          false,
		"text/*;q=0.9, application/json;q=0.9":       true,
		"text/html;q=0.9, application/json;q=0.8":    false,
		"application/json;q=0":                       false,
		"application/json; q=0.0, */*":               false,
		"application/json;q=oops":                    true, // unreadable: as if it were not there
		"application/json;q=2":                       true,
		"application/geo+json":                       false,
		"application/json;profile=\"text/html,q=1\"": true,
	} {
		if got := PrefersJSON(accept); got != want {
			t.Errorf("%q: %t, want %t", accept, got, want)
		}
	}
}

// FuzzPrefersJSON: whatever is sent, what does not name JSON does not get it.
func FuzzPrefersJSON(f *testing.F) {
	for _, seed := range []string{"application/json", "text/html;q=0.9,application/json", ";,;=", "json", "application/json;q=1e999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		if PrefersJSON(accept) && !strings.Contains(strings.ToLower(accept), "json") {
			t.Errorf("%q prefers JSON", accept)
		}
	})
}
