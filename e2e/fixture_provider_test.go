package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/golang-jwt/jwt/v5"
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
	return map[string]any{
		"kty": "EC", "crv": "P-256", "kid": p.kid, "x": b64(point[1:33]),
		"y": b64(point[33:]),
	}
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
