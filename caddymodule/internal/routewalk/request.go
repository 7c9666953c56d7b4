package routewalk

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Request describes a request that nobody made.
type Request struct {
	Method   string // default: GET
	URI      string // a path with its query, or a whole address; default: /
	Host     string // default: that of URI, else the header Host
	Header   http.Header
	ClientIP string // default: DefaultClientIP
}

// DefaultClientIP is one of the addresses that RFC 5737 keeps for documentation.
const DefaultClientIP = "192.0.2.1"

// parsed is a request whose texts were read.
type parsed struct {
	Request
	url *url.URL
	ip  netip.Addr
}

// parse checks the texts. Its errors name the member and quote nothing of it.
func (q Request) parse() (p parsed, err error) {
	q.Method = cmp.Or(q.Method, http.MethodGet)
	q.URI = cmp.Or(q.URI, "/")
	p = parsed{Request: q}
	p.url, err = url.ParseRequestURI(q.URI)
	if err != nil || p.url.Host == "" && p.url.Path == "" {
		return p, errors.New("request: uri: write a path such as /checkout/pro?a=b, or a whole " +
			"address")
	}
	p.Host = cmp.Or(q.Host, p.url.Host, q.Header.Get("Host"))
	p.ip, err = netip.ParseAddr(cmp.Or(q.ClientIP, DefaultClientIP))
	if err != nil {
		return p, errors.New("request: client_ip: write an address such as 203.0.113.7")
	}
	if _, err := http.NewRequest(q.Method, "/", nil); err != nil { //nolint:noctx // only its method
		return p, errors.New("request: method: write one such as GET")
	}
	return p, nil
}

// Prepare makes the request as server would get it, with Caddy's own plumbing, so that matchers and
// placeholders work on it. A nil server is one without settings.
func (q Request) Prepare(ctx context.Context, server *caddyhttp.Server) (*http.Request, error) {
	p, err := q.parse()
	if err != nil {
		return nil, err
	}
	if server == nil {
		server = new(caddyhttp.Server)
	}
	return p.prepare(ctx, server, p.Host), nil
}

func (p parsed) prepare(ctx context.Context, server *caddyhttp.Server, host string) *http.Request {
	u := *p.url
	r := (&http.Request{
		Method: p.Method, URL: &u, RequestURI: u.RequestURI(), Host: host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: p.Header.Clone(), Body: http.NoBody,
		RemoteAddr: net.JoinHostPort(p.ip.String(), "0"),
	}).WithContext(ctx)
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Del("Host")
	if u.Scheme == "https" {
		r.TLS = &tls.ConnectionState{
			Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: u.Hostname(),
		}
	}
	// A server reads only the path and the query from the first line of a request.
	r.URL.Scheme, r.URL.Host = "", ""
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), &Silence{make(http.Header)}, server)
	// It is the shopper's own address, whatever stands before Caddy.
	caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, p.ip.String())
	return r
}

// port is where a whole address leads; 0 is any.
func (p parsed) port() uint {
	text := p.url.Port()
	switch {
	case text != "":
	case p.url.Scheme == "https":
		return caddyhttp.DefaultHTTPSPort
	case p.url.Scheme == "http":
		return caddyhttp.DefaultHTTPPort
	}
	port, err := net.LookupPort("tcp", text)
	if err != nil || text == "" {
		return 0
	}
	return uint(port)
}
