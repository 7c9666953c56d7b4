package checkout_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/auth"
)

// provider is an identity provider on loopback that answers as a test says.
type provider struct {
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
	asked  atomic.Int64
}

func openProvider(t *testing.T, answer http.HandlerFunc) *provider {
	t.Helper()
	p := &provider{}
	p.answer.Store(&answer)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		(*p.answer.Load())(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) answers(answer http.HandlerFunc) { p.answer.Store(&answer) }

// pair is a key of a provider, known by its kid.
type pair struct {
	kid string
	key *ecdsa.PrivateKey
}

func newPair(kid string) pair {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return pair{kid, key}
}

func (p pair) jwk() map[string]any {
	point, err := p.key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return map[string]any{"kty": "EC", "crv": "P-256", "kid": p.kid, "x": b64(point[1:33]), "y": b64(point[33:])}
}

func (p pair) token(claims map[string]any) string {
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims(claims))
	token.Header["kid"] = p.kid
	text, err := token.SignedString(p.key)
	if err != nil {
		panic(err)
	}
	return text
}

func keySet(pairs ...pair) http.HandlerFunc {
	keys := []map[string]any{}
	for _, p := range pairs {
		keys = append(keys, p.jwk())
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
	}
}

// trusting is the guarded site with a provider's keys.
func trusting(p *provider) string {
	return strings.Replace(guarded, "secret {env.JWT_SECRET}", "jwks "+p.URL+"/jwks", 1)
}

func TestAbuse06FloodOfUnknownKeys(t *testing.T) {
	t.Parallel()
	known := newPair("known")
	p := openProvider(t, keySet(known))
	s := openShop(t, trusting(p))
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", bearing(known.token(claims(ann)))))
	forger := newPair("")
	for i := range 300 {
		forger.kid = fmt.Sprint("random-", i)
		s.denied(t, "an unknown kid", s.visit(t, "/upgrade", bearing(forger.token(claims(ann)))), http.StatusUnauthorized)
	}
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", bearing(known.token(claims(ann)))))
	// One fetch at start, and one each 10 s at most, however slow this machine is.
	if n := p.asked.Load(); n > 3 {
		t.Errorf("%d fetches", n)
	}
}

func TestAbuse07HostileKeyServer(t *testing.T) {
	known := newPair("known")
	var elsewhere atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Add(1)
		keySet(known)(w, r)
	}))
	defer trap.Close()
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) }
	}
	for name, answer := range map[string]http.HandlerFunc{
		"redirect":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, trap.URL, http.StatusFound) },
		"HTML":       text("<h1>hello</h1>"),
		"empty set":  text(`{"keys":[]}`),
		"secret key": text(`{"keys":[{"kty":"oct","kid":"known","k":"c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA"}]}`),
		"too long": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.Repeat(" ", 300<<10))
			keySet(known)(w, r)
		},
		"two of a name": keySet(known, newPair("known")),
		"error":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		t.Run(name, func(t *testing.T) {
			p := openProvider(t, answer)
			a := mustAuth(t, auth.Config{JWKS: p.URL, Audience: []string{"shop"}})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			bearing(known.token(claims(ann)))(r)
			if user, err := a.Authenticate(r); err == nil {
				t.Errorf("let in as %v", user.Subscriber)
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestAbuse08ProviderDownAtStart(t *testing.T) {
	t.Parallel()
	known := newPair("known")
	p := openProvider(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	s := openShop(t, trusting(p))
	token := bearing(known.token(claims(ann)))
	got := s.visit(t, "/upgrade", token)
	s.denied(t, "a user nobody can check", got, http.StatusServiceUnavailable)
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	p.answers(keySet(known))
	eventually(t, "the keys are there", func() bool { return s.visit(t, "/upgrade", token).StatusCode == http.StatusSeeOther })
	s.wantCalls(t, 1)
}

func TestAbuse09RevokedKey(t *testing.T) {
	stolen, fresh := newPair("stolen"), newPair("fresh")
	p := openProvider(t, keySet(stolen, fresh))
	var passed atomic.Int64
	start := time.Now()
	now := func() time.Time { return start.Add(time.Duration(passed.Load())) }
	a := mustAuth(t, auth.Config{JWKS: p.URL, Audience: []string{"shop"}, Now: now})
	enters := func(who pair) bool {
		_, err := a.Verify(t.Context(), who.token(claims(ann)))
		return err == nil
	}
	if !enters(stolen) || !enters(fresh) {
		t.Fatal("good keys do not work")
	}
	p.answers(keySet(fresh))
	passed.Store(int64(15 * time.Minute))
	eventually(t, "the stolen key is refused", func() bool { return !enters(stolen) })
	if !enters(fresh) {
		t.Error("the key that stayed is refused")
	}
}
