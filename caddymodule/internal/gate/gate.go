// Package gate turns away, before anything is asked of anybody, what is not a shopper's own
// top-level navigation. A link that a browser fetched on a guess would cost an API call, and could
// be paid by nobody.
package gate

import (
	"net/http"
	"slices"
	"strings"
)

// Why a request is turned away.
const (
	Options   = "-" // not ours: the next handler answers, and nothing is counted
	Prefetch  = "prefetch"
	Embedded  = "embedded"
	EarlyData = "early_data"
	Head      = "head"
	Method    = "method"
)

// Check says why a request is turned away; an empty outcome lets it in. backend routes answer any
// method, because the backend has acted on it already.
func Check(r *http.Request, backend bool) (outcome string) {
	switch {
	case r.Method == http.MethodOptions:
		return Options
	case IsPrefetch(r.Header):
		return Prefetch
	case isEmbedded(r.Header):
		return Embedded
	case r.TLS != nil && !r.TLS.HandshakeComplete, slices.Contains(r.Header["Early-Data"], "1"):
		// It may be a replay: it came in QUIC's 0-RTT, or a CDN says so (RFC 8470).
		return EarlyData
	case r.Method == http.MethodHead:
		return Head
	case r.Method != http.MethodGet && r.Method != http.MethodPost && !backend:
		return Method
	}
	return ""
}

// CheckOwn is Check for an answer that is for the site's own pages alone: another site's script is
// embedded, too. A browser names the site that asks (Fetch Metadata); what says nothing is let in, as
// no browser gives another site's script the answer without the CORS headers that are not sent.
func CheckOwn(r *http.Request, backend bool) (outcome string) {
	outcome = Check(r, backend)
	if outcome == Options || outcome == Prefetch {
		return outcome
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return outcome
	}
	return Embedded
}

// purposes are the headers whose value says what a request is for: Sec-Purpose, its older names,
// and the one that a script may set itself (Turbo 8).
var purposes = [...]string{"Sec-Purpose", "X-Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"}

// guesses are the headers that only a guess carries: htmx's preload extension and Next.js.
var guesses = [...]string{"Hx-Preloaded", "Next-Router-Prefetch"}

// IsPrefetch reports whether a browser, or a framework in the page, only guesses that the shopper
// will come.
func IsPrefetch(h http.Header) bool {
	for _, name := range purposes {
		if slices.ContainsFunc(h[name], isGuess) {
			return true
		}
	}
	for _, name := range guesses {
		if slices.ContainsFunc(h[name], isYes) {
			return true
		}
	}
	return false
}

func isGuess(purpose string) bool {
	purpose = strings.ToLower(purpose)
	return strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "prerender") ||
		strings.Contains(purpose, "preview")
}

func isYes(flag string) bool {
	return flag != "" && flag != "0" && !strings.EqualFold(flag, "false")
}

// isEmbedded reports whether the browser says that this is not a navigation of its own: an image, a
// frame, a script (Fetch Metadata). Clients that say nothing are let in.
func isEmbedded(h http.Header) bool {
	for _, dest := range h["Sec-Fetch-Dest"] {
		switch dest {
		case "", "document", "empty":
		default:
			return true
		}
	}
	return slices.Contains(h["Sec-Fetch-Mode"], "no-cors") &&
		slices.Contains(h["Sec-Fetch-Site"], "cross-site")
}
