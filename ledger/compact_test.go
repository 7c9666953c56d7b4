package ledger

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"github.com/caddy-checkout/checkout/internal/money"
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
			c.Expires, c.Amount = created, money.Amount(created)
			same(t, d)
			c.Expires, c.Created = bought+30*wholeDay, bought*1e6+807_000
			same(t, d)
			o := origin{Original: "t", Subjects: d.Subjects, By: d.By}
			o.State.At = created
			same(t, o)
			o.Last.Transaction, o.Last.At = []byte("12345678"), bought
			same(t, o)
			compactPerson(t, bought, created)
			compactParticipant(t, bought, created)
		}
	}
}

// compactPerson wants a subscriber back whose subscriptions began with one of their notes, and with
// none.
func compactPerson(t *testing.T, heard, at int64) {
	t.Helper()
	a, b := []byte("12345678"), []byte("abcdefgh")
	same(t, person{
		Notes: []note{{Transaction: a, Heard: heard}, {Transaction: b, Heard: at}},
		Subs: []subscription{
			{Origin: b, Version: 1795976679}, {Origin: []byte("ABCDEFGH"), Version: 7}, {Origin: a},
		},
		Events: []happening{{Name: "zotlo.payment", At: at}, {Name: "x", At: heard, Gone: true}},
	})
	same(t, person{Events: []happening{{Name: "x", At: at}}})
}

// compactParticipant does the same with runs.
func compactParticipant(t *testing.T, made, at int64) {
	t.Helper()
	a, b := []byte("12345678"), []byte("abcdefgh")
	flows := []flow{{At: at, Amount: 99900, Currency: "EUR"}}
	same(t, participant{
		Exposures: []exposed{{Run: a, At: at}, {Run: b, Variant: 1, At: made}},
		Deals: []deal{
			{Transaction: a, Made: made, Run: b, Exposed: true, Flows: flows},
			{Transaction: b, Made: made, Run: []byte("ABCDEFGH"), Flows: flows},
			{Transaction: b, Made: made},
		},
	})
}

// What the first charge says of price, quote and the link's minute is not written, and comes back.
func TestCompactAsCharged(t *testing.T) {
	const bought = 1795976675
	base := compactSale()
	base.Charges[0].Bought, base.Charges[0].Amount, base.Charges[0].Currency = bought, 99900, "EUR"
	without := same(t, base)
	for name, c := range map[string]struct {
		by    source
		bytes int
	}{
		"the quote":            {source{Quote: "9.99", QuoteCur: "EUR"}, 2},
		"the price":            {source{Price: "9.99", Currency: "EUR"}, 2},
		"both":                 {source{Price: "9.99", Currency: "EUR", Quote: "9.99", QuoteCur: "EUR"}, 2},
		"the same minute":      {source{Made: bought / 60}, 2},
		"three hours earlier":  {source{Made: bought/60 - 180}, 5},
		"another spelling":     {source{Quote: "9.990", QuoteCur: "EUR"}, 1 + 6 + 1 + 4},
		"another currency":     {source{Price: "9.99", Currency: "USD"}, 1 + 5 + 1 + 4},
		"a price and no other": {source{Price: "9.99"}, 1 + 5},
	} {
		d := base
		d.By = c.by
		d.By.Campaign, d.By.Person = base.By.Campaign, base.By.Person
		if more := same(t, d) - without; more > c.bytes {
			t.Errorf("%s costs %d bytes, want %d", name, more, c.bytes)
		}
		d.Charges = nil // a sale of which only a refund is known
		same(t, d)
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
