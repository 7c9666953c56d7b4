package errorpages

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// rehearse walks error routes as Caddy will, on a copy of the request, and reports whether one of
// them would answer. Matchers are asked as they are. Of the handlers only those are run that change
// what later matchers see, or that read a file; any other one ends the walk, as the one that
// answers.
func rehearse(w http.ResponseWriter, r *http.Request, server *caddyhttp.Server,
	pages *caddyhttp.HTTPErrorConfig, err error,
) bool {
	to := &silence{header: w.Header().Clone()}
	walk := rehearsal{server: server, w: to, groups: make(map[string]bool)}
	return walk.routes(pages.Routes, copyOf(to, r, server, pages, err)) == answered
}

// rehearsal is one walk through error routes.
type rehearsal struct {
	server *caddyhttp.Server
	w      http.ResponseWriter
	groups map[string]bool // satisfied ones: of a group only the first route that matches is taken
	depth  int
}

// step is what became of the error at a route or handler.
type step int

const (
	passed   step = iota // it goes on to the next one
	ended                // nobody is left who could answer
	answered             // there is a page
)

func (w *rehearsal) routes(routes caddyhttp.RouteList, r *http.Request) step {
	for i := range routes {
		route := &routes[i]
		if w.groups[route.Group] {
			continue
		}
		matches, err := route.MatcherSets.AnyMatchWithError(r)
		if err != nil {
			return ended // an error in the error routes is answered by an empty page
		}
		if !matches {
			continue
		}
		if route.Group != "" {
			w.groups[route.Group] = true
		}
		for _, handler := range route.Handlers {
			if s := w.handler(handler, r); s != passed {
				return s
			}
		}
		if route.Terminal {
			return ended
		}
	}
	return passed
}

// handler says what one handler does with the error.
func (w *rehearsal) handler(handler caddyhttp.MiddlewareHandler, r *http.Request) step {
	switch h := handler.(type) {
	case *caddyhttp.Subroute:
		return w.routes(h.Routes, r)
	case *caddyhttp.Invoke:
		route, ok := w.server.NamedRoutes[h.Name]
		if w.depth++; !ok || w.depth > maxDepth {
			return ended
		}
		return w.routes(caddyhttp.RouteList{*route}, r)
	}
	module, ok := handler.(caddy.Module)
	if !ok {
		return answered
	}
	switch module.CaddyModule().ID {
	case "http.handlers.headers", "http.handlers.encode", "http.handlers.templates",
		"http.handlers.log_append", "http.handlers.tracing", "http.handlers.request_body",
		"http.handlers.timeouts":
		return passed // they dress what others write
	case "http.handlers.rewrite", "http.handlers.vars", "http.handlers.map":
		return w.run(handler, r)
	case "http.handlers.file_server":
		head := r.Clone(r.Context())
		head.Method = http.MethodHead
		return w.run(handler, head)
	case "http.handlers.error":
		return ended
	}
	return answered
}

// run runs a handler that touches nothing but the copy.
func (w *rehearsal) run(handler caddyhttp.MiddlewareHandler, r *http.Request) step {
	did := answered
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		did = passed
		return nil
	})
	if err := handler.ServeHTTP(w.w, r, next); err != nil {
		return ended
	}
	return did
}

// copyOf is the request as the error routes will see it: with the error, with the variables and
// placeholders of the site, and, where the server answers, as it was before any rewrite. What is
// done to it leaves no trace in the request. It has no body, which can be read only once.
func copyOf(w http.ResponseWriter, r *http.Request, server *caddyhttp.Server,
	pages *caddyhttp.HTTPErrorConfig, err error,
) *http.Request {
	original, hasOriginal := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	placeholders, _ := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)

	c := r.Clone(r.Context())
	c.Body = http.NoBody
	if hasOriginal && pages == server.Errors {
		c.Method, c.RequestURI = original.Method, original.RequestURI
		c.RemoteAddr, c.URL = original.RemoteAddr, cloneURL(original.URL)
	}
	repl := caddy.NewReplacer()
	c = caddyhttp.PrepareRequest(c, repl, w, server)
	maps.Copy(c.Context().Value(caddyhttp.VarsCtxKey).(map[string]any), vars)
	if placeholders != nil {
		repl.Map(placeholders.Get)
	}
	if hasOriginal {
		// In place, because the placeholders of the copy look at this very request.
		ctx := context.WithValue(c.Context(), caddyhttp.OriginalRequestCtxKey, original)
		*c = *c.WithContext(ctx)
	}
	return pages.WithError(c, err)
}

func cloneURL(u *url.URL) *url.URL {
	if u == nil {
		return new(url.URL)
	}
	c := *u
	return &c
}

// silence is a response that nobody hears.
type silence struct{ header http.Header }

func (w *silence) Header() http.Header         { return w.header }
func (w *silence) Write(p []byte) (int, error) { return len(p), nil }
func (w *silence) WriteHeader(int)             {}
