package e2e_test

import (
	"crypto"
	"errors"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// yes is a signing method that another plugin may put in the place of a real one.
type yes struct{}

func (yes) Verify(string, []byte, any) error { return nil }

func (yes) Sign(string, any) ([]byte, error) { return nil, errors.New("nothing to sign with") }

func (yes) Alg() string { return "HS256" }

func register(name string, method jwt.SigningMethod) {
	jwt.RegisterSigningMethod(name, func() jwt.SigningMethod { return method })
}

// not parallel: it changes the library that tests sign with
func TestAbuse68HostilePlugin(t *testing.T) {
	hash := jwt.SigningMethodHS256.Hash
	good := tokenOf(claims(ann))
	a := mustAuth(t, auth.Config{Secrets: []string{shoptest.JWTSecret}})
	t.Cleanup(func() {
		jwt.SigningMethodHS256.Hash = hash
		register("HS256", jwt.SigningMethodHS256)
		register("none", jwt.SigningMethodNone)
	})
	jwt.SigningMethodHS256.Hash = crypto.SHA512
	register("HS256", yes{})
	register("none", yes{})
	if _, err := a.Verify(t.Context(), good); err != nil {
		t.Errorf("a good token: %v", err)
	}
	for _, token := range []string{
		good[:len(good)-5] + "AAAAA", unsigned(`{"alg":"none"}`, `{"exp":4000000000}`, ""),
	} {
		if _, err := a.Verify(t.Context(), token); err == nil {
			t.Errorf("%s was accepted", token)
		}
	}
}
