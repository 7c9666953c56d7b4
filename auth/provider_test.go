package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

// provider is an OpenID provider on loopback: a discovery document and a key set that can be
// rotated, and every fault that we have thought of.
type provider struct {
	*httptest.Server

	mu    sync.Mutex
	keys  []map[string]any
	fault string
	hits  map[string]int
	// written counts the bytes of the key set that went out.
	written atomic.Int64
}

func startProvider(t testing.TB, keys ...map[string]any) *provider {
	p := &provider{keys: keys, hits: map[string]int{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) breaks(fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

func (p *provider) asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits[path]
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.hits[r.URL.Path]++
	fault, body := p.fault, jwks(p.keys...)
	p.mu.Unlock()
	issuer := "http://" + r.Host
	if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
		p.discovery(w, fault, issuer)
		return
	}
	switch fault {
	case "256 MiB":
		w.Header().Set("Content-Type", "application/json")
		chunk := []byte(strings.Repeat(" ", 1<<16))
		for range 256 << 20 >> 16 {
			n, err := w.Write(chunk)
			p.written.Add(int64(n))
			if err != nil {
				return
			}
		}
		fmt.Fprint(w, body)
	case "drip":
		fmt.Fprint(w, "{")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case "redirect":
		http.Redirect(w, r, issuer+"/elsewhere", http.StatusFound)
	case "503":
		http.Error(w, "later", http.StatusServiceUnavailable)
	case "HTML":
		fmt.Fprint(w, "<!doctype html><title>Sign in</title>")
	case "empty body":
	case "half a body":
		w.Header().Set("Content-Length", "100000")
		fmt.Fprint(w, body)
	case "down":
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	case "empty set":
		fmt.Fprint(w, `{"keys":[]}`)
	case "symmetric key":
		fmt.Fprint(
			w,
			strings.Replace(
				body,
				`{"keys":[`,
				`{"keys":[{"kty":"oct","kid":"o","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"},`,
				1,
			),
		)
	case "private key":
		fmt.Fprint(w, strings.Replace(body, `{"keys":[{`, `{"keys":[{"d":"AQAB",`, 1))
	case "duplicate kid":
		fmt.Fprint(w, jwks(jwkOf(es256("a")), jwk(otherP256(), map[string]any{"kid": "a"})))
	case "duplicate member":
		fmt.Fprint(w, `{"keys":[],`+body[1:])
	default:
		fmt.Fprint(w, body)
	}
}

func (p *provider) discovery(w http.ResponseWriter, fault, issuer string) {
	document := fmt.Sprintf(
		`{"issuer":%q,"jwks_uri":%q,"response_types_supported":["code"]}`,
		issuer,
		issuer+"/jwks",
	)
	switch fault {
	case "wrong issuer":
		document = strings.Replace(document, issuer, "https://id.example.com", 1)
	case "issuer with a slash":
		document = strings.Replace(document, issuer, issuer+"/", 1)
	case "no jwks_uri":
		document = strings.Replace(document, "jwks_uri", "jwks_url", 1)
	case "jwks_uri in clear":
		document = strings.Replace(document, issuer+"/jwks", "http://169.254.169.254/jwks", 1)
	case "discovery HTML":
		document = "<html>"
	case "discovery 404":
		http.Error(w, "no", http.StatusNotFound)
		return
	}
	fmt.Fprint(w, document)
}

// clock is a clock that stands still until it is told to move.
type clock struct{ nanoseconds atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanoseconds.Store(time.Now().UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.nanoseconds.Load()) }
func (c *clock) advance(d time.Duration) { c.nanoseconds.Add(int64(d)) }

// remote is an Authenticator whose keys come from a provider, with a clock and a view on the
// fetches.
type remote struct {
	*auth.Authenticator
	keys    *auth.RemoteKeys
	clock   *clock
	results chan string
}

// byJWKS and byDiscovery are the two ways to the keys of a provider.
func byJWKS(p *provider) auth.RemoteConfig      { return auth.RemoteConfig{URL: p.URL + "/jwks"} }
func byDiscovery(p *provider) auth.RemoteConfig { return auth.RemoteConfig{Issuer: p.URL} }

func newRemote(t testing.TB, cfg auth.RemoteConfig) *remote {
	t.Helper()
	r := &remote{clock: newClock(), results: make(chan string, 100)}
	cfg.Now = r.clock.now
	cfg.OnRefresh = func(result string, err error) {
		if (result == "ok") != (err == nil) {
			t.Errorf("result %q with error %v", result, err)
		}
		r.results <- result
	}
	keys, err := auth.NewRemoteKeys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.keys = keys
	r.Authenticator = newAuth(t, auth.Config{
		JWKS: cfg.URL, Issuer: cfg.Issuer, Remote: keys, Audience: []string{"any"},
		Now: r.clock.now,
	})
	return r
}

// fetched wants the next fetch to end so.
func (r *remote) fetched(t testing.TB, want string) {
	t.Helper()
	select {
	case got := <-r.results:
		if got != want {
			t.Errorf("the fetch ended as %q, want %q", got, want)
		}
		r.keys.SettleForTest()
	case <-time.After(20 * time.Second):
		t.Fatalf("no fetch, want one that ends as %q", want)
	}
}

// unavailable wants the answer that is neither yes nor no.
func unavailable(t testing.TB, a *auth.Authenticator, token string) {
	t.Helper()
	user, err := a.Verify(t.Context(), token)
	if !errors.Is(err, auth.ErrKeysUnavailable) || user != nil {
		t.Errorf("user %v, error %v, want ErrKeysUnavailable", user, err)
	}
	if _, ok := errors.AsType[*auth.RefusedError](err); ok {
		t.Error("a server that is down refuses nobody")
	}
}

// idToken is a token of the provider for any site.
func (p *provider) idToken(t testing.TB, s signer) string {
	return s.token(t, claims(fmt.Sprintf(`%s,"iss":%q`, ada, p.URL)))
}

func es256(kid string) signer { return signer{alg: "ES256", private: p256Key(), kid: kid} }

func jwkOf(s signer) map[string]any {
	return jwk(s.private, map[string]any{"kid": s.kid, "use": "sig"})
}
