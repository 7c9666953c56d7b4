package campaign

import (
	"testing"
	"time"
)

// plain is a campaign with much to say and no placeholder, split in two, and a user with an id.
func plain(t testing.TB) ([]*Campaign, *shopper) {
	list := []*Campaign{load(t, Config{
		From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Overrides: Overrides{
			OneTimePrice: &Price{Amount: "19.99", Currency: "EUR"}, PackageName: "Pro",
			AdditionalText:   "Welcome",
			CustomParameters: map[string]string{"partner": "acme"},
		},
		Experiment: fifty(Overrides{}, Overrides{OneTimePrice: &Price{Amount: "14.99", Currency: "EUR"}}),
	})}
	v := user("7f9c24e8-3b1a-4f0e-9d6c-5a2b8e7f1c3d")
	v.at = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	return list, &v
}

func TestPlainDecisionAllocatesNothing(t *testing.T) {
	list, s := plain(t)
	first, err := Decide(list, s.user(), s, s.at)
	if err != nil {
		t.Fatal(err)
	}
	allocs := testing.AllocsPerRun(1000, func() {
		d, err := Decide(list, s.user(), s, s.at)
		if d.Offer != first.Offer || d.Index != 0 || err != nil {
			t.Fatalf("another offer for the same user: %+v, %v", d, err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestPassingOverAllocatesNothing(t *testing.T) {
	list, s := plain(t)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	list = append([]*Campaign{
		load(t, Config{Name: "late", From: at.AddDate(9, 0, 0)}),
		load(t, Config{Name: "over", Until: at}),
		load(t, Config{Name: "dead", Off: true}), load(t, Config{Name: "picky"}),
	}, list...)
	s.match = func(index int) (bool, error) { return index == 4, nil }
	allocs := testing.AllocsPerRun(1000, func() {
		if d, err := Decide(list, s.user(), s, s.at); d.Index != 4 || err != nil {
			t.Fatalf("%+v, %v", d, err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// incurious is a request of which a campaign without placeholders wants to know nothing but whether
// it matches.
type incurious struct{}

func (incurious) Match(int) (bool, error)         { return true, nil }
func (incurious) Value(key string) (string, bool) { panic("asked for {" + key + "}") }
func (incurious) Trusted(key string) bool         { panic("asked whether {" + key + "} is trusted") }

func TestPlainDecisionAsksForNoPlaceholder(t *testing.T) {
	list, s := plain(t)
	for _, id := range ids(10) {
		if _, err := Decide(list, User{Subscriber: id}, incurious{}, s.at); err != nil {
			t.Fatal(err)
		}
	}
}

// closed is a request of which a list that is over wants to know nothing at all.
type closed struct{ incurious }

func (closed) Match(int) (bool, error) { panic("asked whether it matches") }

func TestFactsAreAskedForOnlyWhenAConditionNeedsThem(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	list := []*Campaign{load(t, Config{Until: at}), load(t, Config{Off: true})}
	if d, err := Decide(list, User{}, closed{}, at); err != ErrNone || d.Index != -1 || d.Offer != nil {
		t.Errorf("got %+v, %v", d, err)
	}
}

func BenchmarkDecidePlain(b *testing.B) {
	list, s := plain(b)
	user := s.user()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decide(list, user, s, s.at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecideThreePlaceholders(b *testing.B) {
	list := []*Campaign{load(b, Config{
		Overrides: Overrides{
			OneTimePrice:     &Price{Amount: "{price}", Currency: "EUR", Min: "1", Max: "99"},
			PackageName:      "Pro",
			AdditionalText:   "Welcome back, {name}",
			CustomParameters: map[string]string{"partner": "{partner}"},
		},
		Experiment: weights("50%", "50%"),
	})}
	v := sends("price", "19.99", "name", "Ada Lovelace", "partner", "acme")
	v.claims = claims{"sub": "42"}
	user := v.user()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decide(list, user, &v, v.at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBucket(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		bucket("bf-price", "7f9c24e8-3b1a-4f0e-9d6c-5a2b8e7f1c3d")
	}
}

func BenchmarkLanguages(b *testing.B) {
	many := languages(b, "en", "tr", "de", "pt_br")
	for name, header := range map[string]string{
		"exact": "tr", "header": "tr-TR,tr;q=0.9,en-US;q=0.8,en;q=0.7", "none": "",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				many.Match(header)
			}
		})
	}
	one := languages(b, "en")
	b.Run("single", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			one.Match("tr-TR,tr;q=0.9,en-US;q=0.8,en;q=0.7")
		}
	})
}

func BenchmarkCleanText(b *testing.B) {
	for name, text := range map[string]string{
		"clean": "Ada Lovelace, London", "markup": `<b>Ada</b> "Lovelace"`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				clean(text)
			}
		})
	}
}
