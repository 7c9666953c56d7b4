package ledger

import (
	"bytes"
	"slices"
	"time"
)

// This file is the document of a subscriber: all that clicks ask about them, so that one look-up
// answers everything. It follows from sales, origins and events.

// person is what is known of one subscriber. Its three lists are bounded, so one subscriber's
// document stays small whatever they do. It can be lost without loss of money: payments and
// subscriptions are told again from their sales and origins.
type person struct {
	// Their last payments, the newest first.
	Notes  []note         `cbor:"1,keyasint,omitempty" json:"notes,omitempty"`
	Subs   []subscription `cbor:"2,keyasint,omitempty" json:"subs,omitempty"`
	Events []happening    `cbor:"3,keyasint,omitempty" json:"events,omitempty"`
}

// note is a payment of the subscriber. It holds no amount. A click asks only whether they paid, for
// what and when.
type note struct {
	// Short hash.
	Transaction []byte `cbor:"1,keyasint,omitempty" json:"transaction,omitempty"`
	// Empty for one that no link of ours led to.
	Campaign string `cbor:"2,keyasint,omitempty" json:"campaign,omitempty"`
	// Unix seconds.
	Heard int64 `cbor:"3,keyasint,omitempty" json:"heard,omitempty"`
	// It was given back.
	Back bool `cbor:"4,keyasint,omitempty" json:"back,omitempty"`
	// Of the sale.
	Version uint `cbor:"5,keyasint,omitempty" json:"version,omitempty"`
}

// subscription is an origin as its subscriber's document has it. The end is computed when it is
// told, so a click compares one number with the clock.
type subscription struct {
	// Short hash.
	Origin  []byte `cbor:"1,keyasint,omitempty" json:"origin,omitempty"`
	Project string `cbor:"2,keyasint,omitempty" json:"project,omitempty"`
	Package text   `cbor:"3,keyasint,omitzero" json:"package,omitempty"`
	// It runs until then, Unix seconds.
	Until int64 `cbor:"4,keyasint,omitempty" json:"until,omitempty"`
	// Of the origin.
	Version uint `cbor:"5,keyasint,omitempty" json:"version,omitempty"`
}

const (
	// Payments that are known of one subscriber. Clicks ask for the last minutes or days. Sixteen
	// payments in that time are more than a shopper makes.
	maxNotes = 16
	// Subscriptions. Beyond it, the one that ended first goes.
	maxSubs = 32
)

// paid takes a payment in, or that it was given back. What an older version of the sale says
// changes nothing. Notes are sorted by arrival, since recency is what they are asked for, and the
// oldest falls off.
func (p *person) paid(n note) (changed bool) {
	same := func(old note) bool { return bytes.Equal(old.Transaction, n.Transaction) }
	if i := slices.IndexFunc(p.Notes, same); i >= 0 {
		if p.Notes[i].Version >= n.Version {
			return false
		}
		p.Notes[i] = n
	} else {
		p.Notes = append(p.Notes, n)
	}
	slices.SortStableFunc(p.Notes, func(a, b note) int { return int(b.Heard - a.Heard) })
	p.Notes = p.Notes[:min(len(p.Notes), maxNotes)]
	return true
}

// takeBack takes the newest payment for the campaign back, whichever that was for no campaign: a
// refund that names no transaction can be of any. It errs towards letting them buy again: that is
// what somebody with their money back may do.
func (p *person) takeBack(campaign string) (changed bool) {
	for i := range p.Notes {
		n := &p.Notes[i]
		if !n.Back && (campaign == "" || n.Campaign == campaign) {
			n.Back = true
			return true
		}
	}
	return false
}

// subscribed takes a subscription's state in. The version decides, since origins are told by
// several deliveries at once and in any order.
func (p *person) subscribed(s subscription) (changed bool) {
	same := func(old subscription) bool { return bytes.Equal(old.Origin, s.Origin) }
	if i := slices.IndexFunc(p.Subs, same); i >= 0 {
		if p.Subs[i].Version >= s.Version {
			return false
		}
		p.Subs[i] = s
	} else {
		p.Subs = append(p.Subs, s)
	}
	// The ones that ended first are the first to be of no interest.
	slices.SortStableFunc(p.Subs, func(a, b subscription) int { return int(b.Until - a.Until) })
	p.Subs = p.Subs[:min(len(p.Subs), maxSubs)]
	return true
}

// until is how long the document is kept: as long as something in it matters. Subscriptions alone
// can outlive keep. Events that say a later end are dropped with the document.
func (p *person) until(now time.Time, keep time.Duration) time.Time {
	until := now.Add(keep)
	for _, s := range p.Subs {
		if end := time.Unix(s.Until, 0); end.After(until) {
			until = end
		}
	}
	return until
}
