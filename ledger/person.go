package ledger

import (
	"bytes"
	"slices"
	"time"
)

// This file is the document of a subscriber: all that clicks ask about them, so that one look-up
// answers everything. It follows from sales, origins and events.

// person is what is known of one subscriber.
type person struct {
	// Their last payments, the newest first.
	Notes  []note         `cbor:"1,keyasint,omitempty" json:"notes,omitempty"`
	Subs   []subscription `cbor:"2,keyasint,omitempty" json:"subs,omitempty"`
	Events []happening    `cbor:"3,keyasint,omitempty" json:"events,omitempty"`
}

// note is a payment of the subscriber.
type note struct {
	Transaction []byte `cbor:"1,keyasint,omitempty" json:"transaction,omitempty"` // short hash
	Campaign    string `cbor:"2,keyasint,omitempty" json:"campaign,omitempty"`    // empty for one that no link of ours led to
	Heard       int64  `cbor:"3,keyasint,omitempty" json:"heard,omitempty"`       // Unix seconds
	Back        bool   `cbor:"4,keyasint,omitempty" json:"back,omitempty"`        // it was given back
	Version     uint   `cbor:"5,keyasint,omitempty" json:"version,omitempty"`     // of the sale
}

// subscription is an origin as its subscriber's document has it.
type subscription struct {
	Origin  []byte `cbor:"1,keyasint,omitempty" json:"origin,omitempty"` // short hash
	Project string `cbor:"2,keyasint,omitempty" json:"project,omitempty"`
	Package text   `cbor:"3,keyasint,omitzero" json:"package,omitempty"`
	Until   int64  `cbor:"4,keyasint,omitempty" json:"until,omitempty"`   // it runs until then, Unix seconds
	Version uint   `cbor:"5,keyasint,omitempty" json:"version,omitempty"` // of the origin
}

// happening is an event, or that it was taken back.
type happening struct {
	Name text  `cbor:"1,keyasint,omitzero" json:"name,omitempty"`
	At   int64 `cbor:"2,keyasint,omitempty" json:"at,omitempty"` // microseconds
	// Unix seconds; 0 is as long as facts are kept.
	Until  int64             `cbor:"3,keyasint,omitempty" json:"until,omitempty"`
	Gone   bool              `cbor:"4,keyasint,omitempty" json:"gone,omitempty"`
	Values map[string]string `cbor:"5,keyasint,omitempty" json:"values,omitempty"`
}

const (
	maxNotes  = 16 // payments that are known of one subscriber
	maxSubs   = 32 // subscriptions
	maxEvents = 64 // event names
)

// paid takes a payment in, or that it was given back. What an older version of the sale says
// changes nothing.
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
// refund that names no transaction can be of any.
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

// subscribed takes a subscription's state in.
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

// happened takes an event in. The later one wins, of two at one instant the one that takes back.
func (p *person) happened(h happening) (changed bool) {
	i := slices.IndexFunc(p.Events, func(old happening) bool { return old.Name == h.Name })
	if i < 0 {
		p.Events = append(p.Events, h)
		p.dropOldest()
		return true
	}
	old := p.Events[i]
	if h.At < old.At || h.At == old.At && (old.Gone || !h.Gone) {
		return false
	}
	p.Events[i] = h
	return true
}

// dropOldest keeps the number of names bounded: the event with the oldest instant goes.
func (p *person) dropOldest() {
	if len(p.Events) <= maxEvents {
		return
	}
	oldest := 0
	for i, h := range p.Events {
		if h.At < p.Events[oldest].At {
			oldest = i
		}
	}
	p.Events = slices.Delete(p.Events, oldest, oldest+1)
}

// until is how long the document is kept: as long as something in it matters.
func (p *person) until(now time.Time, keep time.Duration) time.Time {
	until := now.Add(keep)
	for _, s := range p.Subs {
		if end := time.Unix(s.Until, 0); end.After(until) {
			until = end
		}
	}
	return until
}
