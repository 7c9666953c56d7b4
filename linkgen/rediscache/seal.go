package rediscache

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/linkgen"
)

const (
	// epochSize is the length of an epoch, in bytes.
	epochSize = 16
	// sealVersion is the first byte of a seal; a seal with another one does not open.
	sealVersion = 1
	maxText     = 4096 // of a link or a remembered value, in bytes
	// maxSealed adds up the version, the nonce, two instants and a length, the epoch, the text and
	// the tag of GCM.
	maxSealed = 1 + 12 + 17 + epochSize + maxText + 16
)

// names are the keys of one link in Redis.
type names struct{ epoch, link string }

// names puts all keys of a subscriber under one hash tag, so that they share a node of a cluster.
func (c *Cache) names(k linkgen.Key) names {
	tag := c.epochName(k.Subscriber)
	return names{epoch: tag, link: tag + ":" + c.hash("link", k.Subscriber[:], k.Order[:])}
}

// epochName is the key of a subscriber's epoch. Its braces are the hash tag.
func (c *Cache) epochName(s linkgen.SubscriberHash) string {
	return c.prefix + "{" + c.hash("subject", s[:]) + "}"
}

// factName is the key of a fact. It has no hash tag: nothing reads two facts at once.
func (c *Cache) factName(use, key string) string {
	return c.prefix + use + ":" + c.hash(use, []byte(key))
}

// hash is 128 bits of HMAC-SHA-256. Use keeps apart what is hashed for different ends; all parts
// but the last have a fixed length for each use.
func (c *Cache) hash(use string, parts ...[]byte) string {
	mac := hmac.New(sha256.New, c.nameKey)
	mac.Write([]byte(use))
	mac.Write([]byte{0})
	for _, p := range parts {
		mac.Write(p)
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// aead is the cipher for one name. A key for each name keeps the number of random nonces per key
// small, however many links a fleet makes.
func (c *Cache) aead(name string) (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, c.sealKey)
	mac.Write([]byte(name))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sealed is what lies inside a seal.
type sealed struct {
	// made is when the link's API call began, or when the value was remembered. From until on
	// neither is given out.
	made, until time.Time
	epoch       linkgen.Epoch // of links
	text        string        // the link or the remembered value
}

// seal encrypts v for name. The result is a version, a nonce, and the encrypted fields: made and
// until as nanoseconds since 1970, the epoch with its length before it, and the text.
func (c *Cache) seal(name string, v sealed) (string, error) {
	aead, err := c.aead(name)
	if err != nil {
		return "", err
	}
	plain := make([]byte, 0, 17+len(v.epoch)+len(v.text))
	plain = binary.BigEndian.AppendUint64(plain, uint64(v.made.UnixNano()))
	plain = binary.BigEndian.AppendUint64(plain, uint64(v.until.UnixNano()))
	plain = append(plain, byte(len(v.epoch)))
	plain = append(plain, v.epoch...)
	plain = append(plain, v.text...)
	out := append(make([]byte, 0, 1+aead.Overhead()+len(plain)), sealVersion)
	return string(aead.Seal(out, nil, plain, []byte(name))), nil
}

// open is the other way. It trusts nothing that it reads, and says of what does not open no more
// than redisclient.ErrCorrupt.
func (c *Cache) open(name, value string) (sealed, error) {
	if len(value) > maxSealed || len(value) == 0 || value[0] != sealVersion {
		return sealed{}, redisclient.ErrCorrupt
	}
	aead, err := c.aead(name)
	if err != nil {
		return sealed{}, err
	}
	plain, err := aead.Open(nil, nil, []byte(value[1:]), []byte(name))
	if err != nil || len(plain) < 17 || len(plain) < 17+int(plain[16]) {
		return sealed{}, redisclient.ErrCorrupt
	}
	// 17 bytes are two instants and the length of the epoch.
	split := 17 + int(plain[16])
	return sealed{
		made:  time.Unix(0, int64(binary.BigEndian.Uint64(plain))),
		until: time.Unix(0, int64(binary.BigEndian.Uint64(plain[8:]))),
		epoch: linkgen.Epoch(plain[17:split]),
		text:  string(plain[split:]),
	}, nil
}
