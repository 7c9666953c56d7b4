package target

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func TestAbsolute(t *testing.T) {
	for name, tt := range map[string]struct {
		url, host string
		tls       bool
		proto     []string // X-Forwarded-Proto
		trusted   bool
		want      string
	}{
		"a path": {
			url: "/login?next=%2Fx", host: "shop.example.com",
			want: "http://shop.example.com/login?next=%2Fx",
		},
		"over TLS": {
			url: "/login", host: "shop.example.com",
			tls: true, want: "https://shop.example.com/login",
		},
		"a port": {
			url: "/login", host: "shop.example.com:8443",
			tls: true, want: "https://shop.example.com:8443/login",
		},
		"IPv6": {
			url: "/login", host: "[::1]:8080",
			want: "http://[::1]:8080/login",
		},
		"an address": {
			url: "https://id.example.com/login", host: "shop.example.com",
			want: "https://id.example.com/login",
		},
		"no host (HTTP/1.0)": {url: "/login", want: "/login"},
		"a trusted proxy ended TLS": {
			url: "/login", host: "shop.example.com", trusted: true,
			proto: []string{"https"}, want: "https://shop.example.com/login",
		},
		"in any case": {
			url: "/login", host: "shop.example.com", trusted: true,
			proto: []string{"HTTPS"}, want: "https://shop.example.com/login",
		},
		"a trusted proxy took plain HTTP": {
			url: "/login", host: "shop.example.com", tls: true,
			trusted: true, proto: []string{"http"}, want: "http://shop.example.com/login",
		},
		"somebody says that TLS was ended": {
			url: "/login", host: "shop.example.com",
			proto: []string{"https"}, want: "http://shop.example.com/login",
		},
		"a trusted proxy says something else": {
			url: "/login", host: "shop.example.com",
			trusted: true, proto: []string{"javascript"}, want: "http://shop.example.com/login",
		},
		"a trusted proxy says two things": {
			url: "/login", host: "shop.example.com",
			trusted: true, proto: []string{"https", "http"}, want: "http://shop.example.com/login",
		},
	} {
		r := httptest.NewRequest(http.MethodGet, "/upgrade", nil)
		r.Host, r.Header["X-Forwarded-Proto"] = tt.host, tt.proto
		if tt.tls {
			r.TLS = new(tls.ConnectionState)
		}
		r = r.WithContext(context.WithValue(r.Context(), caddyhttp.VarsCtxKey,
			map[string]any{caddyhttp.TrustedProxyVarKey: tt.trusted}))
		if got := Absolute(r, tt.url); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
