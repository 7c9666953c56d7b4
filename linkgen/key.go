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

	"github.com/caddy-checkout/checkout/zotlo"
)

// Prepared is an order with the key of its link, sealed together: the key of another order would
// give a shopper somebody else's link. A caller that asks often for the same order may keep it. It
// does not change, and is safe for concurrent use.
type Prepared struct {
	// What a click reads stands together: a returning shopper's lies in memory that is cold.
	generator *Generator
	project   *project // nil if the order names none that is configured
	key       Key
	order     Order
}

// Prepare works out the key of o's link: equal for two orders exactly when the API would be asked
// the same thing for the same subscriber.
//
// Fields are length-prefixed, so that no two orders run together, and hashed under a secret, so
// that a cache's keys tell nothing. Addresses count by network (IPv6 by /64); the random part of
// the attribution does not count.
func (g *Generator) Prepare(o Order) *Prepared {
	// Short enough to become part of its caller: what a caller does not keep costs no allocation.
	p := &Prepared{generator: g, order: o}
	p.prepare()
	return p
}

// prepare is Prepare for what knows its generator and its order.
func (p *Prepared) prepare() {
	p.order.own()
	project, ok := p.generator.projects[p.order.Project]
	if !ok {
		return
	}
	m := p.generator.macs.get()
	defer p.generator.macs.put(m)
	p.project = project
	p.key.Subscriber = m.subscriber(p.order.Subscriber.ID)
	p.key.Order = m.order(project.fingerprint, &p.order)
}

// macs lends keyed hash states. Making one costs two SHA-256 blocks and several allocations, on the
// path of every click.
type macs struct {
	pool sync.Pool
	// former are keys of subscriber hashes that were replaced.
	former [][]byte
}

// mac is a pair of keyed hashes and the scratch space to feed them.
type mac struct {
	subscribers, orders hash.Hash
	buf                 []byte
	sum                 [sha256.Size]byte
}

// newMACs derives keys from the secrets by HKDF-SHA256 (RFC 5869), so that no hash tells anything
// about another. The info texts are part of the format: another one makes all cached links and all
// attributed subscribers unknown.
func newMACs(secret []byte, subscriberSecrets [][]byte) (*macs, error) {
	var subscribers [][]byte
	for _, secret := range subscriberSecrets {
		key, err := hkdf.Key(sha256.New, secret, nil, "caddy-checkout subject", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("deriving the subscriber key: %w", err)
		}
		subscribers = append(subscribers, key)
	}
	orders, err := hkdf.Key(sha256.New, secret, nil, "caddy-checkout order", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the order key: %w", err)
	}
	m := &macs{former: subscribers[1:]}
	m.pool.New = func() any {
		return &mac{
			subscribers: hmac.New(sha256.New, subscribers[0]),
			orders:      hmac.New(sha256.New, orders),
			buf:         make([]byte, 0, 1024),
		}
	}
	return m, nil
}

// get lends a mac to one caller, who puts it back.
func (m *macs) get() *mac  { return m.pool.Get().(*mac) }
func (m *macs) put(x *mac) { m.pool.Put(x) }

// subscriber is the zero SubscriberHash for no id.
func (m *mac) subscriber(id string) (s SubscriberHash) {
	if id == "" {
		return s
	}
	m.buf = appendNormal(m.buf[:0], id)
	m.subscribers.Reset()
	m.subscribers.Write(m.buf)
	copy(s[:], m.subscribers.Sum(m.sum[:0]))
	return s
}

// order hashes a project's fingerprint and everything that the API is asked for, in a fixed
// sequence.
func (m *mac) order(project [sha256.Size]byte, o *Order) (sum [sha256.Size]byte) {
	b := append(m.buf[:0], project[:]...)
	for _, s := range [...]string{
		o.Subscriber.Kind, o.Subscriber.ID, o.Subscriber.Issuer, o.Language, o.LinkID,
		o.Price, o.Currency, o.Campaign, o.Experiment, o.Variant,
		o.Quote, o.QuoteCurrency, o.Partner, o.Offer,
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

// fingerprint names a project by everything about it that changes its links. The secret is in it so
// that a corrected one starts afresh; only its hash is kept.
func (m *macs) fingerprint(p zotlo.Project) (sum [sha256.Size]byte) {
	x := m.get()
	defer m.put(x)
	x.orders.Reset()
	var b []byte
	for _, s := range []string{
		"project", p.Name, p.API(), p.AccessKey, p.AccessSecret, p.ApplicationKey, p.ApplicationID,
	} {
		b = appendText(b, s)
	}
	x.orders.Write(b)
	x.orders.Sum(sum[:0])
	return sum
}

// appendText writes the length first, so that "a", "bc" and "ab", "c" differ.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendFields writes the number of fields first. Their sequence counts.
func appendFields(b []byte, fields []zotlo.Field) []byte {
	b = binary.AppendUvarint(b, uint64(len(fields)))
	for _, f := range fields {
		b = appendText(appendText(b, f.Name), f.Value)
	}
	return b
}

// appendIP writes the length first, so that an IPv4 address is never taken for the beginning of
// something else.
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
