package auth

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Sign makes a token of Config.Type out of claims, a JSON object, under the first of Secrets. It is
// for tokens that are no sessions: nobody is signed in here. The claims are taken as they are; Verify
// says whether they are good. With PublicKeys it is an error, since what signs is not here.
func (a *Authenticator) Sign(claims []byte) (string, error) {
	if a.header.typ == "" {
		return "", errors.New("sessions are signed by whoever signs in")
	}
	local, _ := a.keys.(*localKeys)
	if local == nil || len(local.set.keys) == 0 {
		return "", errNoSigningKey
	}
	secret, ok := local.set.keys[0].public.(*hmacSecret)
	if !ok {
		return "", errNoSigningKey
	}
	for _, alg := range a.header.algorithms {
		method, ok := alg.method.(hmacMethod)
		if !ok || !local.set.keys[0].fits(alg) {
			continue
		}
		header, err := json.Marshal(map[string]string{"alg": alg.name, "typ": a.header.typ})
		if err != nil {
			return "", err
		}
		text := base64url.EncodeToString(header) + "." + base64url.EncodeToString(claims)
		signature, err := method.SigningMethodHMAC.Sign(text, secret.secret)
		if err != nil {
			return "", fmt.Errorf("signing a token: %w", err)
		}
		return text + "." + base64url.EncodeToString(signature), nil
	}
	return "", errNoSigningKey
}

// errNoSigningKey means that the keys of an Authenticator only verify.
var errNoSigningKey = errors.New("the private key is not here: a public_key verifies and cannot " +
	"sign; sign where the private key is, or configure a secret")
