package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

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
		{
			"https://id.example.com", "https://keys.example.net/set?v=1",
			[]string{
				"https://id.example.com/.well-known/openid-configuration",
				"https://keys.example.net/set?v=1",
			},
		},
		{
			"https://id.example.com/t/1", "https://id.example.com/k",
			[]string{
				"https://id.example.com/t/1/.well-known/openid-configuration",
				"https://id.example.com/k",
			},
		},
		{
			"https://id.example.com/t/", "https://id.example.com/k",
			[]string{
				"https://id.example.com/t/.well-known/openid-configuration",
				"https://id.example.com/k",
			},
		},
		{
			"https://id.example.com", "http://127.0.0.1:2019/config",
			[]string{"https://id.example.com/.well-known/openid-configuration"},
		},
		{
			"https://id.example.com", "https://localhost/keys",
			[]string{"https://id.example.com/.well-known/openid-configuration"},
		},
		{
			"https://id.example.com", "http://id.example.com/keys",
			[]string{"https://id.example.com/.well-known/openid-configuration"},
		},
		{
			"https://id.example.com", "file:///etc/passwd",
			[]string{"https://id.example.com/.well-known/openid-configuration"},
		},
		{
			"https://id.example.com", "//id.example.com/keys",
			[]string{"https://id.example.com/.well-known/openid-configuration"},
		},
		{
			"https://id.example.com", "https://id.example.com@127.0.0.1/",
			[]string{"https://id.example.com/.well-known/openid-configuration"},
		},
	} {
		t.Run(test.issuer+" "+test.jwksURI, func(t *testing.T) {
			server := &discoveryServer{
				document: fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, test.issuer, test.jwksURI),
				keys:     jwks(jwkOf(es256("a"))),
			}
			a := newAuth(
				t,
				auth.Config{
					Issuer:   test.issuer,
					Audience: []string{"any"},
					Client:   &http.Client{Transport: server},
				},
			)
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

func TestProviderWorks(t *testing.T) {
	for name, by := range map[string]func(*provider) auth.RemoteConfig{
		"jwks": byJWKS, "discovery": byDiscovery,
	} {
		t.Run(name, func(t *testing.T) {
			keys := []signer{
				es256("ec"),
				{alg: "RS256", private: rsaKey(), kid: "rsa"},
				{alg: "PS256", private: rsaKey(), kid: "rsa"},
				{alg: "ES384", private: p384Key(), kid: "p384"},
				{alg: "EdDSA", private: ed25519Key(), kid: "ed"},
			}
			p := startProvider(t, jwkOf(keys[0]), jwkOf(keys[1]), jwkOf(keys[3]), jwkOf(keys[4]))
			r := newRemote(t, by(p))
			for _, s := range keys {
				accepted(t, r.Authenticator, p.idToken(t, s))
			}
			r.fetched(t, "ok")
			if got := p.asked("/jwks"); got != 1 {
				t.Errorf("%d fetches, want 1", got)
			}
			refused(
				t,
				r.Authenticator,
				p.idToken(t, signer{alg: "RS512", private: rsaKey(), kid: "rsa"}),
				"algorithm",
			)
		})
	}
}

func TestDiscoveryBindsIssuer(t *testing.T) {
	p := startProvider(t, jwkOf(es256("a")))
	r := newRemote(t, byDiscovery(p))
	refused(t, r.Authenticator, es256("a").token(t, claims(ada)), "issuer")
	refused(t, r.Authenticator, es256("a").token(t, claims(ada+`,"iss":"`+p.URL+`/"`)), "issuer")
	accepted(t, r.Authenticator, p.idToken(t, es256("a")))
}

// faults are what a provider may do instead of answering, and how the fetch then ends.
var faults = map[string]string{
	"256 MiB": "too_big", "drip": "timeout", "redirect": "redirect", "503": "status",
	"HTML":       "malformed",
	"empty body": "malformed", "half a body": "unreachable", "down": "unreachable",
	"empty set":     "no_usable_key",
	"symmetric key": "symmetric_key", "private key": "private_key",
	"duplicate kid":    "duplicate_kid",
	"duplicate member": "malformed", "wrong issuer": "issuer", "issuer with a slash": "issuer",
	"no jwks_uri":       "address",
	"jwks_uri in clear": "address", "discovery HTML": "malformed", "discovery 404": "status",
}

// impatient gives a dripping provider 50 ms, which stand in for our five seconds; another test
// measures these.
type impatient struct{ p *provider }

func (i impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	i.p.mu.Lock()
	drips := i.p.fault == "drip"
	i.p.mu.Unlock()
	if drips && r.URL.Path == "/jwks" {
		ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
		context.AfterFunc(ctx, cancel)
		r = r.WithContext(ctx)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestFaultyProvider(t *testing.T) {
	for fault, result := range faults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p := startProvider(t, jwkOf(es256("a")))
			cfg := byDiscovery(p)
			if fault == "drip" {
				cfg.Client = &http.Client{Transport: impatient{p}}
			}
			r := newRemote(t, cfg)
			token := p.idToken(t, es256("a"))

			// Broken from the start: nobody gets in, nobody is refused.
			p.breaks(fault)
			unavailable(t, r.Authenticator, token)
			r.fetched(t, result)
			if p.asked("/elsewhere") > 0 {
				t.Error("a redirect was followed")
			}
			if written := p.written.Load(); written > 16<<20 {
				t.Errorf("%d bytes were taken from the server", written)
			}

			// It comes up.
			p.breaks("")
			r.clock.advance(2 * time.Second)
			accepted(t, r.Authenticator, token)
			r.fetched(t, "ok")

			// It breaks again: the old keys stay, for a day.
			p.breaks(fault)
			r.clock.advance(11 * time.Minute)
			accepted(t, r.Authenticator, p.idToken(t, es256("a")))
			r.fetched(t, result)
			accepted(t, r.Authenticator, p.idToken(t, es256("a")))
			r.clock.advance(25 * time.Hour)
			late := es256(
				"a",
			).token(t, fmt.Sprintf(`{"exp":%d,%s,"iss":%q}`, r.clock.now().Unix()+60, ada, p.URL))
			unavailable(t, r.Authenticator, late)
			r.fetched(t, result)
		})
	}
}

// TestIssuerForManyTenants: whose discovery document holds a pattern instead of an issuer is told
// what works instead, because to write the issuer exactly as it does cannot be done.
func TestIssuerForManyTenants(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://login.microsoftonline.com/{tenantid}/v2.0": "#an-issuer-for-many-tenants",
		"https://sts.windows.net/{tenantid}/":               "#an-issuer-for-many-tenants",
		"https://id.example.com/realms/{realm}":             "#an-issuer-for-many-tenants",
		"https://other.example.com":                         "write the issuer exactly as it does",
		"":                                                  "write the issuer exactly as it does",
	} {
		const own = "https://login.microsoftonline.com/common/v2.0"
		server := &discoveryServer{
			document: fmt.Sprintf(`{"issuer":%q,"jwks_uri":"https://k.example"}`, issuer),
		}
		a := newAuth(t, auth.Config{
			Issuer: own, Audience: []string{"shop"}, Client: &http.Client{Transport: server},
		})
		_, err := a.Verify(t.Context(), es256("a").token(t, claims(ada)))
		if !errors.Is(err, auth.ErrKeysUnavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}
