package ledger

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// entryAt is the hour at which the documents of these tests are written and read.
const entryAt = 498_882

// entryCodec is one whose clock stands so many hours after that.
func entryCodec(t *testing.T, hours int64) *codec {
	t.Helper()
	c, err := newCodec(bytes.Repeat([]byte{7}, 32), func() time.Time {
		return time.Unix((entryAt+hours)*3600, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// entries are one of each kind: what began with a sale, as it was and after it went on; a sale, and
// an origin, of which the other half is not known.
func entries() map[string]entry {
	id := string(bytes.Repeat([]byte{9}, idSize))
	fresh := func() entry {
		d := compactSale()
		d.Original = ""
		o := beginning(&d, short(id))
		o.Version = uint(d.Charges[0].Heard) + 3
		return entry{sale: &d, origin: &o, saleEnd: entryAt + 10, originEnd: entryAt + 10}
	}
	alone, orphan, renewed, other := fresh(), fresh(), fresh(), fresh()
	alone.origin, orphan.sale = nil, nil
	renewed.origin.State.At++
	renewed.origin.State.Status = statusGrace
	renewed.origin.Last = bought{Transaction: []byte("12345678"), At: 1796976675000000}
	renewed.origin.Subjects = append(renewed.origin.Subjects, bytes.Repeat([]byte{3}, idSize))
	renewed.originEnd += 700
	other.origin.Begun, other.origin.Upsell, other.origin.By = false, true, source{Campaign: "x"}
	other.origin.Project, other.origin.Original = "eu", "t0"
	other.saleEnd += 9
	return map[string]entry{
		"fresh": fresh(), "sale": alone, "origin": orphan, "renewed": renewed, "other": other,
	}
}

// Both halves come back as they were, whichever of them is missing, and each with its own end.
func TestEntryExact(t *testing.T) {
	c, id := entryCodec(t, 0), string(bytes.Repeat([]byte{9}, idSize))
	for name, want := range entries() {
		doc, err := c.writeEntry(id, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.readEntry(id, doc)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.sale, want.sale) || !reflect.DeepEqual(got.origin, want.origin) {
			t.Errorf("%s:\n got %+v\n %+v\nwant %+v\n %+v", name, got.sale, got.origin, want.sale,
				want.origin)
		}
		if want.sale != nil && got.saleEnd != want.saleEnd ||
			want.origin != nil && got.originEnd != want.originEnd {
			t.Errorf("%s ends at %d and %d", name, got.saleEnd-entryAt, got.originEnd-entryAt)
		}
	}
}

// An origin that says what its sale says costs a few bytes: that is what the two are together for.
func TestEntryShares(t *testing.T) {
	c, id := entryCodec(t, 0), string(bytes.Repeat([]byte{9}, idSize))
	size := func(e entry) int {
		doc, err := c.writeEntry(id, e)
		if err != nil {
			t.Fatal(err)
		}
		return len(doc.Value)
	}
	e := entries()
	if more := size(e["fresh"]) - size(e["sale"]); more > 10 {
		t.Errorf("a subscription that has just begun costs %d bytes", more)
	}
}

// Each half goes when its time is over, and the other one stays: as it is read, and for good as
// soon as the document is written.
func TestEntryEnds(t *testing.T) {
	id := string(bytes.Repeat([]byte{9}, idSize))
	for name, c := range map[string]struct {
		hours        int64
		sale, origin bool
	}{
		"renewed": {10, false, true},
		"other":   {10, true, false},
		"fresh":   {10, false, false},
		"sale":    {9, true, false},
		"origin":  {10, false, false},
	} {
		t.Run(fmt.Sprint(name, " after ", c.hours, " hours"), func(t *testing.T) {
			doc, err := entryCodec(t, 0).writeEntry(id, entries()[name])
			if err != nil {
				t.Fatal(err)
			}
			later := entryCodec(t, c.hours)
			got, err := later.readEntry(id, doc)
			if err != nil || (got.sale != nil) != c.sale || (got.origin != nil) != c.origin {
				t.Fatalf("%+v, %v", got, err)
			}
			again, err := later.writeEntry(id, got)
			if err != nil || (again.Value != nil) != (c.sale || c.origin) {
				t.Fatalf("written again, it is %d bytes, %v", len(again.Value), err)
			}
			// What the sale said of the origin is written in full once the sale is gone.
			early, err := entryCodec(t, 0).readEntry(id, again)
			if err != nil || (early.sale != nil) != c.sale ||
				!reflect.DeepEqual(early.origin, got.origin) {
				t.Errorf("%+v, %v", early, err)
			}
		})
	}
}
