// Package navigation sends a client to another URL in the way that it understands. A browser that
// navigates follows a redirect. A script's fetch may not follow one to another origin (the Fetch
// standard: without CORS headers it is a network error), so frameworks have a header for it.
package navigation

import (
	"net/http"
	"strings"
)

// way is how one kind of client is sent elsewhere.
type way struct {
	says   string // the request header that the client sets to true
	status int
	leads  string // the response header that takes the URL
}

// ways are the clients that click with a script, by their own documentation: htmx navigates to
// HX-Redirect on a 2xx (htmx.org/headers/hx-redirect); Inertia visits X-Inertia-Location on a 409
// (inertiajs.com/redirects, external redirects).
var ways = [...]way{
	{"Hx-Request", http.StatusOK, "Hx-Redirect"}, // as Go writes names: log filters need it
	{"X-Inertia", http.StatusConflict, "X-Inertia-Location"},
}

// redirect is for all others: 303, because the client goes on with GET, whatever the method was
// (RFC 9110 section 15.4.4).
var redirect = way{status: http.StatusSeeOther, leads: "Location"}

// ByScript reports whether a framework in the page made the request, and waits for its own header.
func ByScript(h http.Header) bool { return wayOf(h) != redirect }

// To answers that the client goes on at the URL. The answer has no body. h are the headers of the
// request.
func To(w http.ResponseWriter, h http.Header, url string) {
	by := wayOf(h)
	w.Header()[by.leads] = []string{url}
	w.WriteHeader(by.status)
}

func wayOf(h http.Header) way {
	for _, by := range ways {
		if said := h[by.says]; len(said) > 0 && strings.EqualFold(said[0], "true") {
			return by
		}
	}
	return redirect
}
