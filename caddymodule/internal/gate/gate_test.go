package gate

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestPrefetchesOfBrowsersAndFrameworks holds each header against what its sender writes, and
// against values that are no guess.
func TestPrefetchesOfBrowsersAndFrameworks(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		want        bool
	}{
		{"Sec-Purpose", "prefetch", true},
		{"Sec-Purpose", "prefetch;prerender", true},
		{"X-Sec-Purpose", "prefetch", true}, // Turbo 8
		{"X-Sec-Purpose", "Prefetch", true},
		{"Purpose", "prefetch", true}, // Inertia 2, older browsers
		{"X-Purpose", "preview", true},
		{"X-Moz", "prefetch", true},
		{"HX-Preloaded", "true", true}, // the preload extension of htmx
		{"Hx-Preloaded", "TRUE", true},
		{"Next-Router-Prefetch", "1", true},
		{"Next-Router-Prefetch", "2", true}, // any value but a no
		{"Sec-Purpose", "", false},
		{"X-Sec-Purpose", "navigate", false},
		{"HX-Preloaded", "false", false},
		{"HX-Preloaded", "", false},
		{"Next-Router-Prefetch", "0", false},
		{"HX-Request", "true", false},
		{"Next-Url", "/pricing", false},
	} {
		h := make(http.Header)
		h.Set(tt.name, tt.value)
		if got := IsPrefetch(h); got != tt.want {
			t.Errorf("%s: %q is a prefetch: %v, want %v", tt.name, tt.value, got, tt.want)
		}
	}
}

func TestASecondValueOfAHeaderIsReadToo(t *testing.T) {
	h := http.Header{"Hx-Preloaded": {"", "true"}}
	if !IsPrefetch(h) {
		t.Error("the second HX-Preloaded was not seen")
	}
}

// TestEveryGuessIsRefusedBeforeAllElse: a guess that is embedded, early and a HEAD as well is still
// counted as what the operator must know of it.
func TestEveryGuessIsRefusedBeforeAllElse(t *testing.T) {
	for _, name := range []string{"X-Sec-Purpose", "HX-Preloaded", "Next-Router-Prefetch"} {
		r := httptest.NewRequest(http.MethodHead, "/upgrade", nil)
		r.Header.Set("Early-Data", "1")
		r.Header.Set("Sec-Fetch-Dest", "image")
		value := "prefetch"
		if name != "X-Sec-Purpose" {
			value = "1"
		}
		r.Header.Set(name, value)
		if got := Check(r, false); got != Prefetch {
			t.Errorf("%s: outcome %q", name, got)
		}
		if got := Check(r, true); got != Prefetch {
			t.Errorf("%s at a backend's route: outcome %q", name, got)
		}
		r.Method = http.MethodOptions
		if got := Check(r, false); got != Options {
			t.Errorf("%s with OPTIONS: outcome %q", name, got)
		}
	}
}
