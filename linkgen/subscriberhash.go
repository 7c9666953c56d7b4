package linkgen

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// SubscriberHash is the keyed hash of a subscriber id, without its kind and issuer: what is
// remembered, logged and attributed instead of the id. E-mails are compared without case, phones
// without the plus.
type SubscriberHash [16]byte

// SubscriberHash hashes an id. Equal ids give equal hashes in every Generator with the same first
// one of Config.SubscriberKeys. The hash of no id is zero.
func (g *Generator) SubscriberHash(id string) SubscriberHash {
	m := g.macs.get()
	defer g.macs.put(m)
	return m.subscriber(id)
}

// FormerHashes are the hashes that an id had under the other Config.SubscriberKeys: hardly ever any.
func (g *Generator) FormerHashes(id string) (former []SubscriberHash) {
	for _, key := range g.macs.former {
		m := mac{subscribers: hmac.New(sha256.New, key)}
		former = append(former, m.subscriber(id))
	}
	return former
}

// String is the hash in base64url, 22 characters.
func (s SubscriberHash) String() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

// errSubscriberHash does not repeat the text: it may be anything that somebody put into a webhook.
var errSubscriberHash = errors.New("a subscriber hash is 22 characters of base64url")

// UnmarshalText reads what String wrote, and nothing else.
func (s *SubscriberHash) UnmarshalText(text []byte) error {
	// Only the one spelling that String writes: right length, no stray bits at the end.
	var read SubscriberHash
	if len(text) != 22 {
		return errSubscriberHash
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(read[:], text); err != nil {
		return errSubscriberHash
	}
	*s = read
	return nil
}

// appendNormal appends the form in which ids are compared: lower case, a phone without its plus.
func appendNormal(b []byte, id string) []byte {
	if isPhone(id) {
		id = id[1:]
	}
	// ASCII alone is folded: what else an e-mail may hold is compared as it is.
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
