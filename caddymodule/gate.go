package caddymodule

import (
	"net/http"
	"strings"
)

// gate refuses, before anything is asked of anybody, what is not a shopper's own top-level visit. An empty outcome lets the
// request in. backend routes answer any method, because the backend has acted on it already.
func gate(r *http.Request, backend bool) (outcome string) {
	switch {
	case r.Method == http.MethodOptions:
		return outcomePass
	case isPrefetch(r.Header):
		return outcomePrefetch
	case isEmbedded(r.Header):
		return outcomeEmbedded
	case isEarlyData(r):
		return outcomeEarlyData
	case r.Method == http.MethodHead:
		return outcomeHead
	case r.Method != http.MethodGet && r.Method != http.MethodPost && !backend:
		return outcomeMethod
	}
	return ""
}

// isPrefetch reports whether the browser only guesses that the shopper will come (Sec-Purpose, and its older names).
func isPrefetch(h http.Header) bool {
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		for _, value := range h[name] {
			value = strings.ToLower(value)
			if strings.Contains(value, "prefetch") || strings.Contains(value, "prerender") || strings.Contains(value, "preview") {
				return true
			}
		}
	}
	return false
}

// isEmbedded reports whether the browser says that this is not a navigation of its own: an image, a frame, a script
// (Fetch Metadata). Clients that say nothing are let in.
func isEmbedded(h http.Header) bool {
	switch dest := h.Get("Sec-Fetch-Dest"); dest {
	case "", "document", "empty":
	default:
		return true
	}
	return h.Get("Sec-Fetch-Site") == "cross-site" && h.Get("Sec-Fetch-Mode") == "no-cors"
}

// isEarlyData reports whether the request may be a replay: it came in QUIC's 0-RTT, or a CDN says so (RFC 8470).
func isEarlyData(r *http.Request) bool {
	return r.TLS != nil && !r.TLS.HandshakeComplete || r.Header.Get("Early-Data") == "1"
}
