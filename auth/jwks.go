package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/MicahParks/jwkset"
)

// parseKeySet reads a JSON Web Key Set (RFC 7517 section 5). Keys for other purposes, of unknown
// kinds, malformed or weak are passed over, as the RFC asks, whatever kid they have. The whole set
// is refused when it shows that its publisher has mixed things up: symmetric or private keys in it,
// or one kid for two keys that one token could mean. A set without a usable key is refused as well.
func parseKeySet(body []byte) (*keySet, error) {
	document, err := parseObject(body)
	if err != nil {
		return nil, fetchFailed(resultMalformed, err)
	}
	jwks, ok := objects(document)
	if !ok {
		return nil, fetchFailed(resultMalformed, errors.New(`no array of objects called "keys"`))
	}
	// passedOver are the reasons, for the error of a set of which nothing is left.
	set := &keySet{named: true}
	var passedOver []string
	for i, jwk := range jwks {
		if err := checkSecrecy(jwk); err != nil {
			return nil, err
		}
		k, err := parseKey(jwk)
		if err != nil {
			passedOver = append(passedOver, fmt.Sprintf("key %d: %v", i+1, err))
			continue
		}
		if slices.ContainsFunc(set.keys, k.clashes) {
			return nil, fetchFailed(resultDuplicateKid, errors.New("two keys have the same kid"))
		}
		set.keys = append(set.keys, k)
	}
	if len(set.keys) == 0 {
		reasons := strings.Join(passedOver[:min(len(passedOver), 3)], "; ")
		return nil, fetchFailed(resultNoUsableKey,
			fmt.Errorf("no usable key among %d (%s)", len(jwks), reasons))
	}
	return set, nil
}

// objects returns the elements of the array called keys. Not ok is a document without such an
// array, or an array that holds anything but objects. A null is absent here, as in a key.
func objects(document object) (list []object, ok bool) {
	array, _ := document.get("keys")
	if !strings.HasPrefix(array, "[") {
		return nil, false
	}
	for element := range elements(array) {
		if element == "null" {
			continue
		}
		if element[0] != '{' {
			return nil, false
		}
		list = append(list, members(element))
	}
	return list, true
}

// checkSecrecy refuses what must never stand in a published key set (RFC 7518 section 6). It looks
// at every element, also at those that would be passed over: a publisher that shows one private key
// has made a mistake that somebody must hear of.
func checkSecrecy(jwk object) error {
	if kty, _ := jwk.text("kty"); kty == "oct" {
		return fetchFailed(resultSymmetricKey,
			errors.New("holds a symmetric key; write it as `secret`, and keep it out of key sets"))
	}
	for _, name := range []string{"k", "d", "p", "q", "dp", "dq", "qi", "oth"} {
		if _, there := jwk.get(name); there {
			return fetchFailed(resultPrivateKey,
				errors.New("holds a private key; publish its public half only"))
		}
	}
	return nil
}

// parseKey reads one public key for signatures. What its own members (use, key_ops, alg) say about
// it holds. An error says why the key is passed over; it holds nothing of the key.
func parseKey(jwk object) (key, error) {
	if err := forSignatures(jwk); err != nil {
		return key{}, err
	}
	// Only the key's numbers are handed on: jwkset would follow x5u and parse certificates.
	var m jwkset.JWKMarshal
	for name, field := range map[string]*string{
		"kty": (*string)(&m.KTY), "crv": (*string)(&m.CRV),
		"x": &m.X, "y": &m.Y, "n": &m.N, "e": &m.E,
	} {
		*field, _ = jwk.text(name)
	}
	// jwkset reads the exponent as an int: a longer one would wrap around to another than was
	// published.
	exponent, _ := base64.RawURLEncoding.DecodeString(strings.TrimRight(m.E, "="))
	if len(exponent) > 4 {
		return key{}, errors.New("its public exponent is too big")
	}
	parsed, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{},
		jwkset.JWKValidateOptions{})
	if err != nil {
		return key{}, errors.New("unknown kty or crv, or malformed")
	}
	k, err := newKey(parsed.Key())
	if err != nil {
		return key{}, err
	}
	return nameKey(k, jwk)
}

// forSignatures honours use and key_ops (RFC 7517 sections 4.2 and 4.3). Absent, they restrict
// nothing.
func forSignatures(jwk object) error {
	if _, there := jwk.get("use"); there {
		if use, _ := jwk.text("use"); use != "sig" {
			return errors.New("its use is not sig")
		}
	}
	if operations, there := jwk.get("key_ops"); there {
		list, ok := texts(operations)
		if !ok || !slices.Contains(list, "verify") {
			return errors.New("its key_ops do not hold verify")
		}
	}
	return nil
}

// nameKey adds kid and alg. An alg pins the key to it: RS256 is then not to be had from a key that
// was made for PS256 (RFC 7517 section 4.4).
func nameKey(k key, jwk object) (key, error) {
	if _, there := jwk.get("kid"); there {
		kid, _ := jwk.text("kid")
		if kid == "" || len(kid) > maxKeyID {
			return key{}, errors.New("its kid is no text, empty or too long")
		}
		k.kid = kid
	}
	if _, there := jwk.get("alg"); there {
		name, _ := jwk.text("alg")
		alg := algorithms.find(name)
		if alg == nil || alg.family != k.family {
			return key{}, errors.New("its alg is not for keys of its kind")
		}
		k.alg = alg.name
	}
	return k, nil
}
