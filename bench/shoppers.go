package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keys sign the shoppers' tokens, made anew for each run.
type keys struct {
	secret  string                   // of HS256
	signers map[string]crypto.Signer // of the other algorithms, by name
	dir     string
	// signed are the tokens of the first shoppers, by algorithm: to sign a hundred thousand takes
	// minutes, and a comparison needs them twice.
	signed map[string][]string
}

func makeKeys(dir string) (keys, error) {
	k := keys{
		secret: rand.Text() + rand.Text(), signers: map[string]crypto.Signer{}, dir: dir,
		signed: map[string][]string{},
	}
	for alg, generate := range map[string]func() (crypto.Signer, error){
		"RS256": func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) },
		"ES256": func() (crypto.Signer, error) {
			return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		},
		"ES384": func() (crypto.Signer, error) {
			return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		},
		"EdDSA": func() (crypto.Signer, error) {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			return key, err
		},
	} {
		signer, err := generate()
		if err != nil {
			return k, err
		}
		der, err := x509.MarshalPKIXPublicKey(signer.Public())
		if err != nil {
			return k, err
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		if err := os.WriteFile(k.file(alg), text, 0o600); err != nil {
			return k, err
		}
		k.signers[alg] = signer
	}
	return k, nil
}

func (k keys) env() []string {
	env := []string{"JWT_SECRET=" + k.secret}
	for alg := range k.signers {
		env = append(env, alg+"_KEY="+k.file(alg))
	}
	return env
}

// file holds the public key of an algorithm that has one.
func (k keys) file(alg string) string { return filepath.Join(k.dir, alg+".pem") }

// keyLine is the line of the jwt block that verifies tokens of an algorithm.
func keyLine(alg string) string {
	if alg == "HS256" {
		return "secret {env.JWT_SECRET}"
	}
	return "public_key {$" + alg + "_KEY}"
}

// public is what an algorithm's signatures are checked with.
func (k keys) public(alg string) any {
	if signer, ok := k.signers[alg]; ok {
		return signer.Public()
	}
	return []byte(k.secret)
}

// token signs in the i-th shopper. Its claims are those of an ordinary session.
func (k keys) token(alg string, i int) (string, error) {
	now := time.Now()
	claims := jwt.MapClaims{
		"sub": fmt.Sprintf("user-%07d", i), "email": email(i), "email_verified": true,
		"given_name": "Ada", "plan": "free", "iss": "https://id.example.com",
		"iat": now.Unix(), "exp": now.Add(3 * time.Hour).Unix(),
	}
	var key any = []byte(k.secret)
	if signer, ok := k.signers[alg]; ok {
		key = signer
	}
	return jwt.NewWithClaims(jwt.GetSigningMethod(alg), claims).SignedString(key)
}

func email(i int) string { return fmt.Sprintf("shopper-%07d@example.com", i) }

// clicks are the requests of the first n shoppers for a path, as a browser sends them.
func (k keys) clicks(alg, path string, n int) ([][]byte, error) {
	for i := len(k.signed[alg]); i < n; i++ {
		token, err := k.token(alg, i)
		if err != nil {
			return nil, err
		}
		k.signed[alg] = append(k.signed[alg], token)
	}
	list := make([][]byte, n)
	for i := range list {
		list[i] = click(path, k.signed[alg][i])
	}
	return list, nil
}

func click(path, token string) []byte {
	return []byte(strings.Join([]string{
		"GET " + path + " HTTP/1.1",
		"Host: shop.example.com",
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
			"Chrome/140.0.0.0 Safari/537.36",
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp," +
			"*/*;q=0.8",
		"Accept-Language: en-US,en;q=0.9,tr;q=0.8",
		"Accept-Encoding: gzip, deflate, br, zstd",
		"Upgrade-Insecure-Requests: 1",
		"Sec-Fetch-Site: same-origin",
		"Sec-Fetch-Mode: navigate",
		"Sec-Fetch-Dest: document",
		"Sec-Fetch-User: ?1",
		"Referer: https://shop.example.com/pricing",
		"Cookie: theme=dark; consent=all; session=" + token,
		"", "",
	}, "\r\n"))
}
