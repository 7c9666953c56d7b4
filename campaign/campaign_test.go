package campaign

import (
	"testing"
	"time"
)

// visit is a request in a test. What it does not set is absent; everything it has is trusted unless it says otherwise.
type visit struct {
	at         time.Time
	subscriber string
	claims     map[string]string
	values     map[string]string
	match      func(*Campaign) (bool, error)
	distrust   func(key string) bool
}

func (v visit) Now() time.Time     { return v.at }
func (v visit) Subscriber() string { return v.subscriber }

func (v visit) Claim(path string) (string, bool) {
	s, ok := v.claims[path]
	return s, ok
}

func (v visit) Value(key string) (string, bool) {
	s, ok := v.values[key]
	return s, ok
}

func (v visit) Match(c *Campaign) (bool, error) {
	if v.match == nil {
		return true, nil
	}
	return v.match(c)
}

func (v visit) Trusted(key string) bool { return v.distrust == nil || !v.distrust(key) }

func TestSmallest(t *testing.T) {
	c, err := New(Config{Name: "pro", Overrides: Overrides{LinkID: "123", OneTimePrice: &Price{Amount: "19.99", Currency: "EUR"}, PackageName: "Pro {x}"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	o, err := Decide([]*Campaign{c}, visit{values: map[string]string{"x": "<b>1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", o)
	if o.LinkID != "123" || o.Price.String() != "19.99 EUR" || o.Fields[0] != (Field{"packageName", "Pro b1"}) {
		t.Error(o)
	}
}
