package errorpages

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/caddymodule/internal/routewalk"
)

// rehearse walks error routes as Caddy will, on a copy of the request, and reports whether one of
// them would answer. Matchers are asked as they are. Of the handlers only those are run that change
// what later matchers see, or that read a file; any other one ends the walk, as the one that
// answers.
func rehearse(w http.ResponseWriter, r *http.Request, server *caddyhttp.Server,
	pages *caddyhttp.HTTPErrorConfig, err error,
) bool {
	to := &routewalk.Silence{Headers: w.Header().Clone()}
	walk := routewalk.Walk{
		Server: server,
		Meet: func(r *http.Request, m routewalk.Meeting) routewalk.Step {
			return meet(to, r, m.Handler)
		},
	}
	r = copyOf(to, r, server, pages, err)
	return walk.Routes(pages.Routes, r) == routewalk.Answered
}

// meet says what one handler does with the error.
func meet(w http.ResponseWriter, r *http.Request,
	handler caddyhttp.MiddlewareHandler,
) routewalk.Step {
	switch routewalk.KindOf(handler) {
	case routewalk.Dresses:
		return routewalk.Passed
	case routewalk.Changes:
		return routewalk.Run(w, r, handler)
	case routewalk.Answers, routewalk.Unknown:
	}
	switch routewalk.Name(handler) {
	case "file_server":
		head := r.Clone(r.Context())
		head.Method = http.MethodHead
		return routewalk.Run(w, head, handler)
	case "error":
		return routewalk.Ended // an error in the error routes is answered by an empty page
	}
	return routewalk.Answered
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
