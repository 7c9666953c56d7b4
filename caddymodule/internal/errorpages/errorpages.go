// Package errorpages knows whether a site turns an error into a page. Where it does not, Caddy
// answers with an empty body, and the module says a sentence instead.
package errorpages

import (
	"net/http"
	"slices"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Finder tells whether an error will meet a page. The zero value is ready, and safe for concurrent
// use.
type Finder struct {
	known sync.Map // place → []*caddyhttp.HTTPErrorConfig
}

// place is a handler in a server. What may answer its errors does not change.
type place struct {
	server  *caddyhttp.Server
	handler caddyhttp.MiddlewareHandler
}

// Answers reports whether error routes of the request's site would answer err, if handler returned
// it now. It tries them on a copy of the request (see rehearse). handler must be a pointer: it is
// looked for among the routes of the server, because a subroute around it may have error routes of
// its own. w is what the handler writes to; nothing is written.
func (f *Finder) Answers(w http.ResponseWriter, r *http.Request,
	handler caddyhttp.MiddlewareHandler, err error,
) bool {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return true
	}
	for _, pages := range f.around(place{server, handler}) {
		if rehearse(w, r, server, pages, err) {
			return true
		}
	}
	return false
}

// around lists the error routes that an error of the handler may meet: one, unless the handler
// stands in a named route that is invoked from several places.
func (f *Finder) around(p place) []*caddyhttp.HTTPErrorConfig {
	if known, ok := f.known.Load(p); ok {
		return known.([]*caddyhttp.HTTPErrorConfig)
	}
	s := search{place: p}
	s.routes(p.server.Routes, p.server.Errors, 0)
	if p.server.Errors != nil {
		s.note(&s.all, p.server.Errors)
		s.routes(p.server.Errors.Routes, nil, 0)
	}
	found := s.found
	if !s.seen {
		found = s.all // in a handler that holds routes we cannot see, such as handle_response
	}
	f.known.Store(p, found)
	return found
}

// search walks a server's routes for a handler.
type search struct {
	place
	seen       bool
	found, all []*caddyhttp.HTTPErrorConfig // around the handler, and in the whole server
}

// maxDepth ends the walk through named routes that invoke each other.
const maxDepth = 64

// routes looks into routes whose errors go to around; nil means that nobody answers them.
func (s *search) routes(routes caddyhttp.RouteList, around *caddyhttp.HTTPErrorConfig, depth int) {
	if depth > maxDepth {
		return
	}
	for i := range routes {
		for _, handler := range routes[i].Handlers {
			if handler == s.handler {
				s.seen = true
				s.note(&s.found, around)
			}
			s.within(handler, around, depth+1)
		}
	}
}

// within looks into a handler that holds routes.
func (s *search) within(handler caddyhttp.MiddlewareHandler,
	around *caddyhttp.HTTPErrorConfig, depth int,
) {
	switch h := handler.(type) {
	case *caddyhttp.Subroute:
		inner := around
		if h.Errors != nil {
			inner = h.Errors
			s.note(&s.all, inner)
			s.routes(h.Errors.Routes, around, depth)
		}
		s.routes(h.Routes, inner, depth)
	case *caddyhttp.Invoke:
		if route, ok := s.server.NamedRoutes[h.Name]; ok {
			s.routes(caddyhttp.RouteList{*route}, around, depth)
		}
	}
}

// note adds error routes to a list, if there are any and they are not in it.
func (*search) note(list *[]*caddyhttp.HTTPErrorConfig, pages *caddyhttp.HTTPErrorConfig) {
	if pages != nil && len(pages.Routes) > 0 && !slices.Contains(*list, pages) {
		*list = append(*list, pages)
	}
}
