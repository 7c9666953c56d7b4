package ledger

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
)

// This file is the document of a person in an experiment: the runs in which they were exposed, and
// what they paid. What they add to the sums of the experiment follows from it alone (outcome.go).
// It holds hashes and numbers, so it needs no seal.

// participant is what is known of one person in one experiment. A payment without an exposure has a
// document as well: the exposure may be on its way. The window is in it, since it says under which
// one the sums were made; a document with another one is due for a recount.
type participant struct {
	Version uint `cbor:"1,keyasint,omitempty" json:"version,omitempty"`
	// Seconds; 0 is DefaultWindow.
	Window    int64     `cbor:"2,keyasint,omitempty" json:"window,omitempty"`
	Exposures []exposed `cbor:"3,keyasint,omitempty" json:"exposures,omitempty"`
	Deals     []deal    `cbor:"4,keyasint,omitempty" json:"deals,omitempty"`
	// Owed is what is not known to stand in the sums yet.
	Owed []owed `cbor:"5,keyasint,omitempty" json:"owed,omitempty"`
}

// exposed is a person's first exposure in a run. It is written as an array (RFC 8949, section 3.1,
// major type 4) without names, for there are as many of these as visitors. So a field more would be
// another form.
type exposed struct {
	_ struct{} `cbor:",toarray"`
	// Short hash.
	Run []byte `json:"run,omitempty"`
	// Its place in the run's list.
	Variant int `json:"variant,omitempty"`
	// Unix seconds.
	At int64 `json:"at,omitempty"`
}

// deal is a transaction of the person. It repeats what the experiment needs of the sale, so that a
// recount reads one document a person and no sales.
type deal struct {
	_ struct{} `cbor:",toarray"`
	// Short hash.
	Transaction []byte `json:"transaction,omitempty"`
	// Of the sale.
	Version uint `json:"version,omitempty"`
	// When its link was made, in Unix minutes.
	Made  int64  `json:"made,omitempty"`
	Flows []flow `json:"flows,omitempty"`
	// To which it belongs; nil if none ran.
	Run []byte `json:"run,omitempty"`
	// They were exposed in it.
	Exposed bool `json:"exposed,omitempty"`
}

// flow is money that was paid, or given back. A refund has its own instant and a negative amount:
// within the window it lowers the outcome, after it no more.
type flow struct {
	_ struct{} `cbor:",toarray"`
	// Unix seconds.
	At       int64        `json:"at,omitempty"`
	Amount   money.Amount `json:"amount,omitempty"`
	Currency string       `json:"currency,omitempty"`
}

// owed is a difference that one version of the document made in one row. Row and version are its
// once, so it may be added any number of times. It is written in the same step as the change that
// causes it, which is why no crash can part the two.
type owed struct {
	_       struct{} `cbor:",toarray"`
	Version uint     `json:"version,omitempty"`
	Row     []byte   `json:"row,omitempty"`
	Deltas  []step   `json:"deltas,omitempty"`
}

// step is a Delta as a document has it.
type step struct {
	_     struct{} `cbor:",toarray"`
	Field []byte   `json:"field,omitempty"`
	N     int64    `json:"n,omitempty"`
}

// What is kept of one person in one experiment. Beyond it the oldest exposure is let go of, with
// what was paid after it: it stays in the sums as it is.
const (
	// A person who clicks through 48 runs of one experiment is a test of the shop's own.
	maxExposed = 48
	// 400 small deals fit into MaxValue with the exposures; no shopper has so many.
	maxDeals = 400
)

// window is in seconds. The default is left out of the document, being that of nearly everybody.
func (p *participant) window() int64 {
	if p.Window == 0 {
		return int64(DefaultWindow / time.Second)
	}
	return p.Window
}

// exposedIn is the person's exposure in a run, or nil.
func (p *participant) exposedIn(run []byte) *exposed {
	i := slices.IndexFunc(p.Exposures, func(x exposed) bool { return bytes.Equal(x.Run, run) })
	if i < 0 {
		return nil
	}
	return &p.Exposures[i]
}

// expose takes an exposure in. Of several in one run the earliest counts, in whatever order they
// are heard of; of those in one second, the one that was heard of first. Nodes write in any order,
// and a later exposure must not move a window that has begun.
func (p *participant) expose(x exposed) (changed, first bool) {
	known := p.exposedIn(x.Run)
	switch {
	case known == nil:
		p.Exposures = append(p.Exposures, x)
	case x.At < known.At:
		*known = x
	default:
		return false, false
	}
	slices.SortStableFunc(p.Exposures, func(a, b exposed) int { return cmp.Compare(a.At, b.At) })
	return true, known == nil
}

// makeRoom lets go of the oldest exposures, so that there is room for one more. Their payments go
// along, or they would be counted as ones without an exposure.
func (p *participant) makeRoom() {
	for len(p.Exposures) >= maxExposed {
		gone := p.Exposures[0].Run
		p.Exposures = slices.Delete(p.Exposures, 0, 1)
		p.Deals = slices.DeleteFunc(p.Deals, func(d deal) bool {
			return d.Exposed && bytes.Equal(d.Run, gone)
		})
	}
}

// bought takes a transaction in, or a newer version of it. The version decides: deliveries and
// their repeats bring copies of one sale in any order.
func (p *participant) bought(d deal) (changed bool) {
	same := func(old deal) bool { return bytes.Equal(old.Transaction, d.Transaction) }
	i := slices.IndexFunc(p.Deals, same)
	switch {
	// An older copy of the sale, or the same again.
	case i >= 0 && p.Deals[i].Version >= d.Version:
		return false
	case i >= 0:
		p.Deals[i] = d
	case len(p.Deals) >= maxDeals || p.tooLate(d):
		return false
	default:
		p.Deals = append(p.Deals, d)
	}
	return true
}

// tooLate reports whether a transaction can change no outcome, because it is younger than the
// window of any exposure before its link: such as the renewals of the years after.
func (p *participant) tooLate(d deal) bool {
	if len(p.Exposures) == 0 || p.Exposures[0].At > d.upTo() {
		return false // it is without an exposure, which is worth knowing
	}
	return !slices.ContainsFunc(d.Flows, func(f flow) bool { return f.At < d.upTo()+p.window() })
}

// upTo is the last second in which the link may have been made. A link bears whole minutes, and the
// exposure that led to it may be of the same minute.
func (d *deal) upTo() int64 { return d.Made*60 + 59 }

// assign decides which run each transaction belongs to: among those in which the person had been
// exposed when the link was made, the one that ran then, else the latest. It is decided anew with
// each change, for an exposure that comes late may be the one that a known payment belongs to.
func (p *participant) assign(t *trial) {
	p.Window = t.window()
	if p.Window == int64(DefaultWindow/time.Second) {
		p.Window = 0
	}
	for i := range p.Deals {
		d := &p.Deals[i]
		ran := t.ranAt(d.upTo())
		d.Run, d.Exposed = ran, false
		for _, x := range p.Exposures { // by time
			if x.At > d.upTo() {
				break
			}
			d.Run, d.Exposed = x.Run, true
			if bytes.Equal(x.Run, ran) {
				break
			}
		}
	}
}

// deal is a sale as its person's document has it. A trial is none: no money has changed hands. It
// copies instants and amounts, no ids: the document is not sealed.
func (d *sale) deal(transaction []byte) deal {
	made := d.By.Made
	// It says no minute. The purchase is near, for a link lives for an hour.
	if made == 0 && len(d.Charges) > 0 { // a link of version 1
		made = d.Charges[0].Bought / 60
	}
	out := deal{Transaction: transaction, Version: d.Version, Made: made}
	for _, c := range d.Charges {
		// A charge of 0 would make a buyer of everybody who tries.
		if c.Amount > 0 {
			out.Flows = append(out.Flows, flow{At: c.Bought, Amount: c.Amount, Currency: c.Currency})
		}
	}
	for _, r := range d.Refunds {
		// What waits for its payment takes nothing back yet.
		if r.Counted <= 0 || r.Marks&markWaiting != 0 {
			continue
		}
		at := r.At
		if at == 0 {
			at = r.Created / 1e6
		}
		back := flow{At: at, Amount: -r.Counted, Currency: d.refund(r).Currency}
		out.Flows = append(out.Flows, back)
	}
	return out
}
