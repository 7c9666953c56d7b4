package shoptest

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

// OverTLS is a site with a certificate of Caddy's own authority.
func OverTLS(site string) string {
	const secure = "shop.example.com {\n\ttls internal"
	return strings.NewReplacer(
		"http://shop.example.com {", secure, "http:// {", secure,
	).Replace(site)
}

// Trust returns a client's settings for a site over TLS.
func (s *Shop) Trust(t *testing.T) *tls.Config {
	t.Helper()
	if !s.Logged("added certificate to cache") {
		t.Fatalf("no certificate:\n%s", s.Log)
	}
	root := filepath.Join(s.Dir, "data", "caddy", "pki", "authorities", "local", "root.crt")
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM([]byte(Read(t, root))) {
		t.Fatal("no certificate of the local authority")
	}
	return &tls.Config{RootCAs: authority, ServerName: Host}
}

// OverQUIC is a client of HTTP/3 that sends early data where it can.
func (s *Shop) OverQUIC(t *testing.T, conf *tls.Config) *http3.Transport {
	t.Helper()
	h3 := &http3.Transport{
		TLSClientConfig: conf,
		Dial: func(
			ctx context.Context, _ string, tlsConf *tls.Config, quicConf *quic.Config,
		) (*quic.Conn, error) {
			return quic.DialAddrEarly(ctx, s.HTTPS, tlsConf, quicConf)
		},
	}
	t.Cleanup(func() { h3.Close() })
	return h3
}

// Protocols are clients for the three versions of HTTP, by what their answers call themselves.
func (s *Shop) Protocols(t *testing.T) map[string]*http.Client {
	t.Helper()
	conf := s.Trust(t)
	overTCP := func() *http.Transport {
		return &http.Transport{
			DialContext: DialTo("tcp", s.HTTPS), TLSClientConfig: conf.Clone(),
			Protocols: new(http.Protocols),
		}
	}
	h1, h2 := overTCP(), overTCP()
	h1.Protocols.SetHTTP1(true)
	h2.Protocols.SetHTTP2(true)
	return map[string]*http.Client{
		"HTTP/1.1": Browser(t, h1), "HTTP/2.0": Browser(t, h2),
		"HTTP/3.0": Browser(t, s.OverQUIC(t, conf.Clone())),
	}
}
