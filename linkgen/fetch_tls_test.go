package linkgen_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

func TestTLSFaults(t *testing.T) {
	pool, expired, wrongName, fine := certificates(t)
	cases := []struct {
		name   string
		server *tls.Config
		want   string // of the cause; empty: it must work
	}{
		{"good", &tls.Config{Certificates: fine}, ""},
		{"expired", &tls.Config{Certificates: expired}, "certificate"},
		{"another name", &tls.Config{Certificates: wrongName}, "certificate"},
		{"TLS 1.1", &tls.Config{Certificates: fine, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "calling the API"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			api := tlsServer(t, c.server)
			s := set(t, at(api.URL), trusting(pool))
			defer s.g.Close()
			if c.want == "" {
				s.hit("ada", linkgen.FromAPI)
				return
			}
			e := s.refused("ada", linkgen.Unavailable)
			tellsNothing(t, e)
			if !strings.Contains(e.Cause().Error(), c.want) {
				t.Errorf("cause %q, want one about %q", e.Cause(), c.want)
			}
		})
	}
	t.Run("not trusted", func(t *testing.T) {
		s := set(t, at(tlsServer(t, &tls.Config{Certificates: fine}).URL))
		s.refused("ada", linkgen.Unavailable)
	})
	t.Run("plain HTTP on the port", func(t *testing.T) {
		server := newRawServer(t)
		s := set(t, at("https://"+server.listener.Addr().String()))
		tellsNothing(t, s.refused("ada", linkgen.Unavailable))
	})
}

func trusting(pool *x509.CertPool) func(*linkgen.Config) {
	return func(c *linkgen.Config) {
		transport := zotlo.NewTransport()
		transport.TLSClientConfig.RootCAs = pool
		c.Transport = transport
	}
}

func tlsWith(c []tls.Certificate) *tls.Config { return &tls.Config{Certificates: c} }

func tlsServer(t testing.TB, config *tls.Config) *httptest.Server {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, good)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.EnableHTTP2 = true
	server.TLS = config
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// certificates are signed by one authority: one that is too old, one for another name, one that is
// right.
func certificates(t testing.TB) (pool *x509.CertPool, expired, wrongName, fine []tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	issue := func(c *x509.Certificate) []byte {
		der, err := x509.CreateCertificate(rand.Reader, c, ca, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	leaf := func(ip, until string) []tls.Certificate {
		age, _ := time.ParseDuration(until)
		der := issue(&x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: canary}, IPAddresses: []net.IP{net.ParseIP(ip)},
			NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(age),
		})
		return []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	}
	root, err := x509.ParseCertificate(issue(ca))
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(root)
	return pool, leaf("127.0.0.1", "-1h"), leaf("192.0.2.1", "1h"), leaf("127.0.0.1", "1h")
}
