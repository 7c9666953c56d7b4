// Package privatepage keeps a page that was made for one user, at one moment, out of every cache:
// those that users share, and the browser's own, where the page would outlive a sign-in.
package privatepage

import (
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Unconditional makes the page's handlers answer with the whole page. "Not modified", or the rest of
// a page that began with another price, would be an answer about what another user saw. Conditions
// of a request that writes say what it must not overwrite, and stand.
//
// If-Range goes with its Range: RFC 9110 section 13.1.5 answers a range whose condition does not
// hold with all of it. A Range by itself stands; players ask for films so.
func Unconditional(r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return
	}
	delete(r.Header, "If-None-Match")
	delete(r.Header, "If-Modified-Since")
	if _, resumes := r.Header["If-Range"]; resumes {
		delete(r.Header, "If-Range")
		delete(r.Header, "Range")
	}
}

// Writer makes the response private as it begins. It overrides every way to begin one.
type Writer struct {
	*caddyhttp.ResponseWriterWrapper
	begun bool
}

// New wraps w.
func New(w http.ResponseWriter) *Writer {
	return &Writer{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
}

// WriteHeader makes the response private as it begins. Informational responses (1xx) come before it
// and stay as they are.
func (w *Writer) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.begin()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write begins the response if nothing else did.
func (w *Writer) Write(p []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(p)
}

// ReadFrom is overridden because the embedded one would begin the response behind our back.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	return w.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError is found by http.ResponseController before it looks beneath this writer.
func (w *Writer) FlushError() error {
	w.begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *Writer) begin() {
	if w.begun {
		return
	}
	w.begun = true
	makePrivate(w.Header())
}

// Finish is called after the page was made. It makes an empty page private, which begins when nobody
// is left to ask, and the error page that comes later; and it takes caching rules out of trailers.
// sharable says that others may keep what went out all the same, because a handler outside of this
// writer had the last word.
func (w *Writer) Finish() (sharable bool) {
	w.begin()
	h := w.Header()
	sharable = Sharable(h)
	dropRules(h)
	return sharable
}

// private is what a personal page says: no cache that others use may have it, and the browser's own
// asks each time (RFC 9111 sections 5.2.2.4 and 5.2.2.7).
const private = "private, no-cache"

// makePrivate replaces all that the header tells caches.
func makePrivate(h http.Header) {
	said := cacheControl(h)
	dropRules(h)
	// A slice of its own for each response: Caddy's header directive may write into it.
	h["Cache-Control"] = []string{private + said}
}

// cacheControl is what stays of a Cache-Control, each with a comma before it: no-store forbids more
// than we do, and no-transform is about what is between caches.
func cacheControl(h http.Header) (kept string) {
	for _, staying := range [...]string{"no-store", "no-transform"} {
		if has(h["Cache-Control"], staying) {
			kept += ", " + staying
		}
	}
	return kept
}

// dropRules removes what lets anybody keep the response or ask whether it has changed. Tags to purge
// by (Surrogate-Key, Cache-Tag) are no such rules. Trailers that were not announced stand among the
// headers, with a prefix.
func dropRules(h http.Header) {
	for key := range h {
		if isRule(strings.TrimPrefix(key, http.TrailerPrefix)) {
			delete(h, key)
		}
	}
}

// isRule reports whether a header is a validator or an expiry, or speaks to one CDN.
func isRule(name string) bool {
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Etag", "Last-Modified", "Expires", "Age":
		return true
	}
	return isOfCDN(name)
}

// ofCDNs is how the name of a CDN's own Cache-Control ends: RFC 9213's CDN-Cache-Control, those that
// name their CDN before it (Cloudflare-, Netlify-, Vercel-CDN-Cache-Control), Akamai-Cache-Control
// and X-LiteSpeed-Cache-Control.
const ofCDNs = "-Cache-Control"

// isOfCDN reports whether a header, by its canonical name, is a caching rule for CDNs alone. They
// believe it before Cache-Control.
func isOfCDN(name string) bool {
	if strings.HasSuffix(name, ofCDNs) {
		return true
	}
	switch name {
	case "Surrogate-Control", "X-Accel-Expires", "Edge-Control":
		return true
	}
	return false
}

// Sharable reports whether caches that users share may keep a response, because it says so or says
// nothing.
func Sharable(h http.Header) bool {
	for name, values := range h {
		if isOfCDN(http.CanonicalHeaderKey(name)) && !forbids(values) {
			return true
		}
	}
	said := h["Cache-Control"]
	switch {
	case len(said) == 1 && said[0] == private:
		return false
	case has(said, "no-store"):
		return false // whatever else it says
	case has(said, "public"), has(said, "s-maxage"):
		return true
	}
	return !has(said, "private") && !has(said, "no-cache")
}

// forbids reports whether a CDN's own rule keeps it from storing. X-Accel-Expires says so with a 0.
func forbids(values []string) bool {
	for _, directive := range [...]string{"no-store", "private", "no-cache", "0"} {
		if has(values, directive) {
			return true
		}
	}
	return false
}

// has reports whether the values hold a directive, with an argument or without one. One that is
// qualified, as no-cache="set-cookie", speaks of some fields only and is not meant.
func has(values []string, directive string) bool {
	for _, value := range values {
		for said := range directives(value) {
			name, argument, _ := strings.Cut(said, "=")
			if strings.EqualFold(strings.TrimSpace(name), directive) &&
				!strings.Contains(argument, `"`) {
				return true
			}
		}
	}
	return false
}

// directives are those of a Cache-Control value, cut at the commas outside quotes.
func directives(value string) iter.Seq[string] {
	return func(yield func(string) bool) {
		quoted, from := false, 0
		for i := 0; i < len(value); i++ {
			switch {
			case value[i] == '\\' && quoted:
				i++
			case value[i] == '"':
				quoted = !quoted
			case value[i] == ',' && !quoted:
				if !yield(strings.TrimSpace(value[from:i])) {
					return
				}
				from = i + 1
			}
		}
		yield(strings.TrimSpace(value[from:]))
	}
}
