package checkout_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// Every version of HTTP that Caddy speaks gives the redirect, under a certificate of its own authority.
func TestProtocols(t *testing.T) {
	t.Parallel()
	s := openShop(t, overTLS(smallest))
	for proto, client := range s.protocols(t) {
		t.Run(proto, func(t *testing.T) {
			email := strings.ToLower(proto[:4]+proto[5:]) + "@example.com"
			for range 2 {
				got := ask(t, client, email, "https://"+shopHost+"/upgrade")
				if got.Proto != proto {
					t.Errorf("answered over %s", got.Proto)
				}
				s.wantLinkOf(t, email, got)
			}
		})
	}
	s.wantCalls(t, 3)
}

// overTLS is a site with a certificate of Caddy's own authority.
func overTLS(site string) string {
	return strings.NewReplacer("http://shop.example.com {", "shop.example.com {\n\ttls internal", "http:// {", "shop.example.com {\n\ttls internal").Replace(site)
}

// trust returns a client's settings for such a site.
func (s *shop) trust(t *testing.T) *tls.Config {
	t.Helper()
	if !s.logged("added certificate to cache") {
		t.Fatalf("no certificate:\n%s", s.log)
	}
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM([]byte(read(t, filepath.Join(s.dir, "data", "caddy", "pki", "authorities", "local", "root.crt")))) {
		t.Fatal("no certificate of the local authority")
	}
	return &tls.Config{RootCAs: authority, ServerName: shopHost}
}

// overQUIC is a client of HTTP/3 that sends early data where it can.
func (s *shop) overQUIC(t *testing.T, conf *tls.Config) *http3.Transport {
	t.Helper()
	h3 := &http3.Transport{
		TLSClientConfig: conf,
		Dial: func(ctx context.Context, _ string, tlsConf *tls.Config, quicConf *quic.Config) (*quic.Conn, error) {
			return quic.DialAddrEarly(ctx, s.https, tlsConf, quicConf)
		},
	}
	t.Cleanup(func() { h3.Close() })
	return h3
}

// protocols are clients for the three versions of HTTP.
func (s *shop) protocols(t *testing.T) map[string]*http.Client {
	t.Helper()
	conf := s.trust(t)
	h1 := &http.Transport{DialContext: dialTo("tcp", s.https), TLSClientConfig: conf.Clone(), Protocols: new(http.Protocols)}
	h1.Protocols.SetHTTP1(true)
	h2 := &http.Transport{DialContext: dialTo("tcp", s.https), TLSClientConfig: conf.Clone(), Protocols: new(http.Protocols)}
	h2.Protocols.SetHTTP2(true)
	return map[string]*http.Client{"HTTP/1.1": browser(t, h1), "HTTP/2.0": browser(t, h2), "HTTP/3.0": browser(t, s.overQUIC(t, conf.Clone()))}
}
