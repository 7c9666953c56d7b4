package auth

import (
	"crypto"
	"crypto/hmac"
	"hash"
	"sync"
	"unsafe"

	"github.com/golang-jwt/jwt/v5"
)

// hmacMethod is HMAC with SHA-2 (RFC 7518 section 3.2). golang-jwt's own copies the token and keys
// two hashes for each check, which is most of what a check costs and half of what it allocates.
type hmacMethod struct {
	*jwt.SigningMethodHMAC // its name and hash
}

// Verify takes a *hmacSecret.
func (m hmacMethod) Verify(signed string, signature []byte, key any) error {
	secret, ok := key.(*hmacSecret)
	if !ok {
		return jwt.ErrInvalidKeyType
	}
	if !secret.signed(m.Hash, signed, signature) {
		return jwt.ErrSignatureInvalid
	}
	return nil
}

// hmacSecret is a secret and the hashes that are keyed with it. It is safe for concurrent use.
type hmacSecret struct {
	secret []byte
	keyed  [3]sync.Pool // of *hmacState, for SHA-256, SHA-384 and SHA-512
}

// Equal reports whether other is the same secret.
func (s *hmacSecret) Equal(other crypto.PublicKey) bool {
	o, ok := other.(*hmacSecret)
	return ok && hmac.Equal(s.secret, o.secret)
}

// hmacState is a keyed hash that one check at a time may use, and room for what it gives.
type hmacState struct {
	hash.Hash
	sum [64]byte
}

// signed reports whether the signature is the secret's own. It compares in constant time.
func (s *hmacSecret) signed(with crypto.Hash, text string, signature []byte) bool {
	pool := &s.keyed[with-crypto.SHA256]
	state, ok := pool.Get().(*hmacState)
	if !ok {
		state = &hmacState{Hash: hmac.New(with.New, s.secret)}
	}
	defer pool.Put(state)
	state.Reset()
	state.Write(bytesOf(text))
	return hmac.Equal(state.Sum(state.sum[:0]), signature)
}

// bytesOf are the string's own bytes, for a hash, which neither keeps nor changes what it is given:
// a copy would be an allocation.
func bytesOf(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }
