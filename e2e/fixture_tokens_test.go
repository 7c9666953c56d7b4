package e2e_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// claims are those of a good token for the guarded site, with changes; a nil value takes a claim
// away.
func claims(email string, changes ...map[string]any) map[string]any {
	all := map[string]any{
		"iss": "https://id.example.com", "aud": "shop", "exp": time.Now().Add(time.Hour).Unix(),
		"email": email,
	}
	for _, change := range changes {
		maps.Copy(all, change)
	}
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}

// tokenOf signs claims with the site's secret, under a header with changes.
func tokenOf(claims map[string]any, headers ...map[string]any) string {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims))
	for _, h := range headers {
		maps.Copy(token.Header, h)
	}
	text, err := token.SignedString([]byte(shoptest.JWTSecret))
	if err != nil {
		panic(err)
	}
	return text
}

// signText signs a text as claims, whatever it is.
func signText(payload string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"HS256"}`)) + "." + b64([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(text, []byte(shoptest.JWTSecret))
	if err != nil {
		panic(err)
	}
	return text + "." + b64(signature)
}

func mustAuth(t *testing.T, cfg auth.Config) *auth.Authenticator {
	t.Helper()
	cfg.From = []auth.Source{{In: "cookie", Name: "session"}}
	a, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// person invents an e-mail address.
func person(i int) string { return fmt.Sprintf("person-%d@example.com", i) }
