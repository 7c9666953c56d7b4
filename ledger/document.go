package ledger

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// This file is how a document becomes bytes: under which id it is kept, how it is written, and how
// it is sealed. The form is CBOR (RFC 8949) with numbers as names: small, and a reader passes over
// what it does not know.

// The kinds of documents and rows. Their values stand in files and servers.
const (
	kindLock    Kind = 'l' // the store's own key, locked by the operator's secrets
	kindMark    Kind = 'm' // a delivery that was processed
	kindSale    Kind = 's' // a transaction: its payments and refunds
	kindOrigin  Kind = 'o' // what began with an original transaction: attribution and subscription
	kindClaim   Kind = 'c' // who paid under a link first
	kindPerson  Kind = 'p' // what clicks ask of a subscriber
	kindSeen    Kind = 'x' // a person in an experiment
	kindRuns    Kind = 'r' // the experiments of a campaign, and their runs
	kindOpen    Kind = 'O' // a row: transactions whose effects are outstanding
	kindDay     Kind = 'd' // a row a day: numbers and money by campaign
	kindPartner Kind = 'a' // a row a day: numbers and money by partner
	kindTally   Kind = 't' // rows: the numbers of an experiment's runs
	kindListed  Kind = 'L' // a row: the campaigns that ever had an experiment
)

// idSize is the length of an id, in bytes: 128 bits, so that no two meet.
const idSize = 16

// codec seals and opens the documents of one store.
type codec struct {
	id    []byte           // key of the hashes
	seals [256]cipher.AEAD // by the first byte of an id: so a key sees few of the random nonces
}

// newCodec derives all keys from the store's own.
func newCodec(key []byte) (*codec, error) {
	id, err := hkdf.Key(sha256.New, key, nil, "ids", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of ids: %w", err)
	}
	c := &codec{id: id}
	for i := range c.seals {
		seal, err := hkdf.Key(sha256.New, key, nil, "seal "+string(rune(i)), sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("deriving the key of seals: %w", err)
		}
		if c.seals[i], err = newAEAD(seal); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// hash is a keyed hash of parts, which cannot run together.
func (c *codec) hash(parts ...string) string {
	mac := hmac.New(sha256.New, c.id)
	for _, part := range parts {
		mac.Write(binary.AppendUvarint(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return string(mac.Sum(nil)[:idSize])
}

// short is a hash for what stands inside a document, where a few others could be meant: 64 bits.
func short(hash string) []byte { return []byte(hash[:8]) }

// personKey is where a subscriber's document is. The hash that the outside world knows them by is
// keyed already; anything that is no such hash gets one.
func (c *codec) personKey(subscriber string) Key {
	raw, err := base64.RawURLEncoding.DecodeString(subscriber)
	if err != nil || len(raw) != idSize {
		return Key{kindPerson, c.hash("subscriber", subscriber)}
	}
	return Key{kindPerson, string(raw)}
}

// errSealed is all that is said about a document that does not open.
var errSealed = errors.New("a document of the ledger does not open")

// cborMode writes the shortest form.
var cborMode = func() cbor.EncMode {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err) // options that we wrote ourselves
	}
	return mode
}()

// write seals v for a key.
func (c *codec) write(key Key, v any) ([]byte, error) {
	plain, err := cborMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing a document of the ledger: %w", err)
	}
	return c.seals[key.ID[0]].Seal(nil, nil, plain, aad(key)), nil //nolint:gosec // random nonces
}

// read opens what write sealed. It trusts nothing that it reads.
func (c *codec) read(key Key, value []byte, v any) error {
	plain, err := c.seals[key.ID[0]].Open(nil, nil, value, aad(key))
	if err != nil {
		return errSealed
	}
	if err := cbor.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("reading a document of the ledger: %w", err)
	}
	return nil
}

// readPlain reads a document that is not sealed.
func readPlain(value []byte, v any) error {
	if err := cbor.Unmarshal(value, v); err != nil {
		return fmt.Errorf("reading a document of the ledger: %w", err)
	}
	return nil
}

// aad ties a value to its place: one that was moved elsewhere does not open.
func aad(key Key) []byte { return append([]byte{byte(key.Kind)}, key.ID...) }

// look reads one document into v, and reports whether it is there.
func look(c *codec, read func(...Key) ([]Doc, error), key Key, v any) (found bool, err error) {
	docs, err := read(key)
	if err != nil || docs[0].Value == nil {
		return false, err
	}
	return true, c.read(key, docs[0].Value, v)
}

// errUnchanged is what a change answers that has nothing to write.
var errUnchanged = errors.New("unchanged")

// change replaces a document by what f makes of it. f gets a zero T where there is none, and says
// until when the document is kept, or errUnchanged; it may be called again, with another document.
func change[T any](c *codec, s Steps, key Key, f func(doc *T) (until time.Time, err error)) error {
	err := s.Change(key, func(old Doc) (Doc, error) {
		doc := new(T)
		if old.Value != nil {
			if err := c.read(key, old.Value, doc); err != nil {
				return Doc{}, err
			}
		}
		until, err := f(doc)
		if err != nil {
			return Doc{}, err
		}
		value, err := c.write(key, doc)
		return Doc{Value: value, Until: until}, err
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}
