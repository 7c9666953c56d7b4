package ledger

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// This file is what the operator's secrets are for: they prove that an attribution is one of ours,
// and they lock the key under which a store is sealed.

// Secrets are the secrets of a ledger. The first one writes, all of them read, so that a secret can
// be changed while links of the old one are still out. They are safe for concurrent use.
type Secrets struct{ keys []secretKeys }

// secretKeys are derived from one secret, so that none of them tells anything about another. A text
// of its own goes into each derivation (RFC 5869, section 3.2), which keeps them apart.
type secretKeys struct {
	// Of the MAC of an attribution.
	attribution []byte
	// Of a store's key.
	lock cipher.AEAD
	// The key of a store that is begun under this secret.
	store []byte
}

// NewSecrets derives keys by HKDF-SHA256 (RFC 5869). It wants one secret at least, and none that
// is empty. The info texts are part of the format.
func NewSecrets(secrets ...[]byte) (*Secrets, error) {
	if len(secrets) == 0 {
		return nil, errors.New("the ledger has no secret")
	}
	s := new(Secrets)
	for _, secret := range secrets {
		if len(secret) == 0 {
			return nil, errors.New("a secret of the ledger is empty")
		}
		mac, err := hkdf.Key(sha256.New, secret, nil, "caddy-checkout attribution", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("deriving the attribution key: %w", err)
		}
		lock, err := hkdf.Key(sha256.New, secret, nil, "caddy-checkout ledger", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("deriving the ledger key: %w", err)
		}
		aead, err := newAEAD(lock)
		if err != nil {
			return nil, err
		}
		store, err := hkdf.Key(sha256.New, secret, nil, "caddy-checkout ledger key", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("deriving a store's key: %w", err)
		}
		s.keys = append(s.keys, secretKeys{mac, aead, store})
	}
	return s, nil
}

// newAEAD is AES-256-GCM with nonces of its own. The nonce is drawn at random for each message and
// stands in front of it, so nobody has to count.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// macField is the name of the MAC in an attribution, which is its last field. It is searched from
// the end, so a value that contains the same letters, escaped or not, cannot shift it.
const macField = "&h="

// macSize is how much of an HMAC-SHA256 rides along, in bytes. Each guess costs a payment, so 64
// bits cannot be guessed.
const macSize = 8

// Sign writes an attribution and proves that it is ours. The MAC covers the text as it is sent, not
// the fields. So a reader need not write them again in the same way before it can check.
func (s *Secrets) Sign(a Attribution) string {
	text := a.String()
	return text + macField + s.keys[0].sum(text)
}

// sum is the MAC of an attribution's text. The alphabet is that of RFC 4648, section 5, which needs
// no escape in a query.
func (k secretKeys) sum(text string) string {
	mac := hmac.New(sha256.New, k.attribution)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:macSize])
}

// Read is the attribution that came back with a webhook, out of the texts where Zotlo may have put
// it, the likeliest first. The first that proves itself wins. What is forged, cut or not ours
// attributes nothing: then the result is zero.
//
// A text with neither a minute nor a MAC is of version 1, which proved nothing. It is read as that
// version did, until the first release after 0.2.
func (s *Secrets) Read(texts ...string) Attribution {
	for _, text := range texts {
		a, err := ParseAttribution(text)
		if err != nil || a == (Attribution{}) {
			continue
		}
		signed, mac, found := cutLast(text, macField)
		if !found && a.Minute == "" && !strings.HasPrefix(text, macField[1:]) {
			a.Quote, a.QuoteCurrency, a.Partner, a.Offer = "", "", "", "" // it had none of them
			return a
		}
		if found && s.proves(signed, mac) {
			return a
		}
	}
	return Attribution{}
}

// proves reports whether one of the secrets made the MAC. It compares in constant time. A secret
// that was replaced still proves the links that were made under it.
func (s *Secrets) proves(text, mac string) bool {
	for _, k := range s.keys {
		if hmac.Equal([]byte(k.sum(text)), []byte(mac)) {
			return true
		}
	}
	return false
}

// cutLast cuts text around the last separator. strings.Cut takes the first one, which a forged
// value could hold.
func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// ErrOtherSecret means that a store was sealed under a secret that is not among the given ones.
var ErrOtherSecret = errors.New(
	"the ledger was written under another secret: put the old secret second")

// storeKey is the key of a store that is new. Stores that are begun under the same first secret
// have the same one, so that ids of one mean the same in the other. A store keeps it from then on,
// so a later first secret changes the lock and not the ids.
func (s *Secrets) storeKey() []byte { return s.keys[0].store }

// lock seals a store's key under each of the secrets. One lock per secret lets nodes with the old
// configuration go on opening the store during a rollout.
func (s *Secrets) lock(key []byte) (locks [][]byte) {
	for _, k := range s.keys {
		locks = append(locks, k.lock.Seal(nil, nil, key, nil)) //nolint:gosec // random nonces
	}
	return locks
}

// unlock opens a store's key. Current says that the locks are just those of the given secrets. All
// pairs are tried, which are a handful: a lock does not say whose it is, so that a store tells
// nothing of its secrets.
func (s *Secrets) unlock(locks [][]byte) (key []byte, current bool, err error) {
	opened := 0
	for _, k := range s.keys {
		for _, lock := range locks {
			if found, err := k.lock.Open(nil, nil, lock, nil); err == nil {
				key = found
				opened++
				break
			}
		}
	}
	if key == nil {
		return nil, false, ErrOtherSecret
	}
	return key, opened == len(s.keys) && opened == len(locks), nil
}
