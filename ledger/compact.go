package ledger

import (
	"bytes"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/caddy-checkout/checkout/internal/money"
)

// This file is what documents do not write twice: the person of a link is mostly one of the
// subjects, what was charged is mostly what was said, and the instants of a payment are mostly
// seconds apart. The forms are exact: whatever a document holds comes back as it was.

// asCharged are parts of a sale's source that its first charge says. Their values stand in files
// and servers.
type asCharged uint8

const (
	// Price and currency of the link.
	chargedPrice asCharged = 1 << iota
	// Those of the page.
	chargedQuote
	// Made is written as how long after the purchase it was.
	chargedMade
)

// MarshalCBOR writes the person of the link as their place, and of the source what the first charge
// does not say. Versions begin at 1, which is written as nothing. The receiver is a copy, so the document in memory stays whole. The type without
// methods keeps the encoder from calling this one again.
func (d sale) MarshalCBOR() ([]byte, error) {
	type plain sale
	d.Version--
	d.By.Person = placeOf(d.By.Person, d.Subjects)
	if len(d.Charges) > 0 {
		by, c := &d.By, d.Charges[0]
		if by.Price == c.Amount.String() && by.Currency == c.Currency {
			d.AsCharged |= chargedPrice
			by.Price, by.Currency = "", ""
		}
		if by.Quote == c.Amount.String() && by.QuoteCur == c.Currency {
			d.AsCharged |= chargedQuote
			by.Quote, by.QuoteCur = "", ""
		}
		if by.Made != 0 {
			d.AsCharged |= chargedMade
			by.Made -= c.Bought / 60
		}
	}
	return cborMode.Marshal(plain(d))
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (d *sale) UnmarshalCBOR(raw []byte) error {
	type plain sale
	if err := cbor.Unmarshal(raw, (*plain)(d)); err != nil {
		return err
	}
	by, as := &d.By, d.AsCharged
	d.AsCharged = 0
	d.Version++
	by.Person = atPlace(by.Person, d.Subjects)
	if len(d.Charges) == 0 {
		return nil
	}
	c := d.Charges[0]
	if as&chargedPrice != 0 {
		by.Price, by.Currency = c.Amount.String(), c.Currency
	}
	if as&chargedQuote != 0 {
		by.Quote, by.QuoteCur = c.Amount.String(), c.Currency
	}
	if as&chargedMade != 0 {
		by.Made += c.Bought / 60
	}
	return nil
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

// chargeForm is a charge as it is written: its instants by how long after the purchase they were,
// and each number in a larger unit if it is a whole one of that.
type chargeForm struct {
	chargeFields
	// Hundredths of the currency's major unit, in place of Amount.
	Hundredths int64 `cbor:"11,keyasint,omitempty"`
	// Days after the purchase, in place of Expires.
	Days int64 `cbor:"12,keyasint,omitempty"`
	// Milliseconds after the purchase, in place of Created.
	Millis int64 `cbor:"13,keyasint,omitempty"`
}

// chargeFields is a charge without methods.
type chargeFields charge

// MarshalCBOR writes a chargeForm.
func (c charge) MarshalCBOR() ([]byte, error) {
	c.Heard -= c.Bought
	c.Created -= c.Bought * 1e6
	f := chargeForm{chargeFields: chargeFields(c)}
	if f.Amount%100 == 0 {
		f.Hundredths, f.Amount = int64(f.Amount/100), 0
	}
	if f.Created%1000 == 0 {
		f.Millis, f.Created = f.Created/1000, 0
	}
	if after := c.Expires - c.Bought; c.Expires != 0 && after%wholeDay == 0 && after != 0 {
		f.Days, f.Expires = after/wholeDay, 0
	}
	return cborMode.Marshal(f)
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (c *charge) UnmarshalCBOR(raw []byte) error {
	var f chargeForm
	err := cbor.Unmarshal(raw, &f)
	*c = charge(f.chargeFields)
	c.Amount += money.Amount(f.Hundredths * 100)
	c.Heard += c.Bought
	c.Created += f.Millis*1000 + c.Bought*1e6
	if f.Days != 0 {
		c.Expires = c.Bought + f.Days*wholeDay
	}
	return err
}

// placeOf is where an id stands in a list, as one byte; else the id. A place is one byte and an id
// at least shortSize, so a reader tells them apart by their length alone.
func placeOf(id []byte, list [][]byte) []byte {
	i := slices.IndexFunc(list, func(s []byte) bool { return bytes.Equal(s, id) })
	if i < 0 || i > 0xff || len(id) < shortSize {
		return id
	}
	return []byte{byte(i)}
}

// place reads what placeOf wrote, and reports whether it is a place in the list.
func place(written []byte, list [][]byte) (i int, found bool) {
	if len(written) != 1 || int(written[0]) >= len(list) {
		return 0, false
	}
	return int(written[0]), true
}

// atPlace is the id that placeOf has written. A place beyond the list is left as it came: a damaged
// document names nobody then, and not somebody else.
func atPlace(written []byte, list [][]byte) []byte {
	if i, found := place(written, list); found {
		return list[i]
	}
	return written
}
