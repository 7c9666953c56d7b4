// Package clientip finds the shopper's address, and tells the operator when it is probably a
// proxy's.
package clientip

import (
	"net/http"
	"net/netip"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// Of is Caddy's own {client_ip} in canonical form, and nothing else: Zotlo chooses prices by it, so
// no header that a visitor writes may reach it. The address is not valid when Caddy knows none.
func Of(r *http.Request) netip.Addr {
	text, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap().WithZone("")
}

// Warnings tells each thing that may be wrong with addresses once per configuration. The zero value
// is ready, and safe for concurrent use.
type Warnings struct{ private, forwarded, missing sync.Once }

// forwardingHeaders are what proxies and CDNs use to pass the client's address on.
var forwardingHeaders = [...]string{
	"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip",
}

// Look warns when shoppers' addresses are probably a proxy's. Ask it when a link is made, not on
// every click.
func (w *Warnings) Look(log *zap.Logger, r *http.Request, ip netip.Addr) {
	if trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); !trusted {
		w.lookForHeaders(log, r.Header)
	}
	if ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		w.private.Do(func() {
			log.Warn("a shopper's address is private: Zotlo chooses currency and price by it; " +
				"if a proxy stands before Caddy, set trusted_proxies")
		})
	}
}

// Missing tells the operator that Caddy knows no address of the shopper, so that no link can be
// made. It is a fault of the whole site and not of one click.
func (w *Warnings) Missing(log *zap.Logger, outcome string) {
	w.missing.Do(func() {
		log.Error("no checkout link: Caddy knows no client address, which Zotlo requires: if a "+
			"proxy hands requests over on a Unix socket, set trusted_proxies_unix in `servers`, "+
			"and let the proxy send X-Forwarded-For", zap.String("outcome", outcome))
	})
}

func (w *Warnings) lookForHeaders(log *zap.Logger, h http.Header) {
	for _, name := range forwardingHeaders {
		if len(h[name]) == 0 {
			continue
		}
		w.forwarded.Do(func() {
			log.Warn("a request carries a forwarding header but its peer is no trusted proxy: "+
				"if a proxy or CDN stands before Caddy, set trusted_proxies and "+
				"trusted_proxies_strict, or every shopper gets the proxy's country and price",
				zap.String("header", name))
		})
	}
}
