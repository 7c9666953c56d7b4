package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// TestConfigErrors wants each mistake refused at load, in a text that names the fix and nothing of
// a secret.
func TestConfigErrors(t *testing.T) {
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	rsaPEM, ecPEM := publicPEM(rsaKey()), publicPEM(p256Key())
	jwksOf := func(keys ...map[string]any) auth.Config {
		return auth.Config{JWKS: file(t, "jwks.json", jwks(keys...)), Audience: []string{"any"}}
	}
	keys := func(list ...string) auth.Config { return auth.Config{PublicKeys: list} }
	secrets := func(list ...string) auth.Config { return auth.Config{Secrets: list} }
	with := func(change func(*auth.Config)) auth.Config {
		cfg := withSecret()
		change(&cfg)
		return cfg
	}
	withoutRead := file(t, "unreadable.pem", rsaPEM)
	if err := os.Chmod(withoutRead, 0); err != nil {
		t.Fatal(err)
	}
	readable := func() bool { _, err := os.ReadFile(withoutRead); return err == nil }()

	tests := map[string]struct {
		cfg  auth.Config
		want string // part of the error
	}{
		"no keys": {
			auth.Config{},
			"write `secret`, `public_key`, `jwks`, or `issuer` alone",
		},
		"two kinds of keys": {
			auth.Config{Secrets: []string{secret}, PublicKeys: []string{rsaPEM}},
			"keep one of",
		},
		"secret and jwks": {
			auth.Config{Secrets: []string{secret}, JWKS: "https://id.example.com/jwks"},
			"keep one of",
		},
		"public key and jwks": {
			auth.Config{PublicKeys: []string{rsaPEM}, JWKS: "https://id.example.com/jwks"},
			"keep one of",
		},
		"short secret": {
			secrets("hunter2-hunter2-hunter2-hunter2"),
			"HS256 needs at least 32",
		},
		"empty secret":           {secrets(""), "has 0 bytes"},
		"second secret is short": {secrets(secret, "short"), "secret 2"},
		"short for HS384": {
			auth.Config{Secrets: []string{secret[:47]}, Algorithms: []string{"HS384"}},
			"HS384 needs at least 48",
		},
		"short for HS512": {
			auth.Config{Secrets: []string{secret[:63]}, Algorithms: []string{"HS256", "HS512"}},
			"HS512 needs at least 64",
		},
		"base64 of a short one":   {secrets("base64:aHVudGVyMg=="), "has 7 bytes"},
		"not base64":              {secrets("base64:" + secret), "is not base64"},
		"blank around the secret": {secrets(secret + "\n"), "white space"},
		"PEM as secret":           {secrets(rsaPEM), "write `public_key` instead"},
		"PEM in base64 as secret": {
			secrets("base64:" + base64.StdEncoding.EncodeToString([]byte(rsaPEM))),
			"write `public_key` instead",
		},
		"private PEM as secret": {
			secrets(pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(rsaKey())))),
			"write `public_key` instead",
		},
		"DER as secret": {
			secrets(
				"base64:" + base64.StdEncoding.EncodeToString(
					must(x509.MarshalPKIXPublicKey(publicOf(rsaKey()))),
				),
			),
			"write `public_key` instead",
		},
		"PKCS #1 as secret": {
			secrets(string(x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey))),
			"write `public_key` instead",
		},
		"body of a PEM as secret": {
			secrets(
				base64.StdEncoding.EncodeToString(
					must(x509.MarshalPKIXPublicKey(publicOf(p256Key()))),
				),
			),
			"write `public_key` instead",
		},

		"no such file":   {keys("/no/such/file.pem"), "no such file"},
		"a folder":       {keys(t.TempDir()), "directory"},
		"empty file":     {keys(file(t, "empty.pem", " \n")), "holds no key"},
		"not PEM":        {keys(file(t, "key.pem", "hello")), "not a PEM text"},
		"a JWKS as PEM":  {keys(file(t, "key.pem", jwks())), "write `jwks`"},
		"junk after PEM": {keys(rsaPEM + "and so on"), "not a PEM text"},
		"private key": {
			keys(pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p256Key())))),
			"private key",
		},
		"RSA private key": {
			keys(pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey()))),
			"private key",
		},
		"public and private": {
			keys(rsaPEM + pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256Key())))),
			"private key",
		},
		"certificate": {keys(pemOf("CERTIFICATE", []byte{1})), "x509 -in FILE -pubkey"},
		"other PEM":   {keys(pemOf("OPENSSH KEY", []byte{1})), "PUBLIC KEY"},
		"broken PEM":  {keys(pemOf("PUBLIC KEY", []byte{1, 2, 3})), "public_key 1"},
		"RSA 1024":    {keys(publicPEM(small)), "1024 bits; make one with at least 2048"},
		"exponent 3": {
			keys(publicPEM(weakRSA{&rsa.PublicKey{N: rsaKey().N, E: 3}})),
			"exponent 3",
		},
		"even exponent": {
			keys(publicPEM(weakRSA{&rsa.PublicKey{N: rsaKey().N, E: 65538}})),
			"exponent 65538",
		},
		"even modulus": {
			keys(
				publicPEM(
					weakRSA{&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}},
				),
			),
			"even modulus",
		},
		"RSA too big": {
			keys(
				publicPEM(weakRSA{&rsa.PublicKey{N: new(big.Int).Lsh(rsaKey().N, 7000), E: 65537}}),
			),
			"at most 8192",
		},
		"ROCA": {
			keys(
				publicPEM(
					weakRSA{
						&rsa.PublicKey{
							N: new(big.Int).Exp(big.NewInt(65537), big.NewInt(130), nil),
							E: 65537,
						},
					},
				),
			),
			"ROCA",
		},
		"P-224":            {keys(publicPEM(p224)), "not an RSA, P-256"},
		"P-521 by default": {keys(publicPEM(p521Key())), "write `algorithms ES512`"},
		"large file": {
			keys(file(t, "big.pem", strings.Repeat(rsaPEM, 1000))),
			"more than 262144 bytes",
		},

		"none": {
			with(func(c *auth.Config) { c.Algorithms = []string{"none"} }),
			"never accepted",
		},
		"unknown algorithm": {
			with(func(c *auth.Config) { c.Algorithms = []string{"hs256"} }),
			"write some of HS256",
		},
		"ES256K": {
			auth.Config{PublicKeys: []string{ecPEM}, Algorithms: []string{"ES256K"}},
			"never accepted",
		},
		"no key for it": {
			with(func(c *auth.Config) { c.Algorithms = []string{"HS256", "RS256"} }),
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

		"no audience for jwks": {
			auth.Config{JWKS: "https://id.example.com/jwks"},
			"write `audience shop` or `audience any`",
		},
		"no audience for discovery": {
			auth.Config{Issuer: "https://id.example.com"},
			"write `audience shop` or `audience any`",
		},
		"empty audience": {
			with(func(c *auth.Config) { c.Audience = []string{""} }),
			"audience is empty",
		},
		"any and others": {
			with(func(c *auth.Config) { c.Audience = []string{"shop", "any"} }),
			"stands alone",
		},
		"mistyped kind": {
			with(func(c *auth.Config) { c.SubscriberID = []string{"email", "sub:mail"} }),
			`"sub:mail" ends in no kind; write :email`,
		},
		"kind in capitals": {
			with(func(c *auth.Config) { c.SubscriberID = []string{"login:Email"} }),
			`"login:Email" ends in no kind; write :email`,
		},
		"kind is missing": {
			with(func(c *auth.Config) { c.SubscriberID = []string{"login:"} }),
			`"login:" ends in no kind`,
		},
		"number of a phone": {
			with(func(c *auth.Config) { c.SubscriberID = []string{"login:tel"} }),
			"write :phone",
		},
		"leeway": {
			with(func(c *auth.Config) { c.Leeway = 5*time.Minute + 1 }),
			"write `leeway 30s`",
		},
		"max age": {
			with(func(c *auth.Config) { c.MaxAge = -1 }),
			"write `max_age 12h`",
		},

		"jwks in clear": {
			auth.Config{JWKS: "http://id.example.com/jwks", Audience: []string{"a"}},
			"write an https address",
		},
		"jwks by ftp": {
			auth.Config{JWKS: "ftp://id.example.com/jwks", Audience: []string{"a"}},
			"write an https address",
		},
		"jwks with a user": {
			auth.Config{JWKS: "https://me:pw@id.example.com/jwks", Audience: []string{"a"}},
			"user name",
		},
		"jwks with a fragment": {
			auth.Config{JWKS: "https://id.example.com/jwks#1", Audience: []string{"a"}},
			"fragment",
		},
		"jwks without a host": {
			auth.Config{JWKS: "https:///jwks", Audience: []string{"a"}},
			"names no host",
		},
		"jwks is no URL": {
			auth.Config{JWKS: "https://id example.com/ jwks", Audience: []string{"a"}},
			"not a URL",
		},
		"jwks at a metadata IP": {
			auth.Config{JWKS: "http://169.254.169.254/jwks", Audience: []string{"a"}},
			"write an https address",
		},
		"issuer in clear": {
			auth.Config{Issuer: "http://id.example.com", Audience: []string{"a"}},
			"https address",
		},
		"issuer is a name": {
			auth.Config{Issuer: "id.example.com", Audience: []string{"a"}},
			"https address",
		},
		"issuer with a query": {
			auth.Config{Issuer: "https://id.example.com?a=b", Audience: []string{"a"}},
			"https address",
		},
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
		"empty set": {jwksOf(), "no usable key among"},
		"mixed set": {
			jwksOf(
				jwk(p256Key(), nil),
				map[string]any{"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"},
			),
			"symmetric key",
		},
		"private set": {
			jwksOf(jwk(p256Key(), map[string]any{"d": "AQAB"})),
			"private key",
		},
		"two keys of a kid": {
			jwksOf(
				jwk(p256Key(), map[string]any{"kid": "a"}),
				jwk(otherP256(), map[string]any{"kid": "a"}),
			),
			"same kid",
		},
		"key for encryption": {
			jwksOf(jwk(p256Key(), map[string]any{"use": "enc"})),
			"its use is not sig",
		},
		"use is no text": {
			jwksOf(jwk(p256Key(), map[string]any{"use": 1})),
			"its use is not sig",
		},
		"key for signing": {
			jwksOf(jwk(p256Key(), map[string]any{"key_ops": []string{"sign"}})),
			"key_ops",
		},
		"key_ops is no list": {
			jwksOf(jwk(p256Key(), map[string]any{"key_ops": "verify"})),
			"key_ops",
		},
		"key_ops of numbers": {
			jwksOf(jwk(p256Key(), map[string]any{"key_ops": []int{1}})),
			"key_ops",
		},
		"wrong alg for the key": {
			jwksOf(jwk(p256Key(), map[string]any{"alg": "ES384"})),
			"its alg",
		},
		"alg for encryption": {
			jwksOf(jwk(rsaKey(), map[string]any{"alg": "RSA-OAEP"})),
			"its alg",
		},
		"kid is no text": {jwksOf(jwk(p256Key(), map[string]any{"kid": 1})), "its kid"},
		"kid is long": {
			jwksOf(jwk(p256Key(), map[string]any{"kid": strings.Repeat("k", 257)})),
			"its kid",
		},
		"RSA 1024 in a set": {jwksOf(jwk(small, nil)), "1024 bits"},
		"exponent wraps around": {
			jwksOf(jwk(rsaKey(), map[string]any{"e": "AQAAAAAAAQAB"})),
			"exponent is too big",
		},
		"not on the curve": {
			jwksOf(jwk(p256Key(), map[string]any{"x": jwk(otherP256(), nil)["x"]})),
			"malformed",
		},
		"X25519": {
			jwksOf(
				map[string]any{
					"kty": "OKP",
					"crv": "X25519",
					"x":   "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08",
				},
			),
			"no usable key among",
		},
		"short Ed25519": {
			jwksOf(jwk(ed25519Key(), map[string]any{"x": "AAAA"})),
			"malformed",
		},
		"another shared set": {
			auth.Config{
				JWKS:     "https://id.example.com/jwks",
				Remote:   shared(t),
				Audience: []string{"a"},
			},
			"another jwks or issuer",
		},
		"shared for the issuer": {
			auth.Config{
				Issuer:   "https://other.example.com",
				Remote:   shared(t),
				Audience: []string{"a"},
			},
			"another jwks or issuer",
		},
		"shared set and secrets": {
			with(func(c *auth.Config) { c.Remote = shared(t) }),
			"keep one of",
		},

		"no place": {
			with(func(c *auth.Config) { c.From = []auth.Source{} }),
			"usually `from cookie <name>`",
		},
		"unknown place": {
			with(func(c *auth.Config) { c.From = []auth.Source{{In: "query", Name: "token"}} }),
			"write `from cookie <name>` or",
		},
		"place without name": {
			with(func(c *auth.Config) { c.From = []auth.Source{{In: "cookie"}} }),
			"no cookie name",
		},
		"cookie name": {
			with(func(c *auth.Config) { c.From = []auth.Source{{In: "cookie", Name: "a b"}} }),
			"no cookie name",
		},
		"header name": {
			with(func(c *auth.Config) { c.From = []auth.Source{{In: "header", Name: "X-Tok:en"}} }),
			"no header name",
		},
		"cookie as header": {
			with(func(c *auth.Config) { c.From = []auth.Source{{In: "header", Name: "cookie"}} }),
			"write `from cookie <name>`",
		},
		"a place twice": {
			with(
				func(c *auth.Config) {
					c.From = []auth.Source{{In: "header", Name: "a"}, {In: "header", Name: "A"}}
				},
			),
			"twice",
		},
		"verified_contact": {
			with(func(c *auth.Config) { c.VerifiedContact = "yes" }),
			"write if_present, required or ignore",
		},
		"empty subscriber": {
			with(func(c *auth.Config) { c.SubscriberID = []string{"email", ""} }),
			"names no claim",
		},
		"kind without claim": {
			with(func(c *auth.Config) { c.SubscriberID = []string{":phone"} }),
			"names no claim",
		},
		"empty trusted": {
			with(func(c *auth.Config) { c.TrustedClaims = []string{""} }),
			"write `trusted_claims plan`",
		},
	}
	if !readable { // root may read everything
		tests["unreadable file"] = struct {
			cfg  auth.Config
			want string
		}{keys(withoutRead), "permission denied"}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := test.cfg
			if cfg.From == nil {
				cfg.From = fromCookie
			}
			a, err := auth.New(cfg)
			if err == nil || a != nil {
				t.Fatal("it was accepted")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want %q", err, test.want)
			}
			for _, text := range []string{secret, "hunter2", "aHVudGVyMg"} {
				if strings.Contains(err.Error(), text) {
					t.Errorf("the error quotes the secret: %v", err)
				}
			}
		})
	}
}

// weakRSA is a public key that crypto/rsa would not make.
type weakRSA struct{ public *rsa.PublicKey }

func (w weakRSA) Public() any { return w.public }

// shared is a key set of https://id.example.com by discovery.
func shared(t testing.TB) *auth.RemoteKeys {
	t.Helper()
	keys, err := auth.NewRemoteKeys(auth.RemoteConfig{Issuer: "https://id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestRemoteNeedsOneSource(t *testing.T) {
	for _, cfg := range []auth.RemoteConfig{
		{}, {URL: "https://a.example", Issuer: "https://a.example"},
	} {
		if _, err := auth.NewRemoteKeys(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

// TestConfigs are accepted, and dial nobody: the addresses lead nowhere.
func TestConfigs(t *testing.T) {
	pkcs1 := pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey))
	for name, cfg := range map[string]auth.Config{
		"https": {
			JWKS: "https://id.example.invalid/jwks?tenant=1", Audience: []string{"a", "b"},
		},
		"loopback name":    {JWKS: "http://localhost:1/jwks", Audience: []string{"any"}},
		"loopback address": {JWKS: "http://127.0.0.1:1/jwks", Audience: []string{"any"}},
		"loopback IPv6":    {JWKS: "http://[::1]:1/jwks", Audience: []string{"any"}},
		"jwks and issuer": {
			JWKS: "https://id.example.invalid/jwks", Issuer: "anything at all",
			Audience: []string{"a"},
		},
		"issuer": {
			Issuer: "https://id.example.invalid/tenant/", Audience: []string{"a"},
		},
		"strong algorithms": {
			JWKS: "https://id.example.invalid/jwks", Audience: []string{"a"},
			Algorithms: []string{"RS512", "ES512"},
		},
		"PKCS #1":      {PublicKeys: []string{pkcs1}},
		"indented PEM": {PublicKeys: []string{"\n  " + publicPEM(p384Key())}},
		"P-521 by name": {
			PublicKeys: []string{publicPEM(p521Key())}, Algorithms: []string{"ES512"},
		},
		"base64url secret": {
			Secrets: []string{
				"base64:AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-" +
					"EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
			},
		},
		"base64 and blanks": {
			Secrets: []string{"base64:" + base64.StdEncoding.EncodeToString([]byte(secret)) + "\n"},
		},
		"shared": {
			Issuer: "https://id.example.com", Remote: shared(t), Audience: []string{"any"},
		},
		"leeway": {
			Secrets: []string{secret}, Leeway: 5 * time.Minute, MaxAge: time.Hour,
		},
	} {
		t.Run(name, func(t *testing.T) { newAuth(t, cfg) })
	}
}

// A key set file that is broken names itself, and a relative path is as good as any.
func TestPathsInErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("key.pem", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := auth.New(auth.Config{PublicKeys: []string{"key.pem"}, From: fromCookie})
	if err == nil || !strings.Contains(err.Error(), "key.pem") {
		t.Errorf("error %v", err)
	}
	_, err = auth.New(
		auth.Config{
			JWKS:     filepath.Join(".", "key.pem"),
			From:     fromCookie,
			Audience: []string{"any"},
		},
	)
	if err == nil || !strings.Contains(err.Error(), "key.pem") {
		t.Errorf("error %v", err)
	}
}
