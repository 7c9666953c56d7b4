package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"maps"
	"strings"
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
				{alg: "RS256", private: rsaKey()},
				{alg: "ES256", private: p256Key()},
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

	a, err := fromSet(t, nil, jwk(p256Key(), nil)) // a null in place of a key
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, a, signer{alg: "ES256", private: p256Key()}.token(t, claims(ada)))

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

// TestTwins is about one kid, or none, on several keys of a set.
func TestTwins(t *testing.T) {
	type members = map[string]any
	named := func(private any, more members) members {
		k := jwk(private, members{"kid": "a"})
		maps.Copy(k, more)
		return k
	}
	es := signer{alg: "ES256", private: p256Key(), kid: "a"}
	rs := signer{alg: "RS256", private: rsaKey(), kid: "a"}
	ps := signer{alg: "PS256", private: rsaKey(), kid: "a"}
	bare := signer{alg: "ES256", private: p256Key()}
	other := signer{alg: "ES256", private: otherP256(), kid: "a"}

	for name, test := range map[string]struct {
		keys []members
		good []signer
		bad  map[string]signer // by rule
	}{
		"one key twice": {
			[]members{named(p256Key(), nil), named(p256Key(), nil)},
			[]signer{es, bare},
			map[string]signer{"signature": other},
		},
		"one key twice, once with use and alg": {
			[]members{
				named(p256Key(), members{"use": "sig", "alg": "ES256"}), named(p256Key(), nil),
			},
			[]signer{es, bare},
			nil,
		},
		"one key twice without kid": {
			[]members{jwk(p256Key(), nil), jwk(p256Key(), nil)},
			[]signer{bare},
			map[string]signer{"kid": es},
		},
		"one key under two names": {
			[]members{named(p256Key(), nil), jwk(p256Key(), members{"kid": "b"})},
			[]signer{es, bare},
			nil,
		},
		"one key for each algorithm": {
			[]members{
				named(rsaKey(), members{"alg": "RS256"}), named(rsaKey(), members{"alg": "PS256"}),
			},
			[]signer{rs, ps},
			nil,
		},
		"two keys, each for its algorithm": {
			[]members{
				named(rsaKey(), members{"alg": "RS256"}),
				named(otherRSA(), members{"alg": "PS256"}),
			},
			[]signer{rs},
			map[string]signer{"signature": ps},
		},
		"another kind under the same kid": {
			[]members{named(rsaKey(), nil), named(p256Key(), nil), named(ed25519Key(), nil)},
			[]signer{rs, ps, es, bare},
			nil,
		},
		"two curves under the same kid": {
			[]members{named(p384Key(), nil), named(p256Key(), nil)},
			[]signer{es, {alg: "ES384", private: p384Key(), kid: "a"}},
			nil,
		},
		"another for encryption": {
			[]members{named(otherP256(), members{"use": "enc"}), named(p256Key(), nil)},
			[]signer{es, bare},
			map[string]signer{"signature": other},
		},
		"another for signing only": {
			[]members{
				named(p256Key(), nil), named(otherP256(), members{"key_ops": []string{"sign"}}),
			},
			[]signer{es, bare},
			nil,
		},
		"another for an algorithm that is none of ours": {
			[]members{named(rsaKey(), nil), named(otherRSA(), members{"alg": "RSA-OAEP"})},
			[]signer{rs},
			nil,
		},
		"another that cannot be read": {
			[]members{{"kty": "AKP", "kid": "a"}, named(p256Key(), nil), {"kid": "a"}},
			[]signer{es, bare},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := fromSet(t, test.keys...)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range test.good {
				accepted(t, a, s.token(t, claims(ada)))
			}
			for rule, s := range test.bad {
				refused(t, a, s.token(t, claims(ada)), rule)
			}
		})
	}

	// Two keys of one name that could both be meant are a mistake of the publisher.
	for name, keys := range map[string][]members{
		"of one kind": {named(p256Key(), nil), named(otherP256(), nil)},
		"one for any": {named(rsaKey(), members{"alg": "RS256"}), named(otherRSA(), nil)},
		"not the neighbours": {
			named(p256Key(), nil), named(rsaKey(), nil), named(otherP256(), nil),
		},
	} {
		if _, err := fromSet(t, keys...); err == nil || !strings.Contains(err.Error(), "same kid") {
			t.Errorf("two keys of one kid, %s: %v", name, err)
		}
	}
}

// A key set in a file is read at load, so that a mistake in it is one of the config.
func TestKeySetErrors(t *testing.T) {
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	mistakes{
		"jwks file is missing": {
			auth.Config{JWKS: "/no/such/jwks.json", Audience: []string{"a"}},
			"no such file",
		},
		"jwks file is empty": {
			auth.Config{JWKS: file(t, "jwks.json", ""), Audience: []string{"a"}},
			"not one JSON object",
		},
		"jwks file is a JWK": {
			auth.Config{JWKS: file(t, "jwks.json", `{"kty":"EC"}`), Audience: []string{"a"}},
			`"keys"`,
		},
		"jwks of strings": {
			auth.Config{JWKS: file(t, "jwks.json", `{"keys":["a"]}`), Audience: []string{"a"}},
			`"keys"`,
		},
		"jwks file is big": {
			auth.Config{
				JWKS:     file(t, "jwks.json", strings.Repeat(" ", 300000)),
				Audience: []string{"a"},
			},
			"more than 262144",
		},
		"empty set": {keySetFile(t), "no usable key among"},
		"mixed set": {
			keySetFile(t,
				jwk(p256Key(), nil),
				map[string]any{"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"},
			),
			"symmetric key",
		},
		"private set": {
			keySetFile(t, jwk(p256Key(), map[string]any{"d": "AQAB"})),
			"private key",
		},
		"two keys of a kid": {
			keySetFile(t,
				jwk(p256Key(), map[string]any{"kid": "a"}),
				jwk(otherP256(), map[string]any{"kid": "a"}),
			),
			"same kid",
		},
		"key for encryption": {
			keySetFile(t, jwk(p256Key(), map[string]any{"use": "enc"})),
			"its use is not sig",
		},
		"use is no text": {
			keySetFile(t, jwk(p256Key(), map[string]any{"use": 1})),
			"its use is not sig",
		},
		"key for signing": {
			keySetFile(t, jwk(p256Key(), map[string]any{"key_ops": []string{"sign"}})),
			"key_ops",
		},
		"key_ops is no list": {
			keySetFile(t, jwk(p256Key(), map[string]any{"key_ops": "verify"})),
			"key_ops",
		},
		"key_ops of numbers": {
			keySetFile(t, jwk(p256Key(), map[string]any{"key_ops": []int{1}})),
			"key_ops",
		},
		"wrong alg for the key": {
			keySetFile(t, jwk(p256Key(), map[string]any{"alg": "ES384"})),
			"its alg",
		},
		"alg for encryption": {
			keySetFile(t, jwk(rsaKey(), map[string]any{"alg": "RSA-OAEP"})),
			"its alg",
		},
		"kid is no text": {keySetFile(t, jwk(p256Key(), map[string]any{"kid": 1})), "its kid"},
		"kid is long": {
			keySetFile(t, jwk(p256Key(), map[string]any{"kid": strings.Repeat("k", 257)})),
			"its kid",
		},
		"RSA 1024 in a set": {keySetFile(t, jwk(small, nil)), "1024 bits"},
		"exponent wraps around": {
			keySetFile(t, jwk(rsaKey(), map[string]any{"e": "AQAAAAAAAQAB"})),
			"exponent is too big",
		},
		"not on the curve": {
			keySetFile(t, jwk(p256Key(), map[string]any{"x": jwk(otherP256(), nil)["x"]})),
			"malformed",
		},
		"X25519": {
			keySetFile(t,
				map[string]any{
					"kty": "OKP",
					"crv": "X25519",
					"x":   "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08",
				},
			),
			"no usable key among",
		},
		"short Ed25519": {
			keySetFile(t, jwk(ed25519Key(), map[string]any{"x": "AAAA"})),
			"malformed",
		},
	}.areRefused(t)
}
