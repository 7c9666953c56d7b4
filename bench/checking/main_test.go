package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/golang-jwt/jwt/v5"
)

// Each request is checked: one with a bad signature ends here.
func TestCheckIsMade(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	token, err := jwt.New(jwt.SigningMethodES256).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		token string
		good  bool
	}{{token, true}, {strings.Replace(token, ".", "x.", 1), false}} {
		c := &check{Algorithm: "ES256", PublicKey: file, Token: row.token}
		if err := c.Provision(caddy.Context{}); err != nil {
			t.Fatal(err)
		}
		reached := false
		next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
			reached = true
			return nil
		})
		err := c.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), next)
		if reached != row.good || (err == nil) != row.good {
			t.Errorf("good %v: next was reached: %v, error %v", row.good, reached, err)
		}
	}
}
