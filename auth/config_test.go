package auth_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
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

// mistakes are configs that must be refused at load, by their names.
type mistakes map[string]mistake

// mistake is a config and a part of the error that it must give, which names the fix.
type mistake struct {
	cfg  auth.Config
	want string
}

// areRefused tries them. No error may quote a secret.
func (all mistakes) areRefused(t *testing.T) {
	t.Helper()
	for name, test := range all {
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

// publicKeys, secrets, secretAnd and keySetFile are configs in which one thing differs.
func publicKeys(list ...string) auth.Config { return auth.Config{PublicKeys: list} }

func secrets(list ...string) auth.Config { return auth.Config{Secrets: list} }

func secretAnd(change func(*auth.Config)) auth.Config {
	cfg := withSecret()
	change(&cfg)
	return cfg
}

func keySetFile(t testing.TB, keys ...map[string]any) auth.Config {
	t.Helper()
	return auth.Config{JWKS: file(t, "jwks.json", jwks(keys...)), Audience: []string{"any"}}
}

// TestConfigErrors wants each mistake refused at load. Those of one option are beside its file.
func TestConfigErrors(t *testing.T) {
	rsaPEM := publicPEM(rsaKey())
	mistakes{
		"no keys": {
			auth.Config{},
			"no key: write `secret {env.JWT_SECRET}`, or public_key, jwks or issuer",
		},
		"two kinds of keys": {
			auth.Config{Secrets: []string{secret}, PublicKeys: []string{rsaPEM}},
			"exclude each other: keep one kind of key",
		},
		"secret and jwks": {
			auth.Config{Secrets: []string{secret}, JWKS: "https://id.example.com/jwks"},
			"exclude each other: keep one kind of key",
		},
		"public key and jwks": {
			auth.Config{PublicKeys: []string{rsaPEM}, JWKS: "https://id.example.com/jwks"},
			"exclude each other: keep one kind of key",
		},
		"no audience for jwks": {
			auth.Config{JWKS: "https://id.example.com/jwks"},
			"write `audience <name>`, or `audience any` to accept them all",
		},
		"no audience for discovery": {
			auth.Config{Issuer: "https://id.example.com"},
			"write `audience <name>`, or `audience any` to accept them all",
		},
		"empty audience": {
			secretAnd(func(c *auth.Config) { c.Audience = []string{""} }),
			"audience is empty",
		},
		"any and others": {
			secretAnd(func(c *auth.Config) { c.Audience = []string{"shop", "any"} }),
			"stands alone",
		},
		"leeway": {
			secretAnd(func(c *auth.Config) { c.Leeway = 5*time.Minute + 1 }),
			"write `leeway 30s`",
		},
		"max age": {
			secretAnd(func(c *auth.Config) { c.MaxAge = -1 }),
			"write `max_age 12h`",
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
			secretAnd(func(c *auth.Config) { c.Remote = shared(t) }),
			"exclude each other: keep one kind of key",
		},
		"empty trusted": {
			secretAnd(func(c *auth.Config) { c.TrustedClaims = []string{""} }),
			"write `trusted_claims plan`",
		},
	}.areRefused(t)
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
