package auth_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

func TestRotation(t *testing.T) {
	old := signer{alg: "HS256", private: []byte("the secret of last year, retired soon")}
	a := newAuth(
		t,
		auth.Config{
			Secrets: []string{
				secret,
				"base64:" + "dGhlIHNlY3JldCBvZiBsYXN0IHllYXIsIHJldGlyZWQgc29vbg==",
			},
		},
	)
	accepted(t, a, hs256().token(t, claims(ada)))
	accepted(t, a, old.token(t, claims(ada)))
	refused(
		t,
		a,
		signer{
			alg:     "HS256",
			private: []byte("the secret of somebody else altogether"),
		}.token(
			t,
			claims(ada),
		),
		"signature",
	)

	a = newAuth(
		t,
		auth.Config{
			PublicKeys: []string{
				publicPEM(rsaKey()),
				file(t, "new.pem", publicPEM(otherRSA())+publicPEM(p256Key())),
			},
		},
	)
	for _, s := range []signer{
		{alg: "RS256", private: rsaKey()},
		{alg: "RS256", private: otherRSA()},
		{alg: "ES256", private: p256Key()},
	} {
		accepted(t, a, s.token(t, claims(ada)))
	}
	refused(t, a, signer{alg: "ES256", private: otherP256()}.token(t, claims(ada)), "signature")
	refused(t, a, signer{alg: "PS256", private: rsaKey()}.token(t, claims(ada)), "algorithm")
}

// TestKeyChoice is about which key of a set may verify which token.
func TestKeyChoice(t *testing.T) {
	one, two := jwk(
		p256Key(),
		map[string]any{"kid": "1"},
	), jwk(
		otherP256(),
		map[string]any{"kid": "2"},
	)
	with := func(more map[string]any) map[string]any { return jwk(p256Key(), more) }
	sign := func(header string) string {
		return signer{alg: "ES256", private: p256Key()}.sign(t, header, "payload")
	}
	const plain = `{"alg":"ES256"}`
	for _, test := range []struct {
		name   string
		keys   []map[string]any
		header string
		rule   string
	}{
		{"its kid", []map[string]any{one, two}, `{"alg":"ES256","kid":"1"}`, good},
		{"the other's kid", []map[string]any{one, two}, `{"alg":"ES256","kid":"2"}`, "signature"},
		{"an unknown kid", []map[string]any{one, two}, `{"alg":"ES256","kid":"3"}`, "kid"},
		{"a path as kid", []map[string]any{one}, `{"alg":"ES256","kid":"../../dev/null"}`, "kid"},
		{
			"SQL as kid",
			[]map[string]any{one},
			`{"alg":"ES256","kid":"1' UNION SELECT '1';--"}`,
			"kid",
		},
		{"a look-alike kid", []map[string]any{one}, `{"alg":"ES256","kid":"１"}`, "kid"},
		{"no kid, two keys", []map[string]any{one, two}, plain, "kid"},
		{"no kid, one key", []map[string]any{one}, plain, good},
		{
			"no kid, one key of the algorithm",
			[]map[string]any{one, jwk(rsaKey(), nil)},
			plain,
			good,
		},
		{"no kid, no key of the algorithm", []map[string]any{jwk(rsaKey(), nil)}, plain, "key"},
		{
			"a kid, the key has none",
			[]map[string]any{with(nil)},
			`{"alg":"ES256","kid":"1"}`,
			"kid",
		},
		{
			"kid of another kind of key",
			[]map[string]any{jwk(rsaKey(), map[string]any{"kid": "1"})},
			`{"alg":"ES256","kid":"1"}`, "key",
		},
		{"alg of the key", []map[string]any{with(map[string]any{"alg": "ES256"})}, plain, good},
		{
			"its kid is null, the only key",
			[]map[string]any{one},
			`{"alg":"ES256","kid":null}`,
			good,
		},
		{
			"its kid is null, two keys",
			[]map[string]any{one, two},
			`{"alg":"ES256","kid":null}`,
			"kid",
		},
		{
			"use and key_ops",
			[]map[string]any{
				with(map[string]any{"use": "sig", "key_ops": []string{"sign", "verify"}}),
			},
			plain, good,
		},
		{
			"a key for encryption beside it",
			[]map[string]any{with(nil), jwk(otherP256(), map[string]any{"use": "enc"})},
			plain,
			good,
		},
		{
			"a key of an unknown kind beside it",
			[]map[string]any{with(nil), {"kty": "AKP", "alg": "ML-DSA-44"}},
			plain, good,
		},
		{
			"an RSA key for encryption",
			[]map[string]any{with(nil), jwk(rsaKey(), map[string]any{"alg": "RSA-OAEP"})},
			plain,
			good,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAuth(
				t,
				auth.Config{
					JWKS:     file(t, "jwks.json", jwks(test.keys...)),
					Audience: []string{"any"},
				},
			)
			compactly(t, a, sign(test.header), test.rule)
		})
	}

	pinned := newAuth(t, auth.Config{
		JWKS: file(
			t,
			"jwks.json",
			jwks(jwk(rsaKey(), map[string]any{"kid": "r", "alg": "RS256"})),
		),
		Audience: []string{"any"},
	})
	accepted(t, pinned, signer{alg: "RS256", private: rsaKey(), kid: "r"}.token(t, claims(ada)))
	refused(
		t,
		pinned,
		signer{alg: "PS256", private: rsaKey(), kid: "r"}.token(t, claims(ada)),
		"key",
	)
	refused(t, pinned, signer{alg: "PS256", private: rsaKey()}.token(t, claims(ada)), "key")
}
