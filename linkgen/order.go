package linkgen

import (
	"net/netip"
	"slices"

	"github.com/caddy-checkout/checkout/zotlo"
)

// Order is what a link is wanted for.
type Order struct {
	Project    string        // by name; empty is the default project
	Subscriber Subscriber    // zero for a guest: the link is then made for this click and never cached
	IP         netip.Addr    // the shopper's; Zotlo may choose price and currency by its country
	Language   string        // of the checkout page; empty means "en"
	LinkID     string        // of the base link in the Zotlo Dashboard
	Price      string        // decimal text, with Currency, or neither
	Currency   string        //
	Fields     []zotlo.Field // top-level wire fields; they replace none that Order has a name for
	Parameters []zotlo.Field // custom parameters by dotted key; "checkout" is Config.Attribute's
	Campaign   string        // for attribution
	Experiment string
	Variant    string

	Quote, QuoteCurrency string // what a page said of the base link's price, for attribution
	Partner              string // for attribution
	Offer                string // hash of a signed offer, for attribution
}

// Subscriber is whom a link is for. Kind and Issuer are part of a link's key, but not of the
// SubscriberHash: all links of an id are forgotten together.
type Subscriber struct {
	Kind   string // email, phone or uuid
	ID     string
	Issuer string // of the token that said so; may be empty
}

// guest tells whether nobody is known to ask.
func (o *Order) guest() bool { return o.Subscriber.ID == "" }

// check finds what would make a wrong checkout. It is the last line of defence: callers that build
// an order have looked before.
func (o *Order) check() *Error {
	switch {
	case o.LinkID == "":
		return failed(Refused, "the order has no link id")
	case (o.Price == "") != (o.Currency == ""):
		return failed(Refused, "the order has a price or a currency without the other")
	}
	return nil
}

// request is what the API is asked; checkout is the attribution that rides along, empty for none.
func (o *Order) request(checkout string) zotlo.LinkRequest {
	return zotlo.LinkRequest{
		LinkID: o.LinkID, Subscriber: o.Subscriber.ID, IP: o.IP, Language: o.Language,
		Price: o.Price, Currency: o.Currency, Fields: o.Fields, Parameters: o.Parameters,
		Checkout: checkout,
	}
}

// own copies what a caller may change after they have returned: they may reuse their slices.
func (o *Order) own() {
	o.Fields, o.Parameters = slices.Clone(o.Fields), slices.Clone(o.Parameters)
}

// network is the part of an address that stands for one subscriber line: IPv4 whole, IPv6 by /64,
// since anyone who has one address of a /64 has them all.
func network(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return ip
	}
	// The last eight bytes are the host in its /64.
	b := ip.As16()
	clear(b[8:])
	return netip.AddrFrom16(b)
}
