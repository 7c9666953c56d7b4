package auth_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/auth"
)

// acceptAll is a signing method that a neighbour in the same process may register.
type acceptAll string

func (a acceptAll) Verify(string, []byte, any) error { return nil }

func (a acceptAll) Sign(string, any) ([]byte, error) { return nil, nil }

func (a acceptAll) Alg() string { return string(a) }

// TestHostileNeighbour changes all of golang-jwt that a program can change. Nothing of it may reach
// us.
func TestHostileNeighbour(t *testing.T) {
	precision := jwt.TimePrecision
	hash, pss := *jwt.SigningMethodHS256, *jwt.SigningMethodPS256
	t.Cleanup(func() {
		jwt.TimePrecision, *jwt.SigningMethodHS256, *jwt.SigningMethodPS256 = precision, hash, pss
		jwt.RegisterSigningMethod(
			"HS256",
			func() jwt.SigningMethod { return jwt.SigningMethodHS256 },
		)
		jwt.RegisterSigningMethod(
			"RS256",
			func() jwt.SigningMethod { return jwt.SigningMethodRS256 },
		)
		jwt.RegisterSigningMethod("none", func() jwt.SigningMethod { return jwt.SigningMethodNone })
	})
	before, rs := newAuth(
		t,
		withSecret(),
	), newAuth(
		t,
		auth.Config{PublicKeys: []string{publicPEM(rsaKey())}},
	)

	jwt.TimePrecision = 24 * time.Hour
	jwt.MarshalSingleStringAsArray = false
	defer func() { jwt.MarshalSingleStringAsArray = true }()
	*jwt.SigningMethodHS256 = jwt.SigningMethodHMAC{Name: "HS256", Hash: crypto.SHA384}
	jwt.SigningMethodPS256.VerifyOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}
	for _, name := range []string{"HS256", "RS256", "none"} {
		jwt.RegisterSigningMethod(name, func() jwt.SigningMethod { return acceptAll(name) })
	}

	for _, a := range []*auth.Authenticator{before, newAuth(t, withSecret())} {
		accepted(t, a, hs256().token(t, claims(ada)))
		refused(
			t,
			a,
			signer{
				alg:     "HS256",
				private: []byte("somebody else's secret, long enough"),
			}.token(
				t,
				claims(ada),
			),
			"signature",
		)
		refused(t, a, "eyJhbGciOiJub25lIn0.e30.AAAA", "algorithm")
		refused(t, a, hs256().token(t, `{"exp":1000000000}`), "expired")
	}
	refused(t, rs, signer{alg: "RS256", private: otherRSA()}.token(t, claims(ada)), "signature")
}

// RFC 7518 section 3.5 fixes the length of the salt; other lengths are somebody's experiment.
func TestSaltLength(t *testing.T) {
	a, s := authFor(t, "PS256")
	signed := b64.EncodeToString([]byte(s.header())) + "." + b64.EncodeToString([]byte(claims(ada)))
	h := crypto.SHA256.New()
	h.Write([]byte(signed))
	for salt, rule := range map[int]string{
		32: good, rsa.PSSSaltLengthEqualsHash: good, 1: "signature", 20: "signature",
		31: "signature", 33: "signature", 64: "signature", 222: "signature",
	} {
		signature := must(
			rsa.SignPSS(
				rand.Reader,
				rsaKey(),
				crypto.SHA256,
				h.Sum(nil),
				&rsa.PSSOptions{SaltLength: salt},
			),
		)
		compactly(t, a, signed+"."+b64.EncodeToString(signature), rule)
	}
}

// TestEd25519ByBothNames: RFC 9864 calls Ed25519 what RFC 8037 called EdDSA. Both are one
// algorithm, wherever a name may stand.
func TestEd25519ByBothNames(t *testing.T) {
	names := []string{"EdDSA", "Ed25519"}
	configs := map[string]auth.Config{
		"local": {PublicKeys: []string{publicPEM(ed25519Key())}},
		"set": {
			JWKS:     file(t, "jwks.json", jwks(jwk(ed25519Key(), nil))),
			Audience: []string{"any"},
		},
	}
	for _, name := range names {
		configs["local, algorithms "+name] = auth.Config{
			PublicKeys: []string{publicPEM(ed25519Key())}, Algorithms: []string{name},
		}
		configs["set, algorithms "+name] = auth.Config{
			JWKS:     file(t, "jwks.json", jwks(jwk(ed25519Key(), nil))),
			Audience: []string{"any"}, Algorithms: []string{name},
		}
		configs["set, its alg "+name] = auth.Config{
			JWKS:     file(t, "jwks.json", jwks(jwk(ed25519Key(), map[string]any{"alg": name}))),
			Audience: []string{"any"},
		}
	}
	configs["both"] = auth.Config{
		PublicKeys: []string{publicPEM(ed25519Key())}, Algorithms: names,
	}
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := newAuth(t, cfg)
			for _, alg := range names {
				accepted(t, a, signer{alg: alg, private: ed25519Key()}.token(t, claims(ada)))
				outsider := ed25519.NewKeyFromSeed(make([]byte, 32))
				refused(
					t, a, signer{alg: alg, private: outsider}.token(t, claims(ada)), "signature",
				)
			}
			for _, alg := range []string{"ed25519", "Ed448", "EDDSA", "ed25519ph"} {
				token := signer{alg: "EdDSA", private: ed25519Key()}.sign(t,
					`{"alg":"`+alg+`"}`, claims(ada))
				refused(t, a, token, "algorithm")
			}
		})
	}

	// The name does not open a key of another kind.
	rs := newAuth(t, auth.Config{PublicKeys: []string{publicPEM(rsaKey())}})
	refused(t, rs, signer{alg: "Ed25519", private: ed25519Key()}.token(t, claims(ada)), "algorithm")
	_, err := auth.New(auth.Config{
		PublicKeys: []string{publicPEM(rsaKey())}, Algorithms: []string{"RS256", "Ed25519"},
		From: fromCookie,
	})
	if err == nil || !strings.Contains(err.Error(), "needs an Ed25519 key") {
		t.Errorf("algorithms Ed25519 without such a key: %v", err)
	}
}

func TestAlgorithmErrors(t *testing.T) {
	rsaPEM, ecPEM := publicPEM(rsaKey()), publicPEM(p256Key())
	mistakes{
		"none": {
			secretAnd(func(c *auth.Config) { c.Algorithms = []string{"none"} }),
			"never accepted",
		},
		"unknown algorithm": {
			secretAnd(func(c *auth.Config) { c.Algorithms = []string{"hs256"} }),
			"write some of HS256",
		},
		"ES256K": {
			auth.Config{PublicKeys: []string{ecPEM}, Algorithms: []string{"ES256K"}},
			"never accepted",
		},
		"no key for it": {
			secretAnd(func(c *auth.Config) { c.Algorithms = []string{"HS256", "RS256"} }),
			"algorithms RS256: needs an RSA key",
		},
		"no algorithm for key": {
			auth.Config{PublicKeys: []string{rsaPEM, ecPEM}, Algorithms: []string{"RS256"}},
			"key 2 is a P-256 key",
		},
		"HMAC with a key set": {
			auth.Config{
				JWKS:       "https://id.example.com/jwks",
				Audience:   []string{"a"},
				Algorithms: []string{"HS256"},
			},
			"public keys only",
		},
	}.areRefused(t)
}
