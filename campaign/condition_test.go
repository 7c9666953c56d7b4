package campaign

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// errQuoting is what a matcher of Caddy's expression says: it quotes the claim on which it failed.
var errQuoting = errors.New("no such key: ann@example.com")

// fails is a shopper for whom the matchers at these places fail; the others accept.
func fails(places ...int) shopper {
	return shopper{match: func(index int) (bool, error) {
		if slices.Contains(places, index) {
			return true, errQuoting // an error counts, whatever is said beside it
		}
		return true, nil
	}}
}

func TestMatchersThatFailPassOver(t *testing.T) {
	a, b, c := load(t, Config{Name: "a"}), load(t, Config{Name: "b"}), load(t, Config{Name: "c"})
	list := []*Campaign{a, b, c}
	for _, test := range []struct {
		name   string
		fails  []int
		want   int
		failed []int
	}{
		{"the first", []int{0}, 1, []int{0}},
		{"two of them", []int{0, 1}, 2, []int{0, 1}},
		{"all", []int{0, 1, 2}, -1, []int{0, 1, 2}},
		{"one behind the chosen", []int{1}, 0, nil},
	} {
		s := fails(test.fails...)
		d, err := Decide(list, s.user(), s, s.at)
		if d.Index != test.want || test.want >= 0 && (err != nil || d.Offer.Campaign != list[test.want]) {
			t.Errorf("%s: %+v, %v; want campaign %d", test.name, d, err, test.want)
		}
		if test.want < 0 && (err != ErrNone || d.Offer != nil) {
			t.Errorf("%s: %+v, %v; want no campaign", test.name, d, err)
		}
		var failed []int
		for _, e := range d.Failed {
			failed = append(failed, e.Index)
			if e.Campaign != list[e.Index] || e.Override != "" || !errors.Is(e, errQuoting) {
				t.Errorf("%s: report %+v", test.name, e)
			}
			want := "campaign " + e.Campaign.Name() + ": a matcher failed (*errors.errorString)"
			if e.Error() != want {
				t.Errorf("%s: the report reads %s, want %s", test.name, e, want)
			}
		}
		if diff := cmp.Diff(test.failed, failed); diff != "" {
			t.Errorf("%s: reported (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestExplainGoesOnAfterMatchersThatFail(t *testing.T) {
	a, b, c := load(t, Config{Name: "a"}), load(t, Config{Name: "b"}), load(t, Config{Name: "c"})
	d, err := explain([]*Campaign{a, b, c}, fails(0), "")
	want := []Step{
		{"a", "match failed", errQuoting.Error()}, {"b", "chosen", ""}, {"c", "not reached", ""},
	}
	if diff := cmp.Diff(want, d.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if err != nil || d.Index != 1 || d.Offer.Campaign != b || len(d.Failed) != 1 {
		t.Errorf("got %+v, %v", d, err)
	}

	d, err = explain([]*Campaign{a}, fails(0), "")
	if err != ErrNone || d.Offer != nil || len(d.Steps) != 1 || d.Steps[0].Result != "match failed" {
		t.Errorf("nothing is left: %+v, %v", d, err)
	}
}

// TestAFailureIsNotAskedOfAnInactiveCampaign: what is over is passed over for that reason alone.
func TestAFailureIsNotAskedOfAnInactiveCampaign(t *testing.T) {
	s := fails(0)
	d, err := explain([]*Campaign{load(t, Config{Off: true}), load(t, Config{Name: "b"})}, s, "")
	if err != nil || d.Index != 1 || d.Failed != nil || d.Steps[0].Result != "off" {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestPartnersAreAskedFirst(t *testing.T) {
	mira := load(t, Config{Name: "mira", Partner: []string{"MIRA10"}})
	anyone := load(t, Config{Name: "any-partner", Partner: []string{}})
	plain := load(t, Config{Name: "plain"})
	list := []*Campaign{mira, anyone, plain}
	for _, test := range []struct {
		partners []int
		want     []Step
	}{
		{nil, []Step{
			{"mira", "no partner", ""}, {"any-partner", "no partner", ""}, {"plain", "chosen", ""},
		}},
		{[]int{1}, []Step{
			{"mira", "no partner", ""}, {"any-partner", "chosen", ""}, {"plain", "not reached", ""},
		}},
		{[]int{0, 1}, []Step{
			{"mira", "chosen", ""}, {"any-partner", "not reached", ""}, {"plain", "not reached", ""},
		}},
	} {
		s := shopper{partners: test.partners}
		d, err := explain(list, s, "")
		if diff := cmp.Diff(test.want, d.Steps); diff != "" || err != nil {
			t.Errorf("partners %v: %v, steps (-want +got):\n%s", test.partners, err, diff)
		}
		if got, err := decide(list, s); err != nil || got.Campaign != list[d.Index] {
			t.Errorf("partners %v: decided %+v, %v", test.partners, got, err)
		}
	}
	// Matchers of a campaign for somebody else are not asked, so they cannot fail.
	s := fails(0, 1)
	if d, err := Decide(list, s.user(), s, s.at); err != nil || d.Index != 2 || len(d.Failed) != 0 {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestAnEmptyListOfPartnersIsAnyPartnerInJSON(t *testing.T) {
	for text, want := range map[string]bool{
		`{"name":"a","link_id":"1"}`:                 false,
		`{"name":"a","link_id":"1","partner":[]}`:    true,
		`{"name":"a","link_id":"1","partner":["b"]}`: true,
		`{"name":"a","link_id":"1","partner":null}`:  false,
	} {
		var cfg Config
		if err := json.Unmarshal([]byte(text), &cfg); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var twice Config
		if err := json.Unmarshal(again, &twice); err != nil {
			t.Fatal(err)
		}
		if (cfg.Partner != nil) != want || (twice.Partner != nil) != want {
			t.Errorf("%s is read as %v, and after %s as %v", text, cfg.Partner, again, twice.Partner)
		}
	}
}
