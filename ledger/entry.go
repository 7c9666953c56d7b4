package ledger

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// This file keeps a transaction and what began with it in one document. Both have the same id, and
// the first sale of a subscription says nearly all that is known of its origin: apart they would
// need two seals, two keys and every name twice. To all other files they are two documents.

// entry is what stands under the id of a transaction. Either half may be missing: a renewal begins
// nothing, and the sale of a subscription that still runs is let go of before its origin is.
type entry struct {
	sale   *sale
	origin *origin
	// When each half is over, in hours since 1970. The document ends with the later one.
	saleEnd, originEnd int64
}

// stored is the key of the document in which a document of the given key stands.
func stored(key Key) Key {
	if key.Kind == kindOrigin {
		key.Kind = kindSale
	}
	return key
}

// entryForm is an entry with an origin, as it is written: an array (RFC 8949, section 3.1, major
// type 4). A sale alone is written as the map that it is, so a reader tells the two apart.
type entryForm struct {
	_      struct{} `cbor:",toarray"`
	Sale   *sale
	Origin originForm
}

// originForm is an origin beside its sale. Of one that has just begun nothing is left to write.
type originForm struct {
	Origin origin `cbor:"1,keyasint,omitzero"`
	// Own are the parts that Origin holds; the others follow from the sale.
	Own originParts `cbor:"2,keyasint,omitempty"`
	// Version of the origin, less the second in which the sale was heard of.
	Version int64 `cbor:"3,keyasint,omitempty"`
	// How many hours before the document each half ends.
	SaleBehind   int64 `cbor:"4,keyasint,omitempty"`
	OriginBehind int64 `cbor:"5,keyasint,omitempty"`
}

// originParts are parts of an origin. Their values stand in files and servers.
type originParts uint8

const (
	partState originParts = 1 << iota
	partLast
	// Its attribution, and that it is the first charge's.
	partBy
	partSubjects
	// Project and original.
	partNames
	allParts = partState | partLast | partBy | partSubjects | partNames
)

// beginning is the origin of which nothing is known but a sale with the given short hash. What it
// answers stands in no document that was written before, so it must never answer otherwise.
func beginning(d *sale, transaction []byte) (o origin) {
	if d == nil {
		return o
	}
	o.Project, o.Original = d.Project, text(d.original())
	o.Subjects, o.By, o.Begun = slices.Clip(d.Subjects), d.By, true
	if n := len(d.Charges); n > 0 {
		c := d.Charges[n-1]
		o.State = state{
			At: c.Created, Status: statusActive, Package: d.packageOf(n - 1), Expires: c.Expires,
		}
		o.Last = bought{Transaction: transaction, At: c.Bought * 1e6}
	}
	return o
}

// differ are the parts in which two origins are not equal.
func (o *origin) differ(other origin) (parts originParts) {
	if o.State != other.State {
		parts |= partState
	}
	if !reflect.DeepEqual(o.Last, other.Last) {
		parts |= partLast
	}
	if !reflect.DeepEqual(o.By, other.By) || o.Begun != other.Begun {
		parts |= partBy
	}
	if !reflect.DeepEqual(o.Subjects, other.Subjects) {
		parts |= partSubjects
	}
	if o.Project != other.Project || o.Original != other.Original {
		parts |= partNames
	}
	return parts
}

// take replaces parts by those of another origin.
func (o *origin) take(parts originParts, other origin) {
	if parts&partState != 0 {
		o.State = other.State
	}
	if parts&partLast != 0 {
		o.Last = other.Last
	}
	if parts&partBy != 0 {
		o.By, o.Begun = other.By, other.Begun
	}
	if parts&partSubjects != 0 {
		o.Subjects = other.Subjects
	}
	if parts&partNames != 0 {
		o.Project, o.Original = other.Project, other.Original
	}
}

// heard is when a sale was heard of, in seconds; 0 where it has no charge.
func (d *sale) heard() int64 {
	if d == nil || len(d.Charges) == 0 {
		return 0
	}
	return d.Charges[0].Heard
}

// readEntry reads the document of an id. A half whose time is over is not there.
func (c *codec) readEntry(id string, doc Doc) (e entry, err error) {
	if doc.Value == nil {
		return e, nil
	}
	var raw cbor.RawMessage
	if err := c.read(Key{kindSale, id}, doc.Value, &raw); err != nil {
		return e, err
	}
	var f entryForm
	if array := raw[0]>>5 == 4; !array {
		f.Sale = new(sale)
		err = readPlain(raw, f.Sale)
	} else if err = readPlain(raw, &f); err == nil {
		e.origin = &f.Origin.Origin
		e.origin.take(allParts&^f.Origin.Own, beginning(f.Sale, short(id)))
		e.origin.Version = uint(f.Origin.Version + f.Sale.heard())
	}
	if err != nil {
		return entry{}, err
	}
	e.sale = f.Sale
	end := hourOf(doc.Until)
	e.saleEnd, e.originEnd = end-f.Origin.SaleBehind, end-f.Origin.OriginBehind
	e.drop(c.now())
	return e, nil
}

// drop lets go of the halves whose time is over.
func (e *entry) drop(now time.Time) {
	if e.saleEnd*3600 <= now.Unix() {
		e.sale = nil
	}
	if e.originEnd*3600 <= now.Unix() {
		e.origin = nil
	}
}

// writeEntry writes the document of an id. Without any half it is deleted.
func (c *codec) writeEntry(id string, e entry) (doc Doc, err error) {
	e.drop(c.now())
	var end int64
	switch {
	case e.sale == nil && e.origin == nil:
		return Doc{}, nil
	case e.origin == nil:
		end = e.saleEnd
		doc.Value, err = c.write(Key{kindSale, id}, e.sale)
	default:
		f := originForm{Origin: *e.origin}
		end = e.originEnd
		if e.sale != nil {
			end = max(end, e.saleEnd)
			f.SaleBehind = end - e.saleEnd
		}
		f.OriginBehind = end - e.originEnd
		f.Version, f.Origin.Version = int64(e.origin.Version)-e.sale.heard(), 0
		f.Own = f.Origin.differ(beginning(e.sale, short(id)))
		f.Origin.take(allParts&^f.Own, origin{})
		doc.Value, err = c.write(Key{kindSale, id}, entryForm{Sale: e.sale, Origin: f})
	}
	doc.Until = time.Unix(end*3600, 0)
	return doc, err
}

// hourOf is a time as full hours since 1970, rounded up as stores do.
func hourOf(t time.Time) int64 {
	return t.Add(time.Hour-time.Nanosecond).Unix() / 3600
}

// half copies the half of v's type to v, and reports whether it is there.
func (e *entry) half(v any) (found bool) {
	switch v := v.(type) {
	case *sale:
		if found = e.sale != nil; found {
			*v = *e.sale
		}
	case *origin:
		if found = e.origin != nil; found {
			*v = *e.origin
		}
	}
	return found
}

// put replaces the half of v's type.
func (e *entry) put(v any, until time.Time) {
	switch v := v.(type) {
	case *sale:
		e.sale, e.saleEnd = v, hourOf(until)
	case *origin:
		e.origin, e.originEnd = v, hourOf(until)
	}
}

// eachSale calls visit with all transactions, as Store.Scan does, and with the end of each.
func (l *Ledger) eachSale(
	ctx context.Context, visit func(key Key, d *sale, until time.Time) error,
) error {
	return l.store.Scan(ctx, kindSale, func(id string, doc Doc) error {
		e, err := l.codec.readEntry(id, doc)
		if err != nil || e.sale == nil {
			return err
		}
		return visit(Key{kindSale, id}, e.sale, time.Unix(e.saleEnd*3600, 0))
	})
}

// eachOrigin does the same with all that began with a transaction.
func (l *Ledger) eachOrigin(
	ctx context.Context, visit func(key Key, o *origin, until time.Time) error,
) error {
	return l.store.Scan(ctx, kindSale, func(id string, doc Doc) error {
		e, err := l.codec.readEntry(id, doc)
		if err != nil || e.origin == nil {
			return err
		}
		return visit(Key{kindOrigin, id}, e.origin, time.Unix(e.originEnd*3600, 0))
	})
}
