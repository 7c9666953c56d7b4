package ledger

import (
	"bytes"
	"slices"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// This file is the document of what began with an original transaction: whom and what its renewals
// belong to, and the state of the subscription. Payments and status webhooks come in any order, so
// every change of it gives the same result in any order.

// origin is all that goes back to one original transaction of a project.
type origin struct {
	Project  string   `cbor:"1,keyasint,omitempty" json:"project,omitempty"`
	Original string   `cbor:"2,keyasint,omitempty" json:"original,omitempty"`
	Subjects [][]byte `cbor:"3,keyasint,omitempty" json:"subjects,omitempty"`
	By       source   `cbor:"4,keyasint,omitempty" json:"by,omitempty"`
	// Begun says that By is that of the first charge, so that renewals follow it, also where it is
	// empty.
	Begun bool `cbor:"5,keyasint,omitempty" json:"begun,omitempty"`
	// It was sold after something else, under its link.
	Upsell bool   `cbor:"6,keyasint,omitempty" json:"upsell,omitempty"`
	State  state  `cbor:"7,keyasint,omitempty" json:"state,omitempty"` // the newest one
	Last   bought `cbor:"8,keyasint,omitempty" json:"last,omitempty"`  // the newest charge
	// Backs are charges that were given back in full, the newest ones.
	Backs   []bought `cbor:"9,keyasint,omitempty" json:"backs,omitempty"`
	Version uint     `cbor:"10,keyasint,omitempty" json:"version,omitempty"`
	// The subjects have not been told yet.
	Open bool `cbor:"11,keyasint,omitempty" json:"open,omitempty"`
}

// state is what a payment, a status webhook or an export said of a subscription.
type state struct {
	At int64 `cbor:"1,keyasint,omitempty" json:"at,omitempty"` // when Zotlo said so, in microseconds
	// Active, grace, cancelled or passive.
	Status  string `cbor:"2,keyasint,omitempty" json:"status,omitempty"`
	Package string `cbor:"3,keyasint,omitempty" json:"package,omitempty"`
	Expires int64  `cbor:"4,keyasint,omitempty" json:"expires,omitempty"` // Unix seconds
	Frozen  int64  `cbor:"5,keyasint,omitempty" json:"frozen,omitempty"`  // until when it is paused, Unix seconds
}

// bought is a charge and its instant: that of the purchase, or of what gave it back.
type bought struct {
	Transaction []byte `cbor:"1,keyasint,omitempty" json:"transaction,omitempty"` // short hash
	At          int64  `cbor:"2,keyasint,omitempty" json:"at,omitempty"`          // microseconds
}

// The statuses of a state.
const (
	statusActive    = "active"
	statusGrace     = "grace"
	statusCancelled = "cancelled" // paid for until it expires, and no longer
	statusPassive   = "passive"
)

// How long a state is believed after its end without news.
const (
	activeMargin = 3 * 24 * time.Hour
	graceMargin  = 30 * 24 * time.Hour
)

// maxBacks bounds the charges that are known to have been given back.
const maxBacks = 4

// runsUntil is when the subscription ends as far as is known; zero says that it does not run.
func (o *origin) runsUntil() time.Time {
	s := o.State
	if o.endedByRefund() {
		return time.Time{}
	}
	end := time.Unix(s.Expires, 0)
	if s.Expires == 0 { // nothing is said: it is believed for the margin alone
		end = time.UnixMicro(s.At)
	}
	var until time.Time
	switch s.Status {
	case statusActive:
		until = end.Add(activeMargin)
	case statusGrace:
		// Whether the date is moved while charges are tried again is not known.
		until = end.Add(graceMargin)
	case statusCancelled:
		until = time.Unix(s.Expires, 0)
	}
	if s.Frozen > 0 {
		if paused := time.Unix(s.Frozen, 0).Add(activeMargin); paused.After(until) {
			until = paused
		}
	}
	return until
}

// endedByRefund reports whether the latest charge was given back in full, and nothing newer says
// that the subscription goes on. The refund of an earlier charge ends nothing.
func (o *origin) endedByRefund() bool {
	return slices.ContainsFunc(o.Backs, func(b bought) bool {
		return bytes.Equal(b.Transaction, o.Last.Transaction) && b.At >= o.State.At
	})
}

// hear takes a state in. The newest wins; of two at one instant, the one that differs in a way that
// does not depend on which came first.
func (o *origin) hear(s state) {
	if s.At < o.State.At || s.At == o.State.At && s.rank() <= o.State.rank() {
		return
	}
	if s.Package == "" {
		s.Package = o.State.Package
	}
	o.State = s
}

// rank orders states of one instant: of a payment and the update that tells of the same, the update
// knows more.
func (s state) rank() int {
	switch s.Status {
	case statusActive:
		return 1
	case statusGrace:
		return 2
	case statusCancelled:
		return 3
	case statusPassive:
		return 4
	}
	return 0
}

// charged takes a charge in.
func (o *origin) charged(transaction []byte, d *sale, c charge) {
	at := c.Bought * 1e6
	if at > o.Last.At || at == o.Last.At && bytes.Compare(transaction, o.Last.Transaction) > 0 {
		o.Last = bought{transaction, at}
	}
	// An end before the purchase says nothing.
	expires := c.Expires
	if expires <= c.Bought {
		expires = 0
	}
	o.hear(state{At: c.Created, Status: statusActive, Package: d.Package, Expires: expires})
}

// givenBack takes in that a charge was given back in full.
func (o *origin) givenBack(transaction []byte, at int64) {
	known := func(b bought) bool { return bytes.Equal(b.Transaction, transaction) }
	if slices.ContainsFunc(o.Backs, known) {
		return
	}
	o.Backs = append(o.Backs, bought{transaction, at})
	slices.SortFunc(o.Backs, func(a, b bought) int { return int(b.At - a.At) })
	o.Backs = o.Backs[:min(len(o.Backs), maxBacks)]
}

// stateOf reads a status webhook.
func stateOf(e zotlo.Event, heard time.Time) state {
	s := state{
		At: e.CreatedAt.UnixMicro(), Package: e.PackageID,
		Expires: unix(e.Subscription.ExpiresAt), Frozen: unix(e.Subscription.FrozenUntil),
	}
	if e.CreatedAt.IsZero() {
		s.At = heard.UnixMicro()
	}
	switch e.Subscription.Status {
	case statusActive, statusGrace:
		s.Status = e.Subscription.Status
		if e.Subscription.RealStatus == statusPassive {
			s.Status = statusCancelled
		}
	case statusPassive:
		s.Status = statusPassive
	}
	return s
}

// until is how long the document is kept: a subscription that runs outlives keep.
func (o *origin) until(now time.Time, keep time.Duration) time.Time {
	until := now.Add(keep)
	// A charge may follow the end of a period as late as a grace ends.
	if end := time.Unix(o.State.Expires, 0).Add(2 * graceMargin); end.After(until) {
		return end
	}
	return until
}
