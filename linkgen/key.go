package linkgen

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"net/netip"
	"sync"
)

// Key is the name of o's link in a cache: equal for two orders exactly when the API would be asked the same thing for
// the same subscriber. Whoever asks often for the same order may keep it and call LinkKeyed.
//
// Fields are length-prefixed, so that no two orders run together, and hashed under a secret, so that a cache's keys
// tell nothing. Addresses count by network (IPv6 by /64); OwnHost and the random part of the attribution do not count.
// An order for a project that the Generator does not have gets the zero Key.
func (g *Generator) Key(o Order) Key {
	p, ok := g.projects[o.Project]
	if !ok {
		return Key{}
	}
	m := g.macs.get()
	defer g.macs.put(m)
	return Key{Subscriber: m.subject(o.Subscriber.ID), Order: m.order(p, &o)}
}

// macs lends keyed hash states. Making one costs two SHA-256 blocks and several allocations, on the path of every click.
type macs struct {
	pool sync.Pool
}

// mac is a pair of keyed hashes and the scratch space to feed them.
type mac struct {
	subjects, orders hash.Hash
	buf              []byte
	sum              [sha256.Size]byte
}

func newMACs(secret []byte) (*macs, error) {
	subjects, err := hkdf.Key(sha256.New, secret, nil, "caddy-checkout subject", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the subject key: %w", err)
	}
	orders, err := hkdf.Key(sha256.New, secret, nil, "caddy-checkout order", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the order key: %w", err)
	}
	m := new(macs)
	m.pool.New = func() any {
		return &mac{
			subjects: hmac.New(sha256.New, subjects),
			orders:   hmac.New(sha256.New, orders),
			buf:      make([]byte, 0, 1024),
		}
	}
	return m, nil
}

func (m *macs) get() *mac  { return m.pool.Get().(*mac) }
func (m *macs) put(x *mac) { m.pool.Put(x) }

// subject is the zero SubscriberHash for no id.
func (m *mac) subject(id string) (s SubscriberHash) {
	if id == "" {
		return s
	}
	m.buf = appendNormal(m.buf[:0], id)
	m.subjects.Reset()
	m.subjects.Write(m.buf)
	copy(s[:], m.subjects.Sum(m.sum[:0]))
	return s
}

func (m *mac) order(p *project, o *Order) (sum [sha256.Size]byte) {
	b := append(m.buf[:0], p.fingerprint[:]...)
	for _, s := range [...]string{
		o.Subscriber.Kind, o.Subscriber.ID, o.Subscriber.Issuer, o.Language, o.LinkID,
		o.Price, o.Currency, o.Campaign, o.Experiment, o.Variant,
	} {
		b = appendText(b, s)
	}
	b = appendIP(b, network(o.IP))
	b = appendFields(b, o.Fields)
	b = appendFields(b, o.Parameters)
	m.buf = b
	m.orders.Reset()
	m.orders.Write(b)
	m.orders.Sum(m.sum[:0]) // not into sum: it would escape to the heap
	return m.sum
}

// fingerprint names a project by everything about it that changes its links. The secret is in it so that a corrected
// one starts afresh; only its hash is kept.
func (m *mac) fingerprint(p Project, api string) (sum [sha256.Size]byte) {
	m.orders.Reset()
	var b []byte
	for _, s := range []string{"project", p.Name, api, p.AccessKey, p.AccessSecret, p.ApplicationKey, p.ApplicationID} {
		b = appendText(b, s)
	}
	m.orders.Write(b)
	m.orders.Sum(sum[:0])
	return sum
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendFields(b []byte, fields []Field) []byte {
	b = binary.AppendUvarint(b, uint64(len(fields)))
	for _, f := range fields {
		b = appendText(appendText(b, f.Name), f.Value)
	}
	return b
}

// appendIP writes the length first, so that an IPv4 address is never taken for the beginning of something else.
func appendIP(b []byte, ip netip.Addr) []byte {
	switch {
	case ip.Is4():
		a := ip.As4()
		return append(append(b, 4), a[:]...)
	case ip.Is6():
		a := ip.As16()
		return append(append(b, 16), a[:]...)
	}
	return append(b, 0)
}
