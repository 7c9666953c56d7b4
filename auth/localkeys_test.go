package auth_test

import (
	"encoding/base64"
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
