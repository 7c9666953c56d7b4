package main

import (
	"crypto"
	"crypto/ecdsa"
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
	secret string
	rsa    *rsa.PrivateKey
	ecdsa  *ecdsa.PrivateKey
	dir    string
}

func makeKeys(dir string) (k keys, err error) {
	k.dir, k.secret = dir, rand.Text()+rand.Text()
	if k.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return k, err
	}
	if k.ecdsa, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return k, err
	}
	for name, key := range map[string]crypto.Signer{"rsa.pem": k.rsa, "ecdsa.pem": k.ecdsa} {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			return k, err
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return k, err
		}
	}
	return k, nil
}

func (k keys) env() []string {
	return []string{
		"JWT_SECRET=" + k.secret,
		"RSA_KEY=" + k.file("RS256"), "ECDSA_KEY=" + k.file("ES256"),
	}
}

// file holds the public key of an algorithm that has one.
func (k keys) file(alg string) string {
	return filepath.Join(k.dir, map[string]string{"RS256": "rsa.pem", "ES256": "ecdsa.pem"}[alg])
}

// keyLine is the line of the jwt block that verifies tokens of an algorithm.
func keyLine(alg string) string {
	switch alg {
	case "RS256":
		return "public_key {$RSA_KEY}"
	case "ES256":
		return "public_key {$ECDSA_KEY}"
	}
	return "secret {env.JWT_SECRET}"
}

// public is what an algorithm's signatures are checked with.
func (k keys) public(alg string) any {
	switch alg {
	case "RS256":
		return &k.rsa.PublicKey
	case "ES256":
		return &k.ecdsa.PublicKey
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
	switch alg {
	case "RS256":
		key = k.rsa
	case "ES256":
		key = k.ecdsa
	}
	return jwt.NewWithClaims(jwt.GetSigningMethod(alg), claims).SignedString(key)
}

func email(i int) string { return fmt.Sprintf("shopper-%07d@example.com", i) }

// clicks are the requests of the first n shoppers for a path, as a browser sends them.
func (k keys) clicks(alg, path string, n int) ([][]byte, error) {
	list := make([][]byte, n)
	for i := range list {
		token, err := k.token(alg, i)
		if err != nil {
			return nil, err
		}
		list[i] = click(path, token)
	}
	return list, nil
}

func click(path, token string) []byte {
	return []byte(strings.Join([]string{
		"GET " + path + " HTTP/1.1",
		"Host: shop.example.com",
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
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
