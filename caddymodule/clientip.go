package caddymodule

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// forwardingHeaders are what proxies and CDNs use to pass the client's address on.
var forwardingHeaders = [...]string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip"}

// ipWarnings keeps each warning about client addresses to one per configuration.
type ipWarnings struct{ private, forwarded sync.Once }

// clientIP is Caddy's own {client_ip} in canonical form, and nothing else: Zotlo chooses prices by it, so no header that a visitor
// writes may reach it. The address is not valid when Caddy knows none.
func clientIP(r *http.Request) netip.Addr {
	text, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap().WithZone("")
}

// warnAboutIP tells the operator once when shoppers' addresses are probably a proxy's. It is asked when a link is made, not on every click.
func (a *App) warnAboutIP(r *http.Request, ip netip.Addr) {
	if trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); !trusted {
		for _, name := range forwardingHeaders {
			if len(r.Header[name]) > 0 {
				a.ipWarnings.forwarded.Do(func() {
					a.log.Warn("a request carries a forwarding header but its peer is no trusted proxy: if a proxy or CDN stands before Caddy, set trusted_proxies and trusted_proxies_strict, or every shopper gets the proxy's country and price", zap.String("header", name))
				})
			}
		}
	}
	if ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		a.ipWarnings.private.Do(func() {
			a.log.Warn("a shopper's address is private: Zotlo chooses currency and price by it; if a proxy stands before Caddy, set trusted_proxies")
		})
	}
}

// typeName is all that may be logged of a value that could hold anything.
func typeName(value any) string { return fmt.Sprintf("%T", value) }
