package caddymodule_test

import (
	"io"
	"net/http"
	"testing"
)

// TestAPrefetchIsRefusedWithWhatNoFrameworkCanShow sends the guesses of browsers and frameworks, as
// they send them, to a site that dresses its errors. Turbo, htmx and Next.js show an HTML answer of
// their guess on the click; a plain text makes them navigate.
func TestAPrefetchIsRefusedWithWhatNoFrameworkCanShow(t *testing.T) {
	const page = "text/html, application/xhtml+xml"
	s := openShop(t, matrixShop)
	for name, guess := range map[string]map[string]string{
		"Turbo":   {"X-Sec-Purpose": "prefetch", "Sec-Fetch-Dest": "empty", "Accept": page},
		"htmx":    {"HX-Preloaded": "true", "HX-Request": "true", "Accept": "*/*"},
		"Next.js": {"Next-Router-Prefetch": "1", "RSC": "1", "Accept": "*/*"},
		"Inertia": {"Purpose": "prefetch", "X-Inertia": "true", "Accept": page},
		"Chrome":  {"Sec-Purpose": "prefetch;prerender", "Accept": page},
		"a script that prefers JSON": {
			"HX-Preloaded": "true",
			"Accept":       "application/json",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &shop{t: t, zotlo: s.zotlo, site: s.site, via: s.via}
			res := s.click("/upgrade", fresh(t, "ann"), func(r *request) {
				for name, value := range guess {
					r.Header.Set(name, value)
				}
			})
			s.fails(res, http.StatusForbidden)
			text, err := io.ReadAll(res.Body)
			if err != nil || string(text) != "a checkout is not prefetched\n" {
				t.Errorf("body %q: %v", text, err)
			}
			if got := res.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
				t.Errorf("Content-Type %q", got)
			}
			if got := res.Header.Get("X-Error-Message"); got != "" {
				t.Errorf("handle_errors was given %q", got)
			}
			if got := res.Header.Get("X-Outcome"); got != "prefetch" {
				t.Errorf("outcome %q", got)
			}
		})
	}
	s.apiCalls(0)
}
