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
	s := openShop(t, strings.Replace(smallest, "http://shop.example.com {", "shop.example.com {\n\ttls internal", 1))
	if !s.logged("added certificate to cache") {
		t.Fatalf("no certificate:\n%s", s.log)
	}
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM([]byte(read(t, filepath.Join(s.dir, "data", "caddy", "pki", "authorities", "local", "root.crt")))) {
		t.Fatal("no certificate of the local authority")
	}
	trust := func() *tls.Config { return &tls.Config{RootCAs: authority, ServerName: shopHost} }

	h1 := &http.Transport{DialContext: dialTo("tcp", s.https), TLSClientConfig: trust(), Protocols: new(http.Protocols)}
	h1.Protocols.SetHTTP1(true)
	h2 := &http.Transport{DialContext: dialTo("tcp", s.https), TLSClientConfig: trust(), Protocols: new(http.Protocols)}
	h2.Protocols.SetHTTP2(true)
	h3 := &http3.Transport{
		TLSClientConfig: trust(),
		Dial: func(ctx context.Context, _ string, tlsConf *tls.Config, conf *quic.Config) (*quic.Conn, error) {
			return quic.DialAddrEarly(ctx, s.https, tlsConf, conf)
		},
	}
	t.Cleanup(func() { h3.Close() })

	for _, c := range []struct {
		proto     string
		transport http.RoundTripper
	}{
		{"HTTP/1.1", h1},
		{"HTTP/2.0", h2},
		{"HTTP/3.0", h3},
	} {
		t.Run(c.proto, func(t *testing.T) {
			client := browser(t, c.transport)
			email := strings.ToLower(c.proto[:4]+c.proto[5:]) + "@example.com"
			for range 2 {
				got := ask(t, client, email, "https://"+shopHost+"/upgrade")
				if got.Proto != c.proto {
					t.Errorf("answered over %s", got.Proto)
				}
				s.wantLinkOf(t, email, got)
			}
		})
	}
	s.wantCalls(t, 3)
}
