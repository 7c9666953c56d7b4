package ledger

import (
	"bytes"
	"cmp"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// This file is the document of what began with an original transaction: whom and what its renewals
// belong to, and the state of the subscription. Payments and status webhooks come in any order, so
// every change of it gives the same result in any order.

// origin is all that goes back to one original transaction of a project. Renewals name their
// original and carry no link of ours, so this is where they get their campaign from. It also knows
// both addresses of a shopper who changed theirs on the checkout page.
type origin struct {
	Project  string   `cbor:"1,keyasint,omitempty" json:"project,omitempty"`
	Original text     `cbor:"2,keyasint,omitzero" json:"original,omitempty"`
	Subjects [][]byte `cbor:"3,keyasint,omitempty" json:"subjects,omitempty"`
	By       source   `cbor:"4,keyasint,omitzero" json:"by,omitzero"`
	// Begun says that By is that of the first charge, so that renewals follow it, also where it is
	// empty. Until that one is heard of, it is that of the first renewal that was.
	Begun bool `cbor:"5,keyasint,omitempty" json:"begun,omitempty"`
	// It was sold after something else, under its link.
	Upsell bool  `cbor:"6,keyasint,omitempty" json:"upsell,omitempty"`
	State  state `cbor:"7,keyasint,omitzero" json:"state,omitzero"`
	// The newest charge.
	Last bought `cbor:"8,keyasint,omitzero" json:"last,omitzero"`
	// Grows with every change, and with time: it does not begin anew with a document that was
	// forgotten in between.
	Version uint `cbor:"10,keyasint,omitempty" json:"version,omitempty"`
	// The subjects have not been told yet.
	Open bool `cbor:"11,keyasint,omitempty" json:"open,omitempty"`
}

// state is what payments, status webhooks and exports said of a subscription: the newest of them,
// and what that one left open, from the newest that said it. It is a value that is replaced as a
// whole, so two nodes that hear the same news in another order end with the same bytes.
type state struct {
	// When Zotlo said so, in microseconds.
	At int64 `cbor:"1,keyasint,omitempty" json:"at,omitempty"`
	// Active, grace, cancelled, paused or passive.
	Status  text `cbor:"2,keyasint,omitzero" json:"status,omitempty"`
	Package text `cbor:"3,keyasint,omitzero" json:"package,omitempty"`
	// Unix seconds.
	Expires int64 `cbor:"4,keyasint,omitempty" json:"expires,omitempty"`
	// Until when it is paused, Unix seconds.
	Frozen int64 `cbor:"5,keyasint,omitempty" json:"frozen,omitempty"`
	// When Package and Expires were said, in microseconds; 0 where that was At.
	PackageAt int64 `cbor:"6,keyasint,omitempty" json:"package_at,omitempty"`
	ExpiresAt int64 `cbor:"7,keyasint,omitempty" json:"expires_at,omitempty"`
}

// bought is a charge: when it was made, and when it was given back in full. One is enough: what
// matters is whether money was given back for the period that runs now, and the newest charge paid
// for that.
type bought struct {
	// Short hash.
	Transaction []byte `cbor:"1,keyasint,omitempty" json:"transaction,omitempty"`
	// Microseconds.
	At int64 `cbor:"2,keyasint,omitempty" json:"at,omitempty"`
	// Microseconds; 0 for never.
	Back int64 `cbor:"3,keyasint,omitempty" json:"back,omitempty"`
}

// The statuses of a state. Zotlo has a status and a real status: one is active until a paid period
// ends, the other turns passive with the cancellation. These five are what the pair of them means
// here (stateOf).
const (
	statusActive = "active"
	statusGrace  = "grace"
	// Paid for until it expires, and no longer.
	statusCancelled = "cancelled"
	// What the state says else, nobody knows.
	statusPaused  = "paused"
	statusPassive = "passive"
)

// How long a state is believed after its end without news.
const (
	// A renewal is charged at the end of a period, and its webhook may be hours late or come from a
	// repeat. Three days cover that and a weekend.
	activeMargin = 3 * 24 * time.Hour
	// While a charge is tried again nothing may be heard for weeks. A second checkout would then be
	// a second subscription, so the margin errs on the long side.
	graceMargin = 30 * 24 * time.Hour
)

// cancelChange is the change that a cancellation is, endChange that of a subscription whose charges
// were given up: no pause, whatever else they say.
const (
	cancelChange = "cancel"
	endChange    = "gracetopassive"
)

// runsUntil is when the subscription ends as far as is known; zero says that it does not run. It is
// asked to keep a subscriber from buying twice, so in doubt a subscription runs a little longer
// than was said.
func (o *origin) runsUntil() time.Time {
	s := o.State
	if o.endedByRefund() {
		return time.Time{}
	}
	end := time.Unix(s.Expires, 0)
	if said := time.UnixMicro(s.At); s.ExpiresAt != 0 && said.After(end) || s.Expires == 0 {
		end = said // how long it goes on was left open: it is believed for the margin alone
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
// that the subscription goes on. The refund of an earlier charge ends nothing. The instants are
// Zotlo's own where it gives any, so a late webhook about earlier days revives nothing.
func (o *origin) endedByRefund() bool { return o.Last.Back > 0 && o.Last.Back >= o.State.At }

// hear takes a state in. The newest wins; of two at one instant, the one that differs in a way that
// does not depend on which came first. What it leaves open stays as it was said before.
// A status that nobody knows changes nothing.
func (o *origin) hear(s state) {
	if s.Status == "" {
		return
	}
	older := o.State
	if s.compare(older) <= 0 {
		s, older = older, s
	}
	if s.Package == "" || s.PackageAt > 0 {
		at, old := cmp.Or(s.PackageAt, s.At), cmp.Or(older.PackageAt, older.At)
		newer := cmp.Or(cmp.Compare(old, at), cmp.Compare(older.Package, s.Package)) > 0
		if older.Package != "" && (s.Package == "" || newer) {
			s.Package, s.PackageAt = older.Package, old
		}
	}
	if s.Expires == 0 || s.ExpiresAt > 0 {
		at, old := cmp.Or(s.ExpiresAt, s.At), cmp.Or(older.ExpiresAt, older.At)
		newer := cmp.Or(cmp.Compare(old, at), cmp.Compare(older.Expires, s.Expires)) > 0
		if older.Expires != 0 && (s.Expires == 0 || newer) {
			s.Expires, s.ExpiresAt = older.Expires, old
		}
	}
	o.State = s
}

// compare orders states by what they say: by their instants, then in any way that is always the
// same. Of a payment and the update that tells of the same, the update knows more.
func (s state) compare(other state) int {
	own, others := s.own(), other.own()
	return cmp.Or(
		cmp.Compare(s.At, other.At), cmp.Compare(s.rank(), other.rank()),
		cmp.Compare(own.Expires, others.Expires), cmp.Compare(own.Frozen, others.Frozen),
		cmp.Compare(own.Package, others.Package),
	)
}

// own is the state without what others said before it. Two states are compared by what each webhook
// said itself. What was inherited would make the result depend on the order of arrival.
func (s state) own() state {
	if s.PackageAt > 0 {
		s.Package, s.PackageAt = "", 0
	}
	if s.ExpiresAt > 0 {
		s.Expires, s.ExpiresAt = 0, 0
	}
	return s
}

// rank orders states of one instant: the one that ends more wins. Of two that contradict each other
// in one microsecond, the later step of a subscription's life is more likely the true one.
func (s state) rank() int {
	switch s.Status {
	case statusActive:
		return 1
	case statusGrace:
		return 2
	case statusPaused:
		return 3
	case statusCancelled:
		return 4
	case statusPassive:
		return 5
	}
	return 0
}

// charged takes a charge in. A charge is news of the state as well: a subscriber who was charged
// has an active subscription, unless newer news says otherwise.
func (o *origin) charged(transaction []byte, c charge, pack text) {
	o.bought(transaction, c.Bought*1e6)
	// An end before the purchase says nothing.
	expires := c.Expires
	if expires <= c.Bought {
		expires = 0
	}
	o.hear(state{At: c.Created, Status: statusActive, Package: pack, Expires: expires})
}

// bought notes the latest charge. A trial and what is paid after it may be one transaction. Of two
// charges in one second the hash decides, which is the same choice on every node.
func (o *origin) bought(transaction []byte, at int64) {
	switch order := bytes.Compare(transaction, o.Last.Transaction); {
	case order == 0:
		o.Last.At = max(o.Last.At, at)
	case cmp.Or(cmp.Compare(at, o.Last.At), order) > 0:
		o.Last = bought{Transaction: transaction, At: at}
	}
}

// givenBack takes in that a charge was given back in full, at an instant in microseconds. Of parts
// that come in any order, more of them only say that it was earlier. Refunds of earlier charges are
// passed over here: they end no period that runs now.
func (o *origin) givenBack(transaction []byte, at int64) {
	if !bytes.Equal(o.Last.Transaction, transaction) {
		return
	}
	if o.Last.Back == 0 || at < o.Last.Back {
		o.Last.Back = at
	}
}

// stateOf reads a status webhook. One whose words nobody knows has no status, and says nothing.
func stateOf(e zotlo.Event, heard time.Time) state {
	said, at := e.Subscription, e.CreatedAt
	if at.IsZero() {
		at = heard
	}
	s := state{At: at.UnixMicro(), Package: text(e.PackageID), Expires: unix(said.ExpiresAt)}
	if said.FrozenUntil.After(at) { // else that pause is over
		s.Frozen = unix(said.FrozenUntil)
	}
	cancelled := said.RealStatus == statusPassive ||
		said.RealStatus == "" && said.Change == cancelChange
	switch {
	case said.Status == statusActive || said.Status == statusGrace:
		s.Status = text(said.Status)
		if cancelled {
			s.Status = statusCancelled
		}
	// Whether a pause is passive to Zotlo, or has a word of its own, is not known.
	case s.Frozen > 0 && said.Change != cancelChange && said.Change != endChange:
		s.Status = statusPaused
	case said.Status == statusPassive:
		s.Status, s.Frozen = statusPassive, 0
	}
	return s
}

// until is how long the document is kept: a subscription that runs outlives keep. The sum is turned
// around so that one max does for all three: two graces are added to whichever instant is the
// latest.
func (o *origin) until(now time.Time, keep time.Duration) time.Time {
	// A charge may follow the end of a period as late as a grace ends.
	last := max(o.State.Expires, o.State.Frozen, unix(now.Add(keep).Add(-2*graceMargin)))
	return time.Unix(last, 0).Add(2 * graceMargin)
}

// changed gives the document its next version. Persons keep the version that they were told, and
// take only a newer one. A document that expired and was begun anew at 1 would be older than its
// own past; the clock prevents that.
func (o *origin) changed(now time.Time) { o.Version = max(o.Version+1, uint(now.Unix())) }
