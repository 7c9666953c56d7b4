package campaign

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A campaign that was chosen already is not asked whether it matches, but whether it is active.
func TestChosenCampaignIsHeldToItsSchedule(t *testing.T) {
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		cfg  Config
		step Step
	}{
		"always":    {Config{}, Step{"always", "chosen", ""}},
		"now":       {Config{From: at, Until: at.Add(1)}, Step{"now", "chosen", ""}},
		"scheduled": {Config{From: at.Add(time.Hour)}, Step{"scheduled", "scheduled", "from 2026-11-27T01:00:00Z"}},
		"ended":     {Config{Until: at}, Step{"ended", "ended", "until 2026-11-27T00:00:00Z"}},
		"off":       {Config{Off: true}, Step{"off", "off", ""}},
	} {
		test.cfg.Name = name
		c := load(t, test.cfg)
		s := shopper{at: at, match: func(int) (bool, error) {
			t.Errorf("%s is asked whether it matches", name)
			return false, errors.New("asked")
		}}
		active := test.step.Result == "chosen"
		d, err := c.Decide(s.user(), s, at)
		if active != (err == nil) || active != (d.Offer != nil) || active != (d.Index == 0) ||
			!active && err != ErrNone {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		why, err := c.Explain(s.user(), s, at, "")
		if diff := cmp.Diff([]Step{test.step}, why.Steps); diff != "" {
			t.Errorf("%s: steps (-want +got):\n%s", name, diff)
		}
		if active != (err == nil) || active != (why.Offer != nil) || active != (why.Index == 0) {
			t.Errorf("%s: %+v, %v", name, why, err)
		}
	}
}

// Everything behind the choice is as it always is: the experiment, the placeholders, what is trusted.
func TestChosenCampaignIsDecidedAsAnyOther(t *testing.T) {
	split := load(t, Config{Name: "split", Experiment: weights("50%", "50%")})
	for _, id := range []string{"ada", "bob", "eve", "joe"} {
		s := user(id)
		want, err := decide([]*Campaign{split}, s)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := split.Decide(s.user(), s, s.at); err != nil || d.Offer != want {
			t.Errorf("%s: %+v, %v", id, d.Offer, err)
		}
		why, err := split.Explain(s.user(), s, s.at, "")
		if err != nil || why.Offer.Variant != want.Variant || why.Offer.Bucket != bucket("e", id) {
			t.Errorf("%s: explained as %+v, %v", id, why.Offer, err)
		}
	}
	priced := sells(t, Overrides{
		OneTimePrice: &Price{Amount: "{signed}", Currency: "EUR", Min: "1", Max: "9"},
	})
	s := sends("signed", "4.90")
	d, err := priced.Decide(s.user(), s, s.at)
	if err != nil || d.Offer.Price.Amount != "4.90" {
		t.Errorf("a price of the request: %+v, %v", d.Offer, err)
	}
	s.distrust = "signed"
	var bad *Error
	d, err = priced.Decide(s.user(), s, s.at)
	if !errors.As(err, &bad) || bad.Campaign != priced || d.Index != 0 || d.Offer != nil {
		t.Errorf("a price that is not trusted: %+v, %v", d, err)
	}
	if _, err := priced.Explain(s.user(), s, s.at, ""); !errors.As(err, &bad) {
		t.Errorf("explained: %v", err)
	}
	if _, err := split.Explain(user("ada").user(), user("ada"), time.Time{}, "none"); err == nil {
		t.Error("a variant that is not there is forced")
	}
}
