package auth

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // SHA-256 for every …256
	_ "crypto/sha512" // SHA-384 and SHA-512
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// family is a kind of key. A key verifies only algorithms of its own family (RFC 8725 section 3.1),
// so a public key can never be taken for an HMAC secret.
type family string

// The families that we know. A curve is part of the kind: ES256 is for P-256 alone (RFC 7518
// section 3.4). The texts stand in errors.
const (
	familyHMAC    family = "an HMAC secret"
	familyRSA     family = "an RSA key"
	familyP256    family = "a P-256 key"
	familyP384    family = "a P-384 key"
	familyP521    family = "a P-521 key"
	familyEd25519 family = "an Ed25519 key"
)

// algorithm is one way to verify a signature. It binds the name in a token to a kind of key and a
// hash, so that nothing in the token can combine them anew.
type algorithm struct {
	name   string
	alias  string // a second name of the same algorithm, or empty
	family family
	hash   crypto.Hash
	method jwt.SigningMethod
}

// algorithms are all we know; "none" is not among them. The methods are our own values: those that
// golang-jwt exports are shared by the whole process and may be changed by anybody.
var algorithms = algorithmSet{
	hmacAlgorithm("HS256", crypto.SHA256),
	hmacAlgorithm("HS384", crypto.SHA384),
	hmacAlgorithm("HS512", crypto.SHA512),
	rsaAlgorithm("RS256", crypto.SHA256),
	rsaAlgorithm("RS384", crypto.SHA384),
	rsaAlgorithm("RS512", crypto.SHA512),
	pssAlgorithm("PS256", crypto.SHA256),
	pssAlgorithm("PS384", crypto.SHA384),
	pssAlgorithm("PS512", crypto.SHA512),
	ecdsaAlgorithm("ES256", familyP256, crypto.SHA256, 256),
	ecdsaAlgorithm("ES384", familyP384, crypto.SHA384, 384),
	ecdsaAlgorithm("ES512", familyP521, crypto.SHA512, 521),
	// RFC 9864 section 2.2 calls Ed25519 what RFC 8037 section 3.1 called EdDSA.
	{
		name: "EdDSA", alias: "Ed25519", family: familyEd25519,
		method: &jwt.SigningMethodEd25519{},
	},
}

// defaultAlgorithms are the algorithms of a local key of each family. The others are admitted by
// name only; P-521 has none because a forged ES512 token costs dozens of times what a forged ES256
// one does.
var defaultAlgorithms = map[family]string{
	familyHMAC: "HS256", familyRSA: "RS256", familyP256: "ES256", familyP384: "ES384",
	familyEd25519: "EdDSA",
}

// remoteAlgorithms are the defaults for key sets. They are never symmetric.
var remoteAlgorithms = []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"}

// algorithmSet is a few algorithms, each of them once.
type algorithmSet []*algorithm

// find returns the algorithm of that name, or nil. Names are case-sensitive (RFC 7515 section
// 4.1.1).
func (s algorithmSet) find(name string) *algorithm {
	for _, alg := range s {
		if alg.name == name || alg.alias != "" && alg.alias == name {
			return alg
		}
	}
	return nil
}

// names lists all names, for an error. An alias stands behind the name that it is another one for.
func (s algorithmSet) names() string {
	var list []string
	for _, alg := range s {
		list = append(list, alg.name)
		if alg.alias != "" {
			list = append(list, alg.alias)
		}
	}
	return strings.Join(list, " ")
}

// hmacAlgorithm is HMAC with SHA-2 (RFC 7518 section 3.2).
func hmacAlgorithm(name string, hash crypto.Hash) *algorithm {
	method := hmacMethod{&jwt.SigningMethodHMAC{Name: name, Hash: hash}}
	return &algorithm{name: name, family: familyHMAC, hash: hash, method: method}
}

// rsaAlgorithm is RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3).
func rsaAlgorithm(name string, hash crypto.Hash) *algorithm {
	method := rsaMethod{&jwt.SigningMethodRSA{Name: name, Hash: hash}}
	return &algorithm{name: name, family: familyRSA, hash: hash, method: method}
}

// pssAlgorithm wants the salt to be as long as the hash (RFC 7518 section 3.5); golang-jwt's own
// take any length.
func pssAlgorithm(name string, hash crypto.Hash) *algorithm {
	method := &jwt.SigningMethodRSAPSS{
		SigningMethodRSA: &jwt.SigningMethodRSA{Name: name, Hash: hash},
		Options:          &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash},
	}
	return &algorithm{name: name, family: familyRSA, hash: hash, method: method}
}

// ecdsaAlgorithm is ECDSA on one curve (RFC 7518 section 3.4). The signature is two numbers of
// fixed size, r and s; one in DER is refused by its length.
func ecdsaAlgorithm(name string, curve family, hash crypto.Hash, bits int) *algorithm {
	method := ecdsaMethod{&jwt.SigningMethodECDSA{
		Name: name, Hash: hash, KeySize: (bits + 7) / 8, CurveBits: bits,
	}}
	return &algorithm{name: name, family: curve, hash: hash, method: method}
}
