package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

// TestSecretForms is about what the text of a secret stands for.
func TestSecretForms(t *testing.T) {
	laravel := "base64:" + base64.StdEncoding.EncodeToString([]byte(secret)) // as its APP_KEY
	for _, test := range []struct{ written, key, not string }{
		{secret, secret, laravel},
		{laravel, secret, laravel},
		{"text:" + laravel, laravel, secret},
		{"text:" + secret, secret, "text:" + secret},
		{"text:text:" + secret, "text:" + secret, secret},
		{
			"text:base64:this is not base64, and long enough",
			"base64:this is not base64, and long enough", "",
		},
		{"TEXT:" + secret, "TEXT:" + secret, secret},
		{
			"base64:" + base64.RawURLEncoding.EncodeToString([]byte("text:"+secret)),
			"text:" + secret, secret,
		},
	} {
		t.Run(test.written[:20], func(t *testing.T) {
			a := newAuth(t, auth.Config{Secrets: []string{test.written}})
			accepted(t, a, signer{alg: "HS256", private: []byte(test.key)}.token(t, claims(ada)))
			refused(
				t, a, signer{alg: "HS256", private: []byte(test.not)}.token(t, claims(ada)),
				"signature",
			)
		})
	}

	// The prefix opens no way round the checks, and no error quotes the secret.
	for written, want := range map[string]string{
		"text:hunter2":                   "has 7 bytes",
		"text:":                          "has 0 bytes",
		"text:" + secret + " ":           "white space",
		"text: " + secret:                "white space",
		"text:" + publicPEM(rsaKey()):    "write `public_key` instead",
		"base64:text:" + secret:          "is not base64",
		"base64:base64:c2VjcmV0c2VjcmV0": "write `secret text:",
	} {
		_, err := auth.New(auth.Config{Secrets: []string{written}, From: fromCookie})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(
			err.Error(), "hunter2",
		) {
			t.Errorf("%q: error %v, want %q", written, err, want)
		}
	}
}

func TestSecretErrors(t *testing.T) {
	rsaPEM := publicPEM(rsaKey())
	mistakes{
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
	}.areRefused(t)
}

func TestPublicKeyErrors(t *testing.T) {
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	rsaPEM := publicPEM(rsaKey())
	mistakes{
		"no such file":   {publicKeys("/no/such/file.pem"), "no such file"},
		"a folder":       {publicKeys(t.TempDir()), "directory"},
		"empty file":     {publicKeys(file(t, "empty.pem", " \n")), "holds no key"},
		"not PEM":        {publicKeys(file(t, "key.pem", "hello")), "not a PEM text"},
		"a JWKS as PEM":  {publicKeys(file(t, "key.pem", jwks())), "write `jwks`"},
		"junk after PEM": {publicKeys(rsaPEM + "and so on"), "not a PEM text"},
		"private key": {
			publicKeys(pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p256Key())))),
			"private key",
		},
		"RSA private key": {
			publicKeys(pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey()))),
			"private key",
		},
		"public and private": {
			publicKeys(rsaPEM + pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256Key())))),
			"private key",
		},
		"certificate": {publicKeys(pemOf("CERTIFICATE", []byte{1})), "x509 -in FILE -pubkey"},
		"other PEM":   {publicKeys(pemOf("OPENSSH KEY", []byte{1})), "PUBLIC KEY"},
		"broken PEM":  {publicKeys(pemOf("PUBLIC KEY", []byte{1, 2, 3})), "public_key 1"},
		"RSA 1024":    {publicKeys(publicPEM(small)), "1024 bits; make one with at least 2048"},
		"exponent 3": {
			publicKeys(publicPEM(weakRSA{&rsa.PublicKey{N: rsaKey().N, E: 3}})),
			"exponent 3",
		},
		"even exponent": {
			publicKeys(publicPEM(weakRSA{&rsa.PublicKey{N: rsaKey().N, E: 65538}})),
			"exponent 65538",
		},
		"even modulus": {
			publicKeys(
				publicPEM(
					weakRSA{&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}},
				),
			),
			"even modulus",
		},
		"RSA too big": {
			publicKeys(
				publicPEM(weakRSA{&rsa.PublicKey{N: new(big.Int).Lsh(rsaKey().N, 7000), E: 65537}}),
			),
			"at most 8192",
		},
		"ROCA": {
			publicKeys(
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
		"P-224":            {publicKeys(publicPEM(p224)), "not an RSA, P-256"},
		"P-521 by default": {publicKeys(publicPEM(p521Key())), "write `algorithms ES512`"},
		"large file": {
			publicKeys(file(t, "big.pem", strings.Repeat(rsaPEM, 1000))),
			"more than 262144 bytes",
		},
	}.areRefused(t)
}

func TestUnreadableFile(t *testing.T) {
	path := file(t, "unreadable.pem", publicPEM(rsaKey()))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	unreadable := mistakes{"folder": {publicKeys(t.TempDir()), "public_key 1: "}}
	if _, err := os.ReadFile(path); err != nil { // root may read everything
		unreadable["file"] = mistake{publicKeys(path), "permission denied"}
	}
	unreadable.areRefused(t)
}
