package ledger

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"github.com/caddy-checkout/checkout/internal/money"
)

// This file is how people add up. The numbers of a run stand in rows, by variant and by bucket of
// the first exposure, and no question is a pass over everybody: whose window has closed is a range
// of buckets. What a person adds is a pure function of their document, so a change of the document
// is a difference in the rows, and the rows equal a recount at any time.

// The buckets of a first exposure: a day, and, where the window is short, a part of it as well.
const (
	// Seconds.
	wholeDay    int64 = 24 * 60 * 60
	windowParts       = 10
	// bucketsInRow bounds the fields of a row, of which a store cannot read any number at once.
	bucketsInRow = 32
)

// parts are the smaller buckets that there are, in seconds. Each divides the day.
var parts = [...]int64{
	10, 30, 60, 120, 300, 600, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, wholeDay,
}

// The figures of a bucket. They stand in the names of fields.
const (
	// People, by first exposure.
	figurePeople = 'n'
	// People with an outcome above 0.
	figureBuyers = 'b'
	// Σ of the outcomes in a currency.
	figureMoney = 'm'
	// Σ of their squares, without the lowest 32 bits of each.
	figureSquareHigh = 'h'
	// Σ of those bits: so both are sums of integers, and exact.
	figureSquareLow = 'l'
	// Payments without an exposure.
	figureUnexposed = 'u'
)

// maxOutcome bounds what one person counts for, so that no mistake of a price overflows a sum: a
// billion in the currency's major unit. Without its lowest 32 bits, the square of that is 2.3e16:
// the sum holds nearly 400 people who all paid so much, and any number who pay usual prices.
const maxOutcome = money.Amount(1e13)

// partOf is how wide the smaller buckets are for a window, in seconds. A window of ten days or more
// has none that are smaller than a day. Ten parts mean that a person counts at most a tenth of the
// window after it has closed.
func partOf(window int64) int64 {
	part := parts[0]
	for _, p := range parts {
		if p*windowParts <= window {
			part = p
		}
	}
	return part
}

// tallyRow is the id of the row with a bucket's numbers. The window is in it, so that sums before
// and after a change of it never mix. All numbers have a fixed length, so no two rows share an id.
func tallyRow(run []byte, window, width, bucket int64) string {
	id := slices.Clone(run)
	id = binary.BigEndian.AppendUint64(id, uint64(window))
	id = binary.BigEndian.AppendUint32(id, uint32(width))
	return string(binary.BigEndian.AppendUint32(id, uint32(bucket/bucketsInRow)))
}

// tallyField names a number of a bucket in its row. The currency comes last because it is the one
// part whose length is not known.
func tallyField(figure byte, variant int, bucket int64, currency string) string {
	name := []byte{figure, byte(bucket % bucketsInRow)}
	return string(binary.AppendUvarint(name, uint64(variant))) + currency
}

// readTallyField takes the name of a field apart. What is not of this form is of a newer version,
// or damaged: it is passed over and not guessed.
func readTallyField(
	field string,
) (figure byte, variant int, bucket int64, currency string, ok bool) {
	if len(field) < 3 {
		return 0, 0, 0, "", false
	}
	v, n := binary.Uvarint([]byte(field[2:]))
	if n <= 0 || v > 1<<16 {
		return 0, 0, 0, "", false
	}
	return field[0], int(v), int64(field[1]), field[2+n:], true
}

// tallies are numbers by row and field. It is how one person's share of the sums is compared before
// and after a change.
type tallies map[string]map[string]int64

// Numbers may be negative here, as a difference between two tallies is one as well.
func (t tallies) add(row, field string, n int64) {
	if t[row] == nil {
		t[row] = map[string]int64{}
	}
	t[row][field] += n
}

// tallies are what the person adds to the rows.
func (p *participant) tallies() tallies {
	all := tallies{}
	// Everybody stands in a day, and in a part of it where the window has any: a question takes
	// whole days where it can.
	for i := range p.Exposures {
		x := &p.Exposures[i]
		outcome := p.outcome(x)
		all.addPerson(x, p.window(), wholeDay, outcome)
		if part := partOf(p.window()); part < wholeDay {
			all.addPerson(x, p.window(), part, outcome)
		}
	}
	for i := range p.Deals {
		d := &p.Deals[i]
		// A run was serving, and its payer was not exposed: many of these say that the exposures of
		// a site are not seen.
		if d.Exposed || d.Run == nil {
			continue
		}
		for _, f := range d.Flows {
			if f.Amount > 0 {
				all.add(string(d.Run), string(rune(figureUnexposed)), 1)
			}
		}
	}
	return all
}

// addPerson adds a person to their bucket.
func (t tallies) addPerson(
	x *exposed, window, width int64, outcome map[string]money.Amount,
) {
	bucket := x.At / width
	row := tallyRow(x.Run, window, width, bucket)
	t.add(row, tallyField(figurePeople, x.Variant, bucket, ""), 1)
	// A person is one buyer, in however many currencies they paid.
	if len(outcome) > 0 {
		t.add(row, tallyField(figureBuyers, x.Variant, bucket, ""), 1)
	}
	for currency, amount := range outcome {
		high, low := square(amount)
		t.add(row, tallyField(figureMoney, x.Variant, bucket, currency), int64(amount))
		t.add(row, tallyField(figureSquareHigh, x.Variant, bucket, currency), high)
		t.add(row, tallyField(figureSquareLow, x.Variant, bucket, currency), low)
	}
}

// outcome is what a person paid within the window after an exposure, less refunds within it, by
// currency. Without an amount above 0 they are no buyer: a trial is none, nor is a charge that was
// given back.
func (p *participant) outcome(x *exposed) map[string]money.Amount {
	sums := map[string]money.Amount{}
	for i := range p.Deals {
		d := &p.Deals[i]
		if !d.Exposed || string(d.Run) != string(x.Run) {
			continue
		}
		for _, f := range d.Flows {
			if f.At < x.At+p.window() {
				sums[f.Currency] = min(sums[f.Currency]+f.Amount, maxOutcome)
			}
		}
	}
	for currency, sum := range sums {
		if sum <= 0 {
			delete(sums, currency)
		}
	}
	return sums
}

// square is the square of an amount, in two parts. An amount has up to 44 bits, so its square does
// not fit into 64. As floats, sums would depend on the order of people, and a recount would differ.
func square(a money.Amount) (high, low int64) {
	h, l := bits.Mul64(uint64(a), uint64(a))
	return int64(h<<32 | l>>32), int64(l & (1<<32 - 1))
}

// squares is the sum of squares out of the sums of their parts.
func squares(high, low int64) float64 { return float64(high)*(1<<32) + float64(low) }

// owe notes the difference that this version of the document makes. before is what the document
// added until now, and what it adds from now on is taken from that. The fields are sorted, so that
// the same change always has the same text. Fields that did not change add up to 0 and are left
// out, so most changes touch one or two.
func (p *participant) owe(before tallies) {
	p.Version++
	for row, fields := range p.tallies() {
		for field, n := range fields {
			before.add(row, field, -n)
		}
	}
	for row, fields := range before {
		o := owed{Version: p.Version, Row: []byte(row)}
		for field, n := range fields {
			if n != 0 {
				o.Deltas = append(o.Deltas, step{Field: []byte(field), N: -n})
			}
		}
		if len(o.Deltas) > 0 {
			slices.SortFunc(o.Deltas, func(a, b step) int {
				return strings.Compare(string(a.Field), string(b.Field))
			})
			p.Owed = append(p.Owed, o)
		}
	}
}
