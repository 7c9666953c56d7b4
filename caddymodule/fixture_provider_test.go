package caddymodule_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

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
	for name, value := range map[string]any{
		"iss": p.URL, "aud": "shop",
		"exp": time.Now().Add(time.Hour).Unix(),
	} {
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
