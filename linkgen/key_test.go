package linkgen_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// pieces are chosen to run together: separators, prefixes of each other, empty texts, lengths that
// look like content.
var pieces = []string{"", "a", "aa", "ab", "b", ":", "a:b", "\x00", "\x01a", "\x02ab", "en", "e", "n", "9.99", "9.9", "9", "EUR", "EU", "123", "12", "3", "|", "a|b"}

func randomOrder(r *rand.Rand) linkgen.Order {
	pick := func() string { return pieces[r.IntN(len(pieces))] }
	fields := func() (f []zotlo.Field) {
		for range r.IntN(3) {
			f = append(f, zotlo.Field{Name: pick(), Value: pick()})
		}
		return f
	}
	ips := []string{"203.0.113.7", "203.0.113.8", "::ffff:203.0.113.7", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"}
	o := linkgen.Order{
		Subscriber: linkgen.Subscriber{Kind: pick(), ID: pick(), Issuer: pick()},
		Language:   pick(), LinkID: pick(), Price: pick(), Currency: pick(),
		Fields: fields(), Parameters: fields(),
		Campaign: pick(), Experiment: pick(), Variant: pick(),
		Quote: pick(), QuoteCurrency: pick(), Partner: pick(), Offer: pick(),
	}
	if r.IntN(4) > 0 {
		o.IP = netip.MustParseAddr(ips[r.IntN(len(ips))])
	}
	return o
}

// meaning is what of an order counts, written down without any of the code under test.
func meaning(o linkgen.Order) string {
	ip := o.IP.Unmap()
	if ip.Is6() {
		p, _ := ip.Prefix(64)
		ip = p.Addr()
	}
	return fmt.Sprintf("%#v %q", struct{ S, F, P any }{o.Subscriber, o.Fields, o.Parameters},
		[]string{
			ip.String(), o.Language, o.LinkID, o.Price, o.Currency, o.Campaign, o.Experiment,
			o.Variant, o.Quote, o.QuoteCurrency, o.Partner, o.Offer,
		})
}

// Two orders have one key exactly when they mean the same.
func TestKeyIsInjective(t *testing.T) {
	s := set(t)
	r := rand.New(rand.NewPCG(1, 2))
	byKey := make(map[linkgen.Key]string)
	byMeaning := make(map[string]linkgen.Key)
	for range 100_000 {
		o := randomOrder(r)
		k, m := s.g.Key(o), meaning(o)
		if other, seen := byKey[k]; seen && other != m {
			t.Fatalf("one key for two orders:\n%s\n%s", m, other)
		}
		if other, seen := byMeaning[m]; seen && other != k {
			t.Fatalf("two keys for one order: %s", m)
		}
		byKey[k], byMeaning[m] = m, k
	}
}

// Moving the end of one field to the beginning of the next is another order, wherever the two meet.
func TestFieldsDoNotRunTogether(t *testing.T) {
	s := set(t)
	r := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		o := randomOrder(r)
		base := s.g.Key(o)
		texts := []*string{
			&o.Subscriber.Kind, &o.Subscriber.ID, &o.Subscriber.Issuer, &o.Language, &o.LinkID,
			&o.Price, &o.Currency, &o.Campaign, &o.Experiment, &o.Variant,
			&o.Quote, &o.QuoteCurrency, &o.Partner, &o.Offer,
		}
		for _, fields := range [][]zotlo.Field{o.Fields, o.Parameters} {
			for i := range fields {
				texts = append(texts, &fields[i].Name, &fields[i].Value)
			}
		}
		for i := range len(texts) - 1 {
			left, right := *texts[i], *texts[i+1]
			if left == "" {
				continue
			}
			*texts[i], *texts[i+1] = left[:len(left)-1], left[len(left)-1:]+right
			if s.g.Key(o) == base {
				t.Fatalf("%q and %q run together", left, right)
			}
			*texts[i], *texts[i+1] = left, right
		}
	}
}

// Anyone who adds a field to Order must decide whether it counts.
func TestEveryFieldOfAnOrderCounts(t *testing.T) {
	s := set(t)
	base := s.g.Key(orderOf("ada@example.com"))
	change := map[string]func(*linkgen.Order){
		"Subscriber":    func(o *linkgen.Order) { o.Subscriber.Issuer = "https://other.example" },
		"IP":            func(o *linkgen.Order) { o.IP = netip.MustParseAddr("203.0.113.8") },
		"Language":      func(o *linkgen.Order) { o.Language = "tr" },
		"LinkID":        func(o *linkgen.Order) { o.LinkID = "124" },
		"Price":         func(o *linkgen.Order) { o.Price = "1" },
		"Currency":      func(o *linkgen.Order) { o.Currency = "EUR" },
		"Fields":        func(o *linkgen.Order) { o.Fields = []zotlo.Field{{}} },
		"Parameters":    func(o *linkgen.Order) { o.Parameters = []zotlo.Field{{}} },
		"Campaign":      func(o *linkgen.Order) { o.Campaign = "x" },
		"Experiment":    func(o *linkgen.Order) { o.Experiment = "x" },
		"Variant":       func(o *linkgen.Order) { o.Variant = "x" },
		"Quote":         func(o *linkgen.Order) { o.Quote = "1" },
		"QuoteCurrency": func(o *linkgen.Order) { o.QuoteCurrency = "EUR" },
		"Partner":       func(o *linkgen.Order) { o.Partner = "x" },
		"Offer":         func(o *linkgen.Order) { o.Offer = "x" },
	}
	free := map[string]bool{"Project": true} // Project: see below
	for field := range reflect.TypeFor[linkgen.Order]().Fields() {
		name := field.Name
		if free[name] {
			continue
		}
		o := orderOf("ada@example.com")
		if change[name] == nil {
			t.Errorf("%s: no change known", name)
			continue
		}
		change[name](&o)
		if s.g.Key(o) == base {
			t.Errorf("%s does not count", name)
		}
	}
}

func TestEverythingAboutAProjectCounts(t *testing.T) {
	s := set(t)
	seen := map[linkgen.Key]string{s.g.Key(orderOf("ada")): "as it was"}
	for name, change := range map[string]func(*linkgen.Config){
		"access key":      func(c *linkgen.Config) { c.Projects[0].AccessKey = "x" },
		"access secret":   func(c *linkgen.Config) { c.Projects[0].AccessSecret = "x" },
		"application key": func(c *linkgen.Config) { c.Projects[0].ApplicationKey = "x" },
		"application id":  func(c *linkgen.Config) { c.Projects[0].ApplicationID = "x" },
		"address":         func(c *linkgen.Config) { c.Projects[0].APIURL = "https://api.example.com" },
		"key":             func(c *linkgen.Config) { c.Key = []byte("another key of sixteen bytes") },
	} {
		s := set(t, change)
		k := s.g.Key(orderOf("ada"))
		if other, dup := seen[k]; dup {
			t.Errorf("%s: same key as %s", name, other)
		}
		seen[k] = name
	}
	o := orderOf("ada")
	o.Project = "unknown"
	if s.g.Key(o) != (linkgen.Key{}) {
		t.Error("an unknown project has a key")
	}
}

func TestKeysTellNothingAndAgreeAcrossNodes(t *testing.T) {
	a, b := set(t), set(t)
	o := orderOf("ada@example.com")
	if diff := cmp.Diff(a.g.Key(o), b.g.Key(o), cmpopts.EquateComparable()); diff != "" {
		t.Errorf("two nodes of one configuration name a link differently: %s", diff)
	}
}

func TestSubscriberHash(t *testing.T) {
	s := set(t)
	same := [][2]string{
		{"Ada@Example.com", "ada@example.COM"},
		{"+905555555555", "905555555555"},
		{"D2719CE0-7FBA-4A2E-9E3B-111111111111", "d2719ce0-7fba-4a2e-9e3b-111111111111"},
	}
	for _, pair := range same {
		if s.g.SubscriberHash(pair[0]) != s.g.SubscriberHash(pair[1]) {
			t.Errorf("%q and %q are the same person", pair[0], pair[1])
		}
	}
	different := [][2]string{
		{"+ada@example.com", "ada@example.com"},
		{"+", ""},
		{"ada@example.com", "bob@example.com"},
	}
	for _, pair := range different {
		if s.g.SubscriberHash(pair[0]) == s.g.SubscriberHash(pair[1]) {
			t.Errorf("%q and %q are not the same person", pair[0], pair[1])
		}
	}
	if s.g.SubscriberHash("") != (linkgen.SubscriberHash{}) {
		t.Error("nobody has a hash")
	}
}

// TestAReplacedKeyFindsWhomItHashed keeps a rotation from making everybody unknown: the new key
// hashes, and what the old one said is still at hand.
func TestAReplacedKeyFindsWhomItHashed(t *testing.T) {
	older, newer := []byte("the old secret of sixteen bytes"), []byte("the new secret of sixteen bytes")
	with := func(keys ...[]byte) *generator {
		return set(t, func(cfg *linkgen.Config) { cfg.SubscriberKeys = keys }).g
	}
	before, after := with(older), with(newer, older)
	const id = "ada@example.com"
	if after.SubscriberHash(id) == before.SubscriberHash(id) {
		t.Error("the old key still hashes")
	}
	want := []linkgen.SubscriberHash{before.SubscriberHash(id)}
	if diff := cmp.Diff(want, after.FormerHashes("Ada@example.com")); diff != "" {
		t.Errorf("whom the old key hashed is unknown: %s", diff)
	}
	if former := before.FormerHashes(id); former != nil {
		t.Errorf("one key has former hashes: %v", former)
	}
	if own := set(t).g; own.SubscriberHash(id) == before.SubscriberHash(id) {
		t.Error("other keys hash alike")
	}
}

func TestParseSubscriberHash(t *testing.T) {
	s := set(t)
	want := s.g.SubscriberHash("ada")
	var got linkgen.SubscriberHash
	err := got.UnmarshalText([]byte(want.String()))
	if err != nil || got != want || len(want.String()) != 22 {
		t.Errorf("%q became %v, %v", want, got, err)
	}
	for _, bad := range []string{"", "x", want.String() + "A", want.String()[:21], want.String()[:21] + "=", want.String()[:21] + "\n", "!!!!!!!!!!!!!!!!!!!!!!", "AAAAAAAAAAAAAAAAAAAAAB"} {
		if err := got.UnmarshalText([]byte(bad)); err == nil || got != want {
			t.Errorf("%q was accepted", bad)
		}
	}
}
