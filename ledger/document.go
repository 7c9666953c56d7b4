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

// The kinds of documents and rows. Their values stand in files and servers. A letter is one byte in
// front of every key. Lower case is for what holds facts or sums, upper case for lists that only
// help to find them.
const (
	// The store's own key, locked by the operator's secrets.
	kindLock Kind = 'l'
	// A delivery that was processed.
	kindMark Kind = 'm'
	// A transaction: its payments and refunds.
	kindSale Kind = 's'
	// What began with an original transaction: attribution and subscription. Stores never see it,
	// for it stands in the document of its transaction (entry.go).
	kindOrigin Kind = 'o'
	// Who paid under a link first.
	kindClaim Kind = 'c'
	// What clicks ask of a subscriber.
	kindPerson Kind = 'p'
	// A person in an experiment.
	kindSeen Kind = 'x'
	// A signed offer that was paid or revoked.
	kindOffer Kind = 'j'
	// The experiments of a campaign, and their runs.
	kindRuns Kind = 'r'
	// A row: transactions whose effects are outstanding.
	kindOpen Kind = 'O'
	// A row a day: numbers and money by campaign.
	kindDay Kind = 'd'
	// A row a day: links and money by partner.
	kindPartner Kind = 'a'
	// Rows: the numbers of an experiment's runs.
	kindTally Kind = 't'
	// A row: the campaigns that ever had an experiment.
	kindListed Kind = 'L'
)

// idSize is the length of an id, in bytes: 128 bits, so that no two meet. The number of documents
// at which a collision becomes likely is 2^64.
const idSize = 16

// codec seals and opens the documents of one store. It has one key for ids and 256 for seals. NIST
// SP 800-38D, section 8.3, bounds messages with random nonces under one GCM key to 2^32; spread
// over 256 keys, a store of that many changes is far from it.
type codec struct {
	// Key of the hashes.
	id []byte
	// By the first byte of an id: so a key sees few of the random nonces.
	seals [256]cipher.AEAD
	// Ends what stands in a document with something that lives longer.
	now func() time.Time
}

// newCodec derives all keys from the store's own. HKDF (RFC 5869) with a text for each purpose. The
// texts are part of the format: another text is another key, and nothing would open.
func newCodec(key []byte, now func() time.Time) (*codec, error) {
	id, err := hkdf.Key(sha256.New, key, nil, "ids", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of ids: %w", err)
	}
	c := &codec{id: id, now: now}
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

// hash is a keyed hash of parts, which cannot run together. Each part is preceded by its length, so
// that "ab", "c" and "a", "bc" differ. A keyed hash and not a plain one: transaction ids can be
// guessed or known, and without the key nobody can check a guess.
func (c *codec) hash(parts ...string) string {
	mac := hmac.New(sha256.New, c.id)
	for _, part := range parts {
		mac.Write(binary.AppendUvarint(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return string(mac.Sum(nil)[:idSize])
}

// shortSize is the length of a short id, in bytes.
const shortSize = 8

// short is a hash for what stands inside a document, where a few others could be meant: 64 bits. It
// is also the id of a link that was paid under. Of ten million of these, a payment under another one
// meets none in a trillion cases, and in that one it is for no campaign.
func short(hash string) []byte { return []byte(hash[:shortSize]) }

// personKey is where a subscriber's document is. The hash that the outside world knows them by is
// keyed already; anything that is no such hash gets one. One outside hash has one document, on all
// nodes and after any restart.
func (c *codec) personKey(subscriber string) Key {
	raw, err := base64.RawURLEncoding.DecodeString(subscriber)
	if err != nil || len(raw) != idSize {
		return Key{kindPerson, c.hash("subscriber", subscriber)}
	}
	return Key{kindPerson, string(raw)}
}

// errSealed is all that is said about a document that does not open. Damage, a wrong key and a
// value that was moved look the same to AES-GCM, so more cannot be said.
var errSealed = errors.New("a document of the ledger does not open")

// cborMode writes the shortest form. It is the deterministic encoding of RFC 8949, section 4.2.1:
// the same document gives the same bytes, and maps have one order.
var cborMode = func() cbor.EncMode {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err) // options that we wrote ourselves
	}
	return mode
}()

// write seals v for a key. The first byte of the id chooses the seal. Ids are hashes, so documents
// spread evenly over the keys.
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

// readPlain reads a document that is not sealed. Those of participants hold short hashes and
// numbers only, and are read by the thousand in a recount.
func readPlain(value []byte, v any) error {
	if err := cbor.Unmarshal(value, v); err != nil {
		return fmt.Errorf("reading a document of the ledger: %w", err)
	}
	return nil
}

// aad ties a value to its place: one that was moved elsewhere does not open. Otherwise anyone who
// can write to the store could put one subscriber's document in another's place.
func aad(key Key) []byte { return append([]byte{byte(key.Kind)}, key.ID...) }

// unpack reads into v what a key names, out of the document in which it stands, and reports whether
// it is there. beside is all that stands in that document.
func (c *codec) unpack(key Key, doc Doc, v any) (found bool, beside entry, err error) {
	if stored(key).Kind == kindSale {
		beside, err = c.readEntry(key.ID, doc)
		return err == nil && beside.half(v), beside, err
	}
	if doc.Value == nil {
		return false, beside, nil
	}
	return true, beside, c.read(key, doc.Value, v)
}

// pack is the other way. What stands beside it stays.
func (c *codec) pack(key Key, v any, until time.Time, beside entry) (Doc, error) {
	if stored(key).Kind == kindSale {
		beside.put(v, until)
		return c.writeEntry(key.ID, beside)
	}
	value, err := c.write(key, v)
	return Doc{Value: value, Until: until}, err
}

// look reads one document into v, and reports whether it is there.
func look(c *codec, read func(...Key) ([]Doc, error), key Key, v any) (found bool, err error) {
	docs, err := read(stored(key))
	if err != nil {
		return false, err
	}
	found, _, err = c.unpack(key, docs[0], v)
	return found, err
}

// errUnchanged is what a change answers that has nothing to write.
var errUnchanged = errors.New("unchanged")

// alter is Steps.Change, to whose caller errUnchanged is no error: there was nothing to write, and a
// store is spared a sync.
func alter(s Steps, key Key, f func(old Doc) (Doc, error)) error {
	if err := s.Change(key, f); !errors.Is(err, errUnchanged) {
		return err
	}
	return nil
}

// change replaces a document by what f makes of it. f gets a zero T where there is none, and says
// until when the document is kept, or errUnchanged; it may be called again, with another document.
// An error of f leaves the document as it is.
func change[T any](c *codec, s Steps, key Key, f func(doc *T) (until time.Time, err error)) error {
	return changeUntil(c, s, key, func(doc *T, _ time.Time) (time.Time, error) { return f(doc) })
}

// changeUntil is change for an f that asks until when the document is kept as yet.
func changeUntil[T any](
	c *codec, s Steps, key Key, f func(doc *T, kept time.Time) (until time.Time, err error),
) error {
	return alter(s, stored(key), func(old Doc) (Doc, error) {
		doc := new(T)
		_, beside, err := c.unpack(key, old, doc)
		if err != nil {
			return Doc{}, err
		}
		until, err := f(doc, old.Until)
		if err != nil {
			return Doc{}, err
		}
		return c.pack(key, doc, until, beside)
	})
}
