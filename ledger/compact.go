package ledger

import (
	"bytes"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// This file is what documents do not write twice: the person of a link is mostly one of the
// subjects, and the instants of a payment are mostly seconds apart. The forms are exact: whatever a
// document holds comes back as it was.

// MarshalCBOR writes the person of the link as their place. The receiver is a copy, so the document
// in memory stays whole. The type without methods keeps the encoder from calling this one again.
func (d sale) MarshalCBOR() ([]byte, error) {
	type plain sale
	d.By.Person = placeOf(d.By.Person, d.Subjects)
	return cborMode.Marshal(plain(d))
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (d *sale) UnmarshalCBOR(raw []byte) error {
	type plain sale
	err := cbor.Unmarshal(raw, (*plain)(d))
	d.By.Person = atPlace(d.By.Person, d.Subjects)
	return err
}

// MarshalCBOR writes the person of the link as their place, and the last charge by how long before
// the state it was.
func (o origin) MarshalCBOR() ([]byte, error) {
	type plain origin
	o.By.Person = placeOf(o.By.Person, o.Subjects)
	if len(o.Last.Transaction) > 0 {
		o.Last.At -= o.State.At
	}
	return cborMode.Marshal(plain(o))
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (o *origin) UnmarshalCBOR(raw []byte) error {
	type plain origin
	err := cbor.Unmarshal(raw, (*plain)(o))
	o.By.Person = atPlace(o.By.Person, o.Subjects)
	if len(o.Last.Transaction) > 0 {
		o.Last.At += o.State.At
	}
	return err
}

// MarshalCBOR writes the other instants by how long after the purchase they were.
func (c charge) MarshalCBOR() ([]byte, error) {
	type plain charge
	c.Heard -= c.Bought
	c.Created -= c.Bought * 1e6
	return cborMode.Marshal(plain(c))
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (c *charge) UnmarshalCBOR(raw []byte) error {
	type plain charge
	err := cbor.Unmarshal(raw, (*plain)(c))
	c.Heard += c.Bought
	c.Created += c.Bought * 1e6
	return err
}

// placeOf is where a person stands among the subjects, as one byte; else their id. A place is one
// byte and an id sixteen, so a reader tells them apart by their length alone.
func placeOf(person []byte, subjects [][]byte) []byte {
	i := slices.IndexFunc(subjects, func(s []byte) bool { return bytes.Equal(s, person) })
	if i < 0 || i > 0xff || len(person) != idSize {
		return person
	}
	return []byte{byte(i)}
}

// atPlace is the person whom placeOf has written. A place beyond the subjects is left as it came: a
// damaged document names nobody then, and not somebody else.
func atPlace(place []byte, subjects [][]byte) []byte {
	if len(place) == 1 && int(place[0]) < len(subjects) {
		return subjects[place[0]]
	}
	return place
}
