package target

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// ParseReturn reads the address to which a shopper comes back from an embedded checkout. It is
// absolute, because Zotlo's SDK parses it by itself after the payment; it is https, or http on this
// machine; and no request changes it.
func ParseReturn(text string) (*Target, error) {
	if strings.ContainsAny(text, "{}") {
		return nil, fmt.Errorf("%q holds a placeholder, and no request chooses where shoppers "+
			"come back: write the whole address", text)
	}
	t, err := Parse(text)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a URL", text)
	}
	if at.Host == "" || at.Scheme != "https" && !isLoopback(at.Hostname()) {
		return nil, fmt.Errorf("%q is no absolute https address (http is for loopback only): "+
			"Zotlo's SDK parses it after the payment, so write one such as "+
			"https://shop.example.com/checkout", text)
	}
	return t, nil
}

// IsOf reports whether the target is on the site that was asked. A path is.
func (t *Target) IsOf(r *http.Request) bool {
	return t.host == "" || strings.EqualFold(t.host, r.Host) ||
		strings.EqualFold(t.host, withoutDefaultPort(r.Host))
}

// isLoopback reports whether a host is this machine, by its name or its number, where nobody can
// listen in.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}
