package auth_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

// discoveryServer answers discovery and key set, and notes the addresses.
type discoveryServer struct {
	document, keys string
	asked          []string
}

func (s *discoveryServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r.URL.String())
	answer := httptest.NewRecorder()
	if strings.HasSuffix(r.URL.Path, "openid-configuration") {
		fmt.Fprint(answer, s.document)
	} else {
		fmt.Fprint(answer, s.keys)
	}
	return answer.Result(), nil
}

func TestDiscoveryAddresses(t *testing.T) {
	for _, test := range []struct {
		issuer, jwksURI string
		asked           []string // none for the key set: jwks_uri is refused
	}{
		{"https://id.example.com", "https://keys.example.net/set?v=1", []string{"https://id.example.com/.well-known/openid-configuration", "https://keys.example.net/set?v=1"}},
		{"https://id.example.com/t/1", "https://id.example.com/k", []string{"https://id.example.com/t/1/.well-known/openid-configuration", "https://id.example.com/k"}},
		{"https://id.example.com/t/", "https://id.example.com/k", []string{"https://id.example.com/t/.well-known/openid-configuration", "https://id.example.com/k"}},
		{"https://id.example.com", "http://127.0.0.1:2019/config", []string{"https://id.example.com/.well-known/openid-configuration"}},
		{"https://id.example.com", "https://localhost/keys", []string{"https://id.example.com/.well-known/openid-configuration"}},
		{"https://id.example.com", "http://id.example.com/keys", []string{"https://id.example.com/.well-known/openid-configuration"}},
		{"https://id.example.com", "file:///etc/passwd", []string{"https://id.example.com/.well-known/openid-configuration"}},
		{"https://id.example.com", "//id.example.com/keys", []string{"https://id.example.com/.well-known/openid-configuration"}},
		{"https://id.example.com", "https://id.example.com@127.0.0.1/", []string{"https://id.example.com/.well-known/openid-configuration"}},
	} {
		t.Run(test.issuer+" "+test.jwksURI, func(t *testing.T) {
			server := &discoveryServer{document: fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, test.issuer, test.jwksURI), keys: jwks(jwkOf(es256("a")))}
			a := newAuth(t, auth.Config{Issuer: test.issuer, Audience: []string{"any"}, Client: &http.Client{Transport: server}})
			token := es256("a").token(t, claims(fmt.Sprintf(`"iss":%q`, test.issuer)))
			if len(test.asked) == 2 {
				accepted(t, a, token)
			} else {
				unavailable(t, a, token)
			}
			if !slices.Equal(server.asked, test.asked) {
				t.Errorf("asked %q", server.asked)
			}
		})
	}
}

// Our own client trusts no certificate that the machine does not trust.
func TestUntrustedCertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, jwks(jwkOf(es256("a"))))
	}))
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r := newRemote(t, auth.RemoteConfig{URL: server.URL})
	unavailable(t, r.Authenticator, es256("a").token(t, claims(ada)))
	r.fetched(t, "unreachable")
	r = newRemote(t, auth.RemoteConfig{URL: server.URL, Client: server.Client()})
	accepted(t, r.Authenticator, es256("a").token(t, claims(ada)))
	server.Client().CloseIdleConnections()
}
