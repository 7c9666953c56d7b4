package linkgen

import (
	"net/netip"
	"strings"
)

// Order is what a link is wanted for.
type Order struct {
	Project    string     // by name; empty is the default project
	Subscriber Subscriber // zero for a guest: the link is then made for this click and never cached
	IP         netip.Addr // the shopper's; Zotlo may choose price and currency by its country. Left out when it is not valid
	Language   string     // of the checkout page; empty means "en"
	LinkID     string     // of the base link in the Zotlo Dashboard
	Price      string     // decimal text, with Currency, or neither
	Currency   string
	Fields     []Field // top-level wire fields by name; they never replace a field that Order has a name for
	Parameters []Field // custom parameters by dotted key; "checkout" is ours
	Campaign   string  // for attribution
	Experiment string
	Variant    string
	OwnHost    string // the request's own host, where a link must not lead; not part of the key
}

// Field is a name and its value. A field without a value is not sent.
type Field struct{ Name, Value string }

// Subscriber is whom a link is for.
type Subscriber struct {
	Kind   string // email, phone or uuid
	ID     string
	Issuer string // of the token that said so; may be empty
}

// guest tells whether nobody is known to ask.
func (o *Order) guest() bool { return o.Subscriber.ID == "" }

// check finds what would make a wrong checkout. It is the last line of defence: whoever built the order has looked before.
func (o *Order) check() *Error {
	switch {
	case o.LinkID == "":
		return failed(Refused, "the order has no link id")
	case (o.Price == "") != (o.Currency == ""):
		return failed(Refused, "the order has a price or a currency without the other")
	}
	return nil
}

// clone copies what a background call keeps after its caller has returned and may reuse his slices.
func (o *Order) clone() Order {
	c := *o
	c.Fields = append([]Field(nil), o.Fields...)
	c.Parameters = append([]Field(nil), o.Parameters...)
	return c
}

// canonicalIP is the address as it is sent: without a zone, an IPv4-mapped one as IPv4.
func canonicalIP(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }

// network is the part of an address that stands for one subscriber line: IPv4 whole, IPv6 by /64, since whoever has
// one address of a /64 has them all.
func network(ip netip.Addr) netip.Addr {
	ip = canonicalIP(ip)
	if !ip.Is6() {
		return ip
	}
	b := ip.As16()
	clear(b[8:])
	return netip.AddrFrom16(b)
}

// nest turns dotted keys into nested objects. Where one key asks for a text and another for an object in the same
// place, the later one wins.
func nest(parameters []Field) map[string]any {
	root := make(map[string]any, len(parameters)+1)
	for _, p := range parameters {
		if p.Value == "" {
			continue
		}
		at := root
		path := strings.Split(p.Name, ".")
		for _, step := range path[:len(path)-1] {
			next, ok := at[step].(map[string]any)
			if !ok {
				next = make(map[string]any)
				at[step] = next
			}
			at = next
		}
		at[path[len(path)-1]] = p.Value
	}
	return root
}
