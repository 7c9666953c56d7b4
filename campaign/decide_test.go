package campaign

import (
	"errors"
	"maps"
	"sync"
	"testing"
	"time"
)

func TestFirstActiveMatchingCampaignWins(t *testing.T) {
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	late := load(t, Config{Name: "late", From: at.Add(time.Nanosecond)})
	over := load(t, Config{Name: "over", Until: at})
	dead := load(t, Config{Name: "dead", Off: true})
	picky := load(t, Config{Name: "picky"})
	now := load(t, Config{Name: "now", From: at, Until: at.Add(time.Nanosecond)})
	always := load(t, Config{Name: "always"})

	for _, test := range []struct {
		list []*Campaign
		want int
	}{
		{[]*Campaign{late, over, dead, picky, now, always}, 4},
		{[]*Campaign{always, now}, 0},
		{[]*Campaign{late, over, dead, picky}, -1},
		{nil, -1},
	} {
		s := shopper{at: at, match: func(index int) (bool, error) {
			c := test.list[index]
			if c == late || c == over || c == dead {
				t.Errorf("campaign %s is not active, and yet asked whether it matches", c.Name())
			}
			return c != picky, nil
		}}
		d, err := Decide(test.list, s.user(), s, s.at)
		switch {
		case d.Index != test.want || len(d.Failed) > 0 || d.Steps != nil:
			t.Errorf("got %+v, %v; want campaign %d", d, err, test.want)
		case test.want < 0 && (err != ErrNone || d.Offer != nil):
			t.Errorf("nothing matches: %+v, %v", d, err)
		case test.want >= 0 && (err != nil || d.Offer.Campaign != test.list[test.want]):
			t.Errorf("campaign %d: %+v, %v", test.want, d.Offer, err)
		}
	}
}

func TestABadOfferSaysWhichCampaignItIs(t *testing.T) {
	picky, broken := load(t, Config{Name: "picky"}), sells(t, Overrides{LinkID: "{x}"})
	s := shopper{match: func(index int) (bool, error) { return index == 1, nil }}
	d, err := Decide([]*Campaign{picky, broken}, s.user(), s, s.at)
	var bad *Error
	if !errors.As(err, &bad) || bad.Index != 1 || bad.Campaign != broken || bad.Override != "link_id" || d.Index != 1 || d.Offer != nil {
		t.Errorf("got %+v, %v", d, err)
	}
	if errors.Unwrap(bad) != nil {
		t.Errorf("cause %v", errors.Unwrap(bad))
	}
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

func (incurious) Match(int) (bool, error) { return true, nil }

func (incurious) Value(key string) (string, bool) { panic("asked for {" + key + "}") }

func (incurious) Partner(int) bool { panic("asked for the partner") }

func (incurious) Trusted(key string) bool { panic("asked whether {" + key + "} is trusted") }

func (incurious) Happened(event string, _ time.Duration) (happened, known bool) {
	panic("asked whether " + event + " happened")
}

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

// TestManyAtOnce lets the race detector look at one campaign that serves many visitors.
func TestManyAtOnce(t *testing.T) {
	list := []*Campaign{load(t, Config{
		Overrides:  Overrides{Title: "{x}", CustomParameters: map[string]string{"a": "{x}", "b": "1"}},
		Experiment: fifty(Overrides{}, Overrides{Fields: map[string]string{"q": "2"}}),
	})}
	want := make(map[string]string)
	for _, id := range ids(200) {
		want[id] = gets(t, list[0], user(id)).Variant
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for id, variant := range maps.All(want) {
				v := user(id)
				v.values = map[string]string{"x": id}
				o, err := decide(list, v)
				if err != nil || o.Variant != variant || o.Parameters[0].Value != id {
					t.Errorf("user %s: %+v, %v", id, o, err)
				}
				explain(list, v, "")
			}
		})
	}
	group.Wait()
}
