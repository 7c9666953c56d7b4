package auth_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

// fromSet makes an Authenticator from a key set in a file.
func fromSet(t testing.TB, keys ...map[string]any) (*auth.Authenticator, error) {
	t.Helper()
	return auth.New(auth.Config{
		JWKS: file(t, "jwks.json", jwks(keys...)), Audience: []string{"any"}, From: fromCookie,
	})
}

// TestNullMembers is about serializers that write every member of their class, absent ones as null.
func TestNullMembers(t *testing.T) {
	nothing := func(members ...string) map[string]any {
		nulls := map[string]any{}
		for _, member := range members {
			nulls[member] = nil
		}
		return nulls
	}
	private := nothing("d", "p", "q", "dp", "dq", "qi", "oth", "k")
	for name, more := range map[string]map[string]any{
		"private members": private,
		"k alone":         nothing("k"),
		"what it is for":  nothing("use", "key_ops", "alg", "ext"),
		"certificates":    nothing("x5c", "x5u", "x5t", "x5t#S256"),
		"its name":        nothing("kid"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []signer{
				{alg: "RS256", private: rsaKey()}, {alg: "ES256", private: p256Key()},
				{alg: "EdDSA", private: ed25519Key()},
			} {
				a, err := fromSet(t, jwk(s.private, more))
				if err != nil {
					t.Fatalf("%s: %v", s.alg, err)
				}
				accepted(t, a, s.token(t, claims(ada)))
			}
		})
	}

	// What is required is missing if it is null, and a symmetric key is one without its bytes.
	for name, k := range map[string]map[string]any{
		"kty":       jwk(p256Key(), nothing("kty")),
		"crv":       jwk(p256Key(), nothing("crv")),
		"x":         jwk(ed25519Key(), nothing("x")),
		"n":         jwk(rsaKey(), nothing("n")),
		"e":         jwk(rsaKey(), nothing("e")),
		"symmetric": {"kty": "oct", "k": nil},
		"private":   jwk(p256Key(), map[string]any{"d": ""}),
	} {
		if _, err := fromSet(t, k); err == nil {
			t.Errorf("%s: the set was accepted", name)
		}
	}
}
