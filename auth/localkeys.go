package auth

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

// maxKeyFile bounds key files and key sets, in bytes.
const maxKeyFile = 256 << 10

// parseSecret reads an HMAC secret: text, or base64 in any of its usual alphabets after "base64:".
// Behind "text:" stands any text as it is, be it one that begins with base64: itself.
// How long it must be depends on the algorithms; checkSecret knows. No error quotes the secret.
func parseSecret(text string) (key, error) {
	text, isText := strings.CutPrefix(text, "text:")
	secret := []byte(text)
	encoded, isBase64 := strings.CutPrefix(text, "base64:")
	if isBase64 = isBase64 && !isText; isBase64 {
		var err error
		if secret, err = decodeBase64(encoded); err != nil {
			return key{}, errors.New("what follows base64: is not base64; write the secret as " +
				"`openssl rand -base64 32` prints it, or write `secret text:` and the text, " +
				"if base64: is part of it")
		}
	}
	// The classical confusion: what verifies RS256 is public, and as a secret of HS256 it would let
	// everybody sign (RFC 8725 section 2.1).
	if bytes.Contains(secret, []byte("-----BEGIN ")) || isPublicKey(secret) {
		return key{}, errors.New("this is a public or private key, and anyone who knows the " +
			"public one could sign tokens; write `public_key` instead of `secret`")
	}
	// A line break at the end comes from an editor, and the application signs without it.
	if !isBase64 && text != strings.TrimSpace(text) {
		return key{}, errors.New("begins or ends with white space; " +
			"remove it, or write the secret as base64:")
	}
	return key{family: familyHMAC, public: &hmacSecret{secret: secret}}, nil
}

// decodeBase64 takes both alphabets, padded or not: programs that make secrets do not agree on one.
func decodeBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").
		Replace(strings.TrimRight(strings.TrimSpace(text), "="))
	return base64.RawStdEncoding.DecodeString(text)
}

// isPublicKey reports whether secret is a public key in DER, or that in base64, as PEM files hold
// it. PEM itself is found by its first line.
func isPublicKey(secret []byte) bool {
	if _, err := x509.ParsePKIXPublicKey(secret); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PublicKey(secret); err == nil {
		return true
	}
	der, err := decodeBase64(string(secret))
	if err != nil || len(der) == 0 {
		return false
	}
	_, err = x509.ParsePKIXPublicKey(der)
	return err == nil
}

// checkSecret wants a secret at least as long as the hash (RFC 7518 section 3.2). The error tells
// lengths and nothing of the secret.
func checkSecret(secret []byte, alg *algorithm) error {
	if need := alg.hash.Size(); len(secret) < need {
		return fmt.Errorf("has %d bytes, %s needs at least %d; "+
			"make one with `openssl rand -base64 %d` and write it after base64:", len(secret),
			alg.name, need, need)
	}
	return nil
}

// parsePublicKeys reads the keys of a PEM text, or of the PEM file at that path. A text is known by
// its first line. The error of a file names the path.
func parsePublicKeys(textOrPath string) ([]key, error) {
	if strings.HasPrefix(strings.TrimSpace(textOrPath), "-----BEGIN") {
		return parsePEM([]byte(textOrPath))
	}
	data, err := readFile(textOrPath)
	if err != nil {
		return nil, err
	}
	keys, err := parsePEM(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", textOrPath, err)
	}
	return keys, nil
}

// readFile reads a file of at most maxKeyFile bytes. The error names the path and nothing of the
// text.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(file)
}

// parsePEM reads all blocks of a PEM text. Anything between or behind them is a mistake: half of a
// second key, for one, would be missed only when the first is retired.
func parsePEM(data []byte) ([]key, error) {
	var keys []key
	for rest := bytes.TrimSpace(data); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("not a PEM text; for a JSON Web Key Set write `jwks`")
		}
		public, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		k, err := newKey(public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("holds no key")
	}
	return keys, nil
}

// parseBlock reads one block by its label. PUBLIC KEY is SubjectPublicKeyInfo (RFC 7468 section
// 13); RSA PUBLIC KEY is PKCS #1 (RFC 8017 appendix A.1.1). What people take for it is named in the
// error.
func parseBlock(block *pem.Block) (crypto.PublicKey, error) {
	switch {
	case block.Type == "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, errors.New("this is a private key, which belongs only where tokens are " +
			"signed; write its public half, as `openssl pkey -in FILE -pubout` prints it")
	case block.Type == "CERTIFICATE":
		return nil, errors.New("this is a certificate; " +
			"write its public key, as `openssl x509 -in FILE -pubkey -noout` prints it")
	}
	return nil, fmt.Errorf("PEM block %q is no public key; it must say PUBLIC KEY", block.Type)
}
