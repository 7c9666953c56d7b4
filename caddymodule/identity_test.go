package caddymodule_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"
)

func unescape(t *testing.T, text string) string {
	t.Helper()
	plain, err := url.QueryUnescape(text)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestIdentityFromBasicAuth(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("pass"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PASSWORD_HASH", string(hash))
	s := openShop(t, `{
	checkout {
		api_url {$API}
	}
}

http:// {
	basic_auth /upgrade {
		bob@example.com {$PASSWORD_HASH}
		4711 {$PASSWORD_HASH}
	}
	checkout_link /upgrade {
		link_id 123
		identity {http.auth.user.id} email
	}
}
`)
	s.getsLink(s.click("/upgrade", func(r *request) { r.SetBasicAuth("bob@example.com", "pass") }),
		"bob@example.com")
	s.fails(s.click("/upgrade", func(r *request) { r.SetBasicAuth("4711", "pass") }),
		http.StatusForbidden)
	if res := s.click("/upgrade",
		func(r *request) {
			r.SetBasicAuth("bob@example.com",
				"guess")
		}); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong password is answered %d", res.StatusCode)
	}
	s.apiCalls(1)
}

// TestShopperWhoLeavesDuringTheFirstKeyFetchHasLeft: he was counted as an outage of the key server.
func TestShopperWhoLeavesDuringTheFirstKeyFetchHasLeft(t *testing.T) {
	release := make(chan struct{})
	keys := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter,
		*http.Request) {
		<-release
	}))
	t.Cleanup(keys.Close)
	t.Cleanup(func() { close(release) })
	t.Setenv("KEYS", keys.URL)
	s := openShop(t, `{
	checkout {
		api_url {$API}
		jwt {
			jwks {$KEYS}
			audience any
			from header Authorization
		}
	}
}

http:// {
	header >X-Outcome "{http.checkout.outcome}"
	checkout_link /upgrade {
		link_id 123
		anonymous redirect /login
		fallback /pricing
	}
}
`)
	gone, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(gone, http.MethodGet, "/upgrade", nil)
	openProvider(t).signs(jwt.MapClaims{"email": "ann@example.com"})(&request{r})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if got := w.Header().Get("X-Outcome"); w.Code != 499 || got != "left" {
		t.Errorf("%d, outcome %q", w.Code, got)
	}
}

func TestIdentityFromForwardAuth(t *testing.T) {
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("sso"); err == nil && cookie.Value == "good" {
			w.Header().Set("Remote-Email", "carol@example.com")
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(gate.Close)
	t.Setenv("GATE", strings.TrimPrefix(gate.URL, "http://"))
	s := openShop(t, `{
	checkout {
		api_url {$API}
	}
}

http:// {
	forward_auth /upgrade* {$GATE} {
		uri /verify
		copy_headers Remote-Email
	}
	checkout_link /upgrade {
		link_id 123
		identity {http.reverse_proxy.header.Remote-Email} email
	}
	checkout_link /upgrade/lower-case {
		link_id 123
		identity {rp.header.remote-email} email
	}
	checkout_link /open {
		link_id 123
		identity {http.reverse_proxy.header.Remote-Email} email
	}
}
`)
	signedIn := func(r *request) { r.AddCookie(&http.Cookie{Name: "sso", Value: "good"}) }
	s.getsLink(s.click("/upgrade", signedIn), "carol@example.com")
	s.getsLink(s.click("/upgrade/lower-case", signedIn), "carol@example.com")
	forged := header("Remote-Email", "victim@example.com")
	if res := s.click("/upgrade", forged); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a forged header is answered %d", res.StatusCode)
	}
	s.fails(s.click("/open", forged), http.StatusUnauthorized)
	s.apiCalls(1)
}

// provider is an OpenID provider whose keys the test holds.
type provider struct {
	*httptest.Server
	key *ecdsa.PrivateKey
	kid string
}

func openProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key, kid: "one"}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration",
		func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, p.URL, p.URL+"/keys")
		})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		public, err := key.PublicKey.Bytes()
		if err != nil {
			t.Error(err)
			return
		}
		half := base64.RawURLEncoding.EncodeToString
		fmt.Fprintf(w, `{"keys":[{"kty":"EC","crv":"P-256","use":"sig","kid":%q,"x":%q,"y":%q}]}`,
			p.kid, half(public[1:33]), half(public[33:]))
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	t.Setenv("ISSUER", p.URL)
	return p
}

func (p *provider) signs(claims jwt.MapClaims) func(*request) {
	for name, value := range map[string]any{"iss": p.URL, "aud": "shop",
		"exp": time.Now().Add(time.Hour).Unix()} {
		if _, ok := claims[name]; !ok {
			claims[name] = value
		}
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = p.kid
	text, err := token.SignedString(p.key)
	if err != nil {
		panic(err)
	}
	return header("Authorization", "Bearer "+text)
}

const openIDShop = `{
	checkout {
		api_url {$API}
		jwt {
			issuer {$ISSUER}
			audience shop
			from header Authorization
		}
		campaign pro {
			link_id 1
		}
	}
}

http:// {
	checkout_link /upgrade pro
}
`

func TestOpenIDProvider(t *testing.T) {
	p := openProvider(t)
	s := openShop(t, openIDShop)
	s.getsLink(s.click("/upgrade",
		p.signs(jwt.MapClaims{"email": "dora@example.com",
			"email_verified": true})), "dora@example.com")
	for name, claims := range map[string]jwt.MapClaims{
		"another audience": {"email": "dora@example.com", "aud": "bank"},
		"another issuer":   {"email": "dora@example.com", "iss": p.URL + "/"},
		"expired":          {"email": "dora@example.com", "exp": 1},
	} {
		if res := s.click("/upgrade", p.signs(claims)); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	s.fails(s.click("/upgrade",
		p.signs(jwt.MapClaims{"email": "victim@example.com",
			"email_verified": false})), http.StatusForbidden)
	s.apiCalls(1)
}

// TestReloadWhileTheProviderIsDown: keys that were fetched before a reload still verify after it.
func TestReloadWhileTheProviderIsDown(t *testing.T) {
	p := openProvider(t)
	s := openShop(t, openIDShop)
	s.getsLink(s.click("/upgrade", p.signs(jwt.MapClaims{"email": "dora@example.com"})),
		"dora@example.com")
	p.Close()
	if err := s.reload(openIDShop); err != nil {
		t.Fatal(err)
	}
	s.getsLink(s.click("/upgrade", p.signs(jwt.MapClaims{"email": "emil@example.com"})),
		"emil@example.com")
}

// TestProviderThatNeverAnswered: nobody is let in, and nobody is told to sign in again.
func TestProviderThatNeverAnswered(t *testing.T) {
	p := openProvider(t)
	p.Close()
	s := openShop(t, openIDShop)
	res := s.click("/upgrade", p.signs(jwt.MapClaims{"email": "dora@example.com"}))
	s.fails(res, http.StatusServiceUnavailable)
	if res.Header.Get("Retry-After") == "" {
		t.Error("Retry-After is missing")
	}
	s.apiCalls(0)
}

// TestNoLeewayIsNone is the regression test of a leeway of zero that was read as the default.
func TestNoLeewayIsNone(t *testing.T) {
	justExpired := as(jwt.MapClaims{"email": "ann@example.com",
		"exp": time.Now().Add(-10 * time.Second).Unix()})
	s := openShop(t, shopWithin("leeway 30s"))
	s.getsLink(s.click("/upgrade", justExpired), "ann@example.com")
	if err := s.reload(shopWithin("leeway 0s")); err != nil {
		t.Fatal(err)
	}
	s.fails(s.click("/upgrade", justExpired), http.StatusUnauthorized)
	s.getsLink(s.click("/upgrade", by("ann@example.com")), "ann@example.com")
}

// shopWithin is a shop whose identity has one line more.
func shopWithin(line string) string {
	return `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			` + line + `
		}
	}
}

http:// {
	checkout_link /upgrade {
		link_id 1
	}
}
`
}

// TestWordsFromTheEnvironment is the regression test of words that went to the verifier and to
// Zotlo as {env.NAME}.
func TestWordsFromTheEnvironment(t *testing.T) {
	p := openProvider(t)
	t.Setenv("AUDIENCE", "shop")
	t.Setenv("APPLICATION_ID", "42")
	t.Setenv("PAY_HOST", "pay.sandbox.example")
	s := openShop(t, `{
	checkout {
		api_url {env.API}
		application_id {env.APPLICATION_ID}
		link_hosts {env.PAY_HOST}
		jwt {
			issuer {env.ISSUER}
			audience {env.AUDIENCE}
			from header Authorization
		}
		jwt keys {
			jwks {env.ISSUER}/keys
			audience other {env.AUDIENCE}
			from header Authorization
		}
		campaign pro {
			link_id 1
		}
	}
}

http:// {
	checkout_link /upgrade pro
	checkout_link /keys pro {
		jwt keys
	}
}
`)
	for _, path := range []string{"/upgrade", "/keys"} {
		s.getsLink(s.click(path, p.signs(jwt.MapClaims{"email": "ann@example.com"})),
			"ann@example.com")
	}
	for _, request := range s.zotlo.Requests() {
		if id := request.Header.Get("ApplicationId"); id != "42" {
			t.Errorf("Zotlo got the application id %q", id)
		}
	}
}
