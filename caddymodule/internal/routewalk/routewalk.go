// Package routewalk sends a request that nobody made through a server's routes, as Caddy would, and
// tells who meets it.
package routewalk

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/fileserver"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// Walk is one way through the routes of a server. Matchers are asked as they are. What the handlers
// do is Meet's to say.
type Walk struct {
	Server *caddyhttp.Server
	// Meet is asked of each handler whose routes match, subroutes and named routes apart.
	Meet func(r *http.Request, m Meeting) Step
	// Err is what a matcher failed with; it ended the walk.
	Err error

	groups map[string]bool // satisfied ones: of a group only the first route that matches is taken
	depth  int
}

// Meeting is a handler that the request has come to, and the route that holds it.
type Meeting struct {
	Handler caddyhttp.MiddlewareHandler
	Route   *caddyhttp.Route
}

// Step is what became of the request at a handler or route.
type Step int

const (
	Passed   Step = iota // it goes on to the next one
	Ended                // nobody is left who could answer
	Answered             // this one answers
)

// maxDepth ends the walk through named routes that invoke each other.
const maxDepth = 64

// Routes walks through routes. r must have been prepared by caddyhttp.PrepareRequest, and is changed
// by the handlers that Meet runs.
func (w *Walk) Routes(routes caddyhttp.RouteList, r *http.Request) Step {
	if w.groups == nil {
		w.groups = make(map[string]bool)
	}
	for i := range routes {
		route := &routes[i]
		if w.groups[route.Group] {
			continue
		}
		matches, err := route.MatcherSets.AnyMatchWithError(r)
		if err != nil {
			w.Err = err
			return Ended // Caddy answers by its error routes
		}
		if !matches {
			continue
		}
		if route.Group != "" {
			w.groups[route.Group] = true
		}
		for _, handler := range route.Handlers {
			if s := w.handler(Meeting{handler, route}, r); s != Passed {
				return s
			}
		}
		if route.Terminal {
			return Ended
		}
	}
	return Passed
}

func (w *Walk) handler(m Meeting, r *http.Request) Step {
	switch h := m.Handler.(type) {
	case *caddyhttp.Subroute:
		return w.Routes(h.Routes, r)
	case *caddyhttp.Invoke:
		route, ok := w.Server.NamedRoutes[h.Name]
		if w.depth++; !ok || w.depth > maxDepth {
			return Ended
		}
		return w.Routes(caddyhttp.RouteList{*route}, r)
	}
	return w.Meet(r, m)
}

// Kind is what a handler does with requests, as far as a walk has to know.
type Kind int

const (
	Unknown Kind = iota // it may answer, or not: a plugin, an authentication
	Dresses             // it goes on, and dresses what others write
	Changes             // it goes on, after a change of the request that later matchers see
	Answers             // it answers every request
)

// KindOf knows Caddy's own handlers.
func KindOf(handler caddyhttp.MiddlewareHandler) Kind {
	switch h := handler.(type) {
	case *fileserver.FileServer:
		if h.PassThru {
			return Unknown
		}
		return Answers
	case *reverseproxy.Handler:
		if len(h.HandleResponse) > 0 { // as of forward_auth, which goes on after a good answer
			return Unknown
		}
		return Answers
	}
	switch Name(handler) {
	case "headers", "encode", "templates", "log_append", "tracing", "request_body", "timeouts",
		"intercept", "push", "copy_response_headers":
		return Dresses
	case "rewrite", "vars", "map":
		return Changes
	case "static_response", "error", "acme_server", "metrics", "copy_response":
		return Answers
	}
	return Unknown
}

// Name is the last part of a handler's module ID.
func Name(handler caddyhttp.MiddlewareHandler) string {
	if module, ok := handler.(caddy.Module); ok {
		return module.CaddyModule().ID.Name()
	}
	return "a handler"
}

// Run runs a handler that touches nothing but the request and w.
func Run(w http.ResponseWriter, r *http.Request, handler caddyhttp.MiddlewareHandler) Step {
	did := Answered
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		did = Passed
		return nil
	})
	if err := handler.ServeHTTP(w, r, next); err != nil {
		return Ended
	}
	return did
}

// Silence is a response that nobody hears.
type Silence struct{ Headers http.Header }

// Header returns the headers.
func (s *Silence) Header() http.Header { return s.Headers }

// Write drops what is written.
func (*Silence) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader drops the status.
func (*Silence) WriteHeader(int) {}
