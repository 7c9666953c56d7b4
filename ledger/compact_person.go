package ledger

import (
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// This file is what the documents of persons and participants do not write twice: their payments
// stand beside what follows from them.

// MarshalCBOR writes a subscription that began with one of the notes by the place of that one, and
// events by how long after the newest note they were.
func (p person) MarshalCBOR() ([]byte, error) {
	type plain person
	sales := p.sales()
	p.Notes, p.Subs, p.Events = slices.Clone(p.Notes), slices.Clone(p.Subs), slices.Clone(p.Events)
	for i := range p.Notes {
		p.Notes[i].Version--
	}
	for i := range p.Subs {
		s := &p.Subs[i]
		s.Origin = placeOf(s.Origin, sales)
		if j, found := place(s.Origin, sales); found {
			s.Version -= uint(p.Notes[j].Heard)
		}
	}
	for i := range p.Events {
		p.Events[i].At -= p.newest()
	}
	return cborMode.Marshal(plain(p))
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (p *person) UnmarshalCBOR(raw []byte) error {
	type plain person
	err := cbor.Unmarshal(raw, (*plain)(p))
	for i := range p.Notes {
		p.Notes[i].Version++
	}
	sales := p.sales()
	for i := range p.Subs {
		s := &p.Subs[i]
		if j, found := place(s.Origin, sales); found {
			s.Origin = sales[j]
			s.Version += uint(p.Notes[j].Heard)
		}
	}
	for i := range p.Events {
		p.Events[i].At += p.newest()
	}
	return err
}

// sales are the short hashes of the notes.
func (p *person) sales() [][]byte {
	ids := make([][]byte, len(p.Notes))
	for i, n := range p.Notes {
		ids[i] = n.Transaction
	}
	return ids
}

// newest is when the newest note was heard of, in microseconds; 0 where there is none.
func (p *person) newest() int64 {
	if len(p.Notes) == 0 {
		return 0
	}
	return p.Notes[0].Heard * 1e6
}

// MarshalCBOR writes the run of a payment as its place among the exposures, and when its link was
// made by how long after the money that was.
func (p participant) MarshalCBOR() ([]byte, error) {
	type plain participant
	runs := p.runs()
	p.Deals = slices.Clone(p.Deals)
	for i := range p.Deals {
		d := &p.Deals[i]
		d.Run = placeOf(d.Run, runs)
		d.Made -= d.paid() / 60
	}
	return cborMode.Marshal(plain(p))
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (p *participant) UnmarshalCBOR(raw []byte) error {
	type plain participant
	err := cbor.Unmarshal(raw, (*plain)(p))
	runs := p.runs()
	for i := range p.Deals {
		d := &p.Deals[i]
		d.Run = atPlace(d.Run, runs)
		d.Made += d.paid() / 60
	}
	return err
}

// runs are the short hashes of the runs in which the person was exposed.
func (p *participant) runs() [][]byte {
	ids := make([][]byte, len(p.Exposures))
	for i, x := range p.Exposures {
		ids[i] = x.Run
	}
	return ids
}

// paid is the instant of the deal's first money, in seconds; 0 where there is none.
func (d *deal) paid() int64 {
	if len(d.Flows) == 0 {
		return 0
	}
	return d.Flows[0].At
}
