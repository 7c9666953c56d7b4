package auth_test

import (
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

func TestSignedTokenVerifies(t *testing.T) {
	for name, cfg := range map[string]auth.Config{
		"text": withSecret(), "base64": {Secrets: []string{inBase64(secret)}},
		"two": {Secrets: []string{secret, strings.Repeat("old-", 10)}},
		"HS512": {
			Secrets: []string{secret}, Algorithms: []string{"HS512"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := offers(t, cfg)
			token, err := a.Sign([]byte(claims(ada)))
			if err != nil {
				t.Fatal(err)
			}
			if user := accepted(t, a, token); user.Subscriber.ID != "ada@example.com" {
				t.Errorf("the claims are lost")
			}
			refused(t, newAuth(t, cfg), token, "typ")
		})
	}
	// The first secret signs, so that the second may be taken away.
	both := offers(t, auth.Config{Secrets: []string{secret, strings.Repeat("old-", 10)}})
	token, err := both.Sign([]byte(claims("")))
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, offers(t, withSecret()), token)
	// The same as the tests' own signer makes.
	if want := hs256().sign(t, `{"alg":"HS256","typ":"offer+jwt"}`, `{"exp":1}`); want != "" {
		if got, err := both.Sign([]byte(`{"exp":1}`)); err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestNothingElseSigns(t *testing.T) {
	for name, a := range map[string]*auth.Authenticator{
		"session": newAuth(t, withSecret()), "public key": offers(t, pemConfig(publicPEM(rsaKey()))),
		"key set": offers(t, setConfig(t)),
	} {
		if token, err := a.Sign([]byte("{}")); err == nil || token != "" {
			t.Errorf("%s: signed", name)
		}
	}
	_, err := offers(t, pemConfig(publicPEM(p256Key()))).Sign([]byte("{}"))
	if err == nil || !strings.Contains(err.Error(), "the private key is not here") {
		t.Errorf("got %v", err)
	}
}
