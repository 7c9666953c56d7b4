package ledger

import (
	"bytes"
	"math"
	"reflect"
	"testing"
)

// compactSale is a sale with every kind of field that is written in another form.
func compactSale() sale {
	ada, bob := bytes.Repeat([]byte{1}, idSize), bytes.Repeat([]byte{2}, idSize)
	return sale{
		Transaction: id, Original: "t0", Package: "pro", PaymentType: "subscription",
		Subjects: [][]byte{ada, bob}, By: source{Campaign: "spring", Person: bob}, Version: 3,
		Charges: []charge{{
			Status: "trial_to_paid", Type: "a type of tomorrow", Bought: 1795976675,
			Heard: 1795976680, Created: 1795976676000001, Package: "plus",
		}},
		Refunds: []refund{{Status: "start_paid", Said: 1}},
	}
}

// same writes and reads a document, wants it back as it was, and returns how long it is.
func same[T any](t *testing.T, doc T) int {
	t.Helper()
	raw, err := cborMode.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var got T
	if err := readPlain(raw, &got); err != nil || !reflect.DeepEqual(got, doc) {
		t.Errorf("%+v, %v\nwant %+v", got, err, doc)
	}
	return len(raw)
}

// Whatever instants and persons a document holds come back as they were.
func TestCompactExact(t *testing.T) {
	instants := []int64{0, 1, -1, 1795976675, 1795976675000001, math.MaxInt64, math.MinInt64}
	persons := [][]byte{
		nil, compactSale().Subjects[0], compactSale().Subjects[1],
		bytes.Repeat([]byte{3}, idSize),
	}
	for _, bought := range instants {
		for i, created := range instants {
			d := compactSale()
			d.By.Person = persons[i%len(persons)]
			c := &d.Charges[0]
			c.Bought, c.Created, c.Heard = bought, created, created
			same(t, d)
			o := origin{Original: "t", Subjects: d.Subjects, By: d.By}
			o.State.At = created
			same(t, o)
			o.Last.Transaction, o.Last.At = []byte("12345678"), bought
			same(t, o)
		}
	}
}

// A person who is a subject costs two bytes, and not another id.
func TestCompactPerson(t *testing.T) {
	subject, other := compactSale(), compactSale()
	other.By.Person = bytes.Repeat([]byte{3}, idSize)
	if saved := same(t, other) - same(t, subject); saved != idSize-1 {
		t.Errorf("a subject saves %d bytes, want %d", saved, idSize-1)
	}
}

// Purging one subject moves the places of the others, and the person of the link stays who they are.
func TestCompactPurge(t *testing.T) {
	d := compactSale()
	d.forget(d.Subjects[0])
	same(t, d)
}
