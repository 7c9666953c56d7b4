//go:build unix

package rediscache

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/linkgen/cachetest"
)

func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	replica := redistest.Start(t, "--replicaof", "127.0.0.1", master.Port())
	admin := replica.Client()
	redistest.Eventually(t, "the replica follows", func() bool {
		return strings.Contains(admin.Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
	sentinel := redistest.StartSentinel(t, "shop", master)
	watcher := sentinel.Client()
	redistest.Eventually(t, "the sentinel knows the replica", func() bool {
		replicas, _ := watcher.Do(t.Context(), "sentinel", "replicas", "shop").Slice()
		return len(replicas) == 1
	})
	c := open(t, Config{URLs: []string{sentinel.URL()}, MasterName: "shop", Secret: secret, Timeout: time.Second})
	recovers(t, c)

	master.Kill()
	redistest.Eventually(t, "the replica is master", func() bool {
		return strings.Contains(admin.Info(t.Context(), "replication").Val(), "role:master")
	})
	recovers(t, c)
	if n := admin.DBSize(t.Context()).Val(); n == 0 {
		t.Error("nothing is kept on the new master")
	}
}

func TestTLSWithAnACLUser(t *testing.T) {
	certFile, keyFile, authorities := certificate(t)
	// Exactly what the package's manual says that a user needs.
	server := redistest.StartTLS(t, certFile, keyFile,
		"--user", "default", "off",
		"--user", "shop", "on", ">a:pass/word", "~checkout:*", "+hello", "+auth", "+select", "+ping", "+set", "+getrange", "+pexpire", "+del",
		"+evalsha", "+eval", "+time", "+get")
	url := "rediss://shop:a%3Apass%2Fword@" + server.Addr

	c := open(t, patient(Config{URLs: []string{url}, TLS: &tls.Config{RootCAs: authorities}}))
	k := cachetest.Key(ada, "pro")
	keep(t, c, k, link)
	hit(t, c, k, link)
	for op, err := range everyOperation(t.Context(), t, c, k, get(t, c, k).Epoch) {
		if err != nil {
			t.Errorf("%s: %v", op, err)
		}
	}
	server.Restart()
	miss(t, c, k) // the dead connections are seen before they are used
	keep(t, c, k, link)
	hit(t, c, k, link)

	for name, tt := range map[string]struct {
		cfg  Config
		kind string
	}{
		"an authority that is not trusted": {Config{URLs: []string{url}}, "connection"},
		"no TLS":                           {Config{URLs: []string{strings.Replace(url, "rediss", "redis", 1)}}, "connection protocol"},
		"the wrong password":               {Config{URLs: []string{"rediss://shop:guess@" + server.Addr}, TLS: &tls.Config{RootCAs: authorities}}, "auth"},
		"another prefix":                   {Config{URLs: []string{url}, TLS: &tls.Config{RootCAs: authorities}, KeyPrefix: "theirs:"}, "auth"},
		"credentials of their own":         {Config{URLs: []string{"rediss://" + server.Addr}, TLS: &tls.Config{RootCAs: authorities, ServerName: "127.0.0.1"}, Username: "shop", Password: "a:pass/word"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, patient(tt.cfg)).Get(t.Context(), k)
			if !strings.Contains(tt.kind, Kind(err)) || tt.kind != "" && err == nil {
				t.Errorf("%v, want %s", err, tt.kind)
			}
		})
	}
}

// certificate writes a certificate for 127.0.0.1 that is its own authority.
func certificate(t *testing.T) (certFile, keyFile string, authorities *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	authorities = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	authorities.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private), authorities
}
