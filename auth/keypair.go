package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"

	"github.com/golang-jwt/jwt/v5"
)

// rsaMethod is RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3). golang-jwt's own copies the token to hash
// it, as it does for ECDSA.
type rsaMethod struct {
	*jwt.SigningMethodRSA // its name and hash
}

// Verify takes an *rsa.PublicKey.
func (m rsaMethod) Verify(signed string, signature []byte, key any) error {
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return jwt.ErrInvalidKeyType
	}
	return rsa.VerifyPKCS1v15(public, m.Hash, digest(m.Hash, signed), signature)
}

// ecdsaMethod is ECDSA (RFC 7518 section 3.4).
type ecdsaMethod struct {
	*jwt.SigningMethodECDSA // its name, hash and size
}

// Verify takes an *ecdsa.PublicKey.
func (m ecdsaMethod) Verify(signed string, signature []byte, key any) error {
	public, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return jwt.ErrInvalidKeyType
	}
	if len(signature) != 2*m.KeySize {
		return jwt.ErrECDSAVerification
	}
	r := new(big.Int).SetBytes(signature[:m.KeySize])
	s := new(big.Int).SetBytes(signature[m.KeySize:])
	if !ecdsa.Verify(public, digest(m.Hash, signed), r, s) {
		return jwt.ErrECDSAVerification
	}
	return nil
}

// digest is the SHA-2 of a text's own bytes.
func digest(hash crypto.Hash, text string) []byte {
	data := bytesOf(text)
	if hash == crypto.SHA384 {
		sum := sha512.Sum384(data)
		return sum[:]
	}
	if hash == crypto.SHA512 {
		sum := sha512.Sum512(data)
		return sum[:]
	}
	sum := sha256.Sum256(data)
	return sum[:]
}
