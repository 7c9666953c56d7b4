package navigation

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestEachClientIsSentInItsOwnWay(t *testing.T) {
	const url = "https://pay.example.com/1"
	for name, tt := range map[string]struct {
		header   http.Header
		status   int
		sets     string // the one header that leads there
		byScript bool
	}{
		"a browser": {
			nil, http.StatusSeeOther, "Location", false,
		},
		"htmx": {
			http.Header{"Hx-Request": {"true"}}, http.StatusOK, "HX-Redirect", true,
		},
		"htmx, boosted": {
			http.Header{"Hx-Request": {"true"}, "Hx-Boosted": {"true"}}, http.StatusOK, "HX-Redirect", true,
		},
		"Inertia": {
			http.Header{"X-Inertia": {"true"}}, http.StatusConflict, "X-Inertia-Location", true,
		},
		"both": {
			http.Header{"Hx-Request": {"true"}, "X-Inertia": {"true"}}, http.StatusOK, "HX-Redirect", true,
		},
		"not htmx": {
			http.Header{"Hx-Request": {"false"}}, http.StatusSeeOther, "Location", false,
		},
		"an empty X-Inertia": {
			http.Header{"X-Inertia": {""}}, http.StatusSeeOther, "Location", false,
		},
		"a fetch of Turbo's": {
			http.Header{"Turbo-Frame": {"buy"}}, http.StatusSeeOther, "Location", false,
		},
		"htmx's other header": {
			http.Header{"Hx-Trigger": {"true"}}, http.StatusSeeOther, "Location", false,
		},
	} {
		w := httptest.NewRecorder()
		To(w, tt.header, url)
		if got := ByScript(tt.header); got != tt.byScript {
			t.Errorf("%s: by a script: %v", name, got)
		}
		if w.Code != tt.status || w.Body.Len() > 0 {
			t.Errorf("%s: %d, body %q", name, w.Code, w.Body)
		}
		for _, h := range []string{"Location", "HX-Redirect", "X-Inertia-Location"} {
			want := ""
			if h == tt.sets {
				want = url
			}
			if got := w.Result().Header.Get(h); got != want {
				t.Errorf("%s: %s is %q, want %q", name, h, got, want)
			}
		}
	}
}
