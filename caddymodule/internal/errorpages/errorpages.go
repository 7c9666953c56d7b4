// Package errorpages knows whether a site turns errors into pages. Where it does not, Caddy answers
// an error with an empty page, and the module says a sentence instead.
package errorpages

import (
	"net/http"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Finder looks for error pages, once per server. The zero value is ready, and safe for concurrent
// use.
type Finder struct {
	known sync.Map // *caddyhttp.Server → whether it has any
}

// Has reports whether the server of the request may turn an error into a page.
func (f *Finder) Has(r *http.Request) bool {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return true
	}
	if known, ok := f.known.Load(server); ok {
		return known.(bool)
	}
	has := arePages(server.Errors) || inRoutes(server.Routes)
	f.known.Store(server, has)
	return has
}

func arePages(e *caddyhttp.HTTPErrorConfig) bool { return e != nil && len(e.Routes) > 0 }

// inRoutes looks into subroutes, which may have pages of their own in JSON.
func inRoutes(routes caddyhttp.RouteList) bool {
	for _, route := range routes {
		for _, handler := range route.Handlers {
			sub, ok := handler.(*caddyhttp.Subroute)
			if ok && (arePages(sub.Errors) || inRoutes(sub.Routes)) {
				return true
			}
		}
	}
	return false
}
