package target

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Absolute is a rendered URL with scheme and host, for clients that know no page to which a path
// could belong: a path begins at the host of the request, as Caddy sees it. Without a Host header
// (HTTP/1.0) there is none, and a path stays as it is.
func Absolute(r *http.Request, url string) string {
	if r.Host == "" || !strings.HasPrefix(url, "/") {
		return url
	}
	return scheme(r) + "://" + r.Host + url
}

// scheme is Caddy's {http.request.scheme}. Where a proxy ended TLS that is plain http, so the
// proxy's word for what the shopper sees counts, if Caddy trusts the proxy; reverse_proxy hands it
// on by the same rule.
func scheme(r *http.Request) string {
	if trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); trusted {
		if said := r.Header["X-Forwarded-Proto"]; len(said) == 1 {
			if proto := strings.ToLower(said[0]); proto == "https" || proto == "http" {
				return proto
			}
		}
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
