package errorpages

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func TestWhereErrorPagesAreFound(t *testing.T) {
	pages := &caddyhttp.HTTPErrorConfig{Routes: caddyhttp.RouteList{{}}}
	within := func(sub *caddyhttp.Subroute) caddyhttp.RouteList {
		return caddyhttp.RouteList{{Handlers: []caddyhttp.MiddlewareHandler{sub}}}
	}
	for name, tt := range map[string]struct {
		server *caddyhttp.Server
		want   bool
	}{
		"none": {
			&caddyhttp.Server{Routes: within(new(caddyhttp.Subroute))},
			false,
		},
		"none that does anything": {
			&caddyhttp.Server{Errors: new(caddyhttp.HTTPErrorConfig)},
			false,
		},
		"handle_errors":          {&caddyhttp.Server{Errors: pages}, true},
		"in a subroute, in JSON": {&caddyhttp.Server{Routes: within(&caddyhttp.Subroute{Errors: pages})}, true},
		"two subroutes deep":     {&caddyhttp.Server{Routes: within(&caddyhttp.Subroute{Routes: within(&caddyhttp.Subroute{Errors: pages})})}, true},
	} {
		finder := new(Finder)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r = r.WithContext(context.WithValue(r.Context(), caddyhttp.ServerCtxKey, tt.server))
		for range 2 { // the second answer is a remembered one
			if got := finder.Has(r); got != tt.want {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}
