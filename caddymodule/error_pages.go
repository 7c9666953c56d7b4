package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// hasErrorPages reports whether somebody may turn an error into a page. Otherwise Caddy answers with an empty one.
func (a *App) hasErrorPages(r *http.Request) bool {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return true
	}
	if known, ok := a.errorPages.Load(server); ok {
		return known.(bool)
	}
	has := areErrorPages(server.Errors) || routesHaveErrorPages(server.Routes)
	a.errorPages.Store(server, has)
	return has
}

func areErrorPages(e *caddyhttp.HTTPErrorConfig) bool { return e != nil && len(e.Routes) > 0 }

// routesHaveErrorPages looks into subroutes, which may have pages of their own in JSON.
func routesHaveErrorPages(routes caddyhttp.RouteList) bool {
	for _, route := range routes {
		for _, handler := range route.Handlers {
			sub, ok := handler.(*caddyhttp.Subroute)
			if ok && (areErrorPages(sub.Errors) || routesHaveErrorPages(sub.Routes)) {
				return true
			}
		}
	}
	return false
}
