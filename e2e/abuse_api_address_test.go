package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

func TestAbuse37InnerHosts(t *testing.T) {
	setDocumentedEnv(t)
	const site = `
shop.example.com {
	checkout_link /upgrade {
		link_id 1
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
}
`
	for _, line := range []string{
		"api_url http://169.254.169.254", "api_url http://api.zotlo.com",
		"api_url ftp://api.zotlo.com", "api_url //api.zotlo.com",
		"api_url https://u:p@api.zotlo.com",
		"api_url {http.request.host}", "api_url https://{http.request.header.X-Api}",
		"api_url gopher://127.0.0.1",
	} {
		refusesToLoad(t, fragment("option", line)+site, "api_url")
	}
	for _, line := range []string{
		"jwks http://169.254.169.254/keys", "jwks http://id.example.com/keys",
		"issuer http://id.example.com", "jwks https://{http.request.host}/keys",
	} {
		option, _, _ := strings.Cut(line, " ")
		refusesToLoad(t, fragment("jwt", line+"\naudience shop"), option)
	}
}

func TestAbuse37RedirectsOfTheAPI(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		reached.Add(1)
	}))
	defer trap.Close()
	s := shoptest.Open(t, guarded)
	for i, status := range []int{301, 302, 303, 307, 308} {
		s.Zotlo.Fail(sandbox.Custom(status, http.Header{"Location": {trap.URL}}, ""))
		s.Denies(t, fmt.Sprint(status), http.StatusBadGateway, "/upgrade", as(person(i)))
	}
	if reached.Load() != 0 {
		t.Error("the access secret was carried to another host")
	}
}

func TestAbuse69BadCertificates(t *testing.T) {
	stand := sandbox.New(sandbox.Config{PublicURL: shoptest.PayURL})
	trusting := func(server *httptest.Server) *http.Transport {
		transport := zotlo.NewTransport()
		authority := x509.NewCertPool()
		authority.AddCert(server.Certificate())
		transport.TLSClientConfig.RootCAs = authority
		return transport
	}
	for name, c := range map[string]struct {
		prepare   func(*httptest.Server)
		transport func(*httptest.Server) *http.Transport
		host      string
	}{
		"unknown authority": {transport: func(*httptest.Server) *http.Transport {
			return zotlo.NewTransport()
		}},
		"another name": {transport: trusting, host: "localhost"},
		"TLS 1.1": {transport: trusting, prepare: func(s *httptest.Server) {
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(stand)
			server.Config.ErrorLog = quiet
			if c.prepare != nil {
				c.prepare(server)
			}
			server.StartTLS()
			defer server.Close()
			address := server.URL
			if c.host != "" {
				address = strings.Replace(address, "127.0.0.1", c.host, 1)
			}
			h := newHarness(t, func(cfg *linkgen.Config) {
				cfg.Transport, cfg.Projects[0].APIURL = c.transport(server), address
			})
			h.fails(t, ann, linkgen.Unavailable)
		})
	}
	if stand.Calls() != 0 {
		t.Error("a secret was sent")
	}
	refusesToLoad(t, fragment("option", "insecure_skip_verify"), "insecure_skip_verify")
}
