package linkgen

import (
	"encoding/base64"
	"errors"
)

// SubscriberHash is the keyed hash of a subscriber id, without its kind and issuer: what is remembered, logged and attributed instead of the id.
// E-mails are compared without case, phones without the plus.
type SubscriberHash [16]byte

// SubscriberHash hashes an id. Equal ids give equal subjects in every Generator with the same Config.Key.
func (g *Generator) SubscriberHash(id string) SubscriberHash {
	m := g.macs.get()
	defer g.macs.put(m)
	return m.subject(id)
}

// String is the subject in base64url, 22 characters.
func (s SubscriberHash) String() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

var errSubject = errors.New("a subject is 22 characters of base64url")

// ParseSubscriberHash reads what String wrote, and nothing else.
func ParseSubscriberHash(text string) (SubscriberHash, error) {
	var s SubscriberHash
	if len(text) != 22 {
		return s, errSubject
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(s[:], []byte(text)); err != nil {
		return SubscriberHash{}, errSubject
	}
	return s, nil
}

// appendNormal appends the form in which ids are compared: lower case, a phone without its plus.
func appendNormal(b []byte, id string) []byte {
	if isPhone(id) {
		id = id[1:]
	}
	for i := range len(id) {
		c := id[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// isPhone tells a phone with its plus from an e-mail that happens to begin with one.
func isPhone(id string) bool {
	if len(id) < 2 || id[0] != '+' {
		return false
	}
	for i := 1; i < len(id); i++ {
		if id[i] < '0' || id[i] > '9' {
			return false
		}
	}
	return true
}
