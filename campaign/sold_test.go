package campaign

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnEmbeddedCampaignNeedsNoLink(t *testing.T) {
	pro := Overrides{Package: "pro-monthly"}
	for name, cfg := range map[string]Config{
		"of its own":       {Overrides: pro},
		"in every variant": {Experiment: fifty(pro, Overrides{Package: "pro-yearly"})},
	} {
		cfg.Name = "pro"
		c, err := New(cfg, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := c.ForEmbed(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err = c.ForLink()
		if err == nil || !strings.HasPrefix(err.Error(), "campaign pro: link_id missing: write ") {
			t.Errorf("%s: a link is made without a base link: %v", name, err)
		}
		if id, err := gets(t, c, shopper{}).EmbeddedPackage(); id != "pro-monthly" || err != nil {
			t.Errorf("%s: sells %q, %v", name, id, err)
		}
	}
}

func TestWhatAnEmbeddedCheckoutCannotSell(t *testing.T) {
	pro, price := Overrides{Package: "p"}, &Price{Amount: "9.90", Currency: "EUR"}
	half := fifty(pro, pro)
	half.Coverage = "50%"
	const cannot = "one_time_price: an embedded checkout cannot change the price of its package: " +
		"choose a package with that price, or sell the campaign by checkout_link"
	for _, test := range []struct {
		cfg  Config
		want string
	}{
		{
			Config{Overrides: Overrides{LinkID: "1"}},
			`package missing: write "package pro-monthly" with the id of the package that the ` +
				`Zotlo Dashboard shows; an embedded checkout sells a package, not a checkout link`,
		},
		{
			Config{Overrides: Overrides{LinkID: "1"}, Experiment: fifty(pro, Overrides{})},
			"package missing: write it in the campaign, or in every variant: other has none",
		},
		{
			Config{Overrides: Overrides{LinkID: "1"}, Experiment: half},
			"package missing: with coverage 50% some users get no variant: write it in the campaign",
		},
		{Config{Overrides: Overrides{Package: "p", OneTimePrice: price}}, cannot},
		{
			Config{Overrides: pro, Experiment: fifty(Overrides{}, Overrides{OneTimePrice: price})},
			"variant other: " + cannot,
		},
	} {
		test.cfg.Name = "pro"
		c, err := New(test.cfg, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err, want := c.ForEmbed(), "campaign pro: "+test.want; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// TestACampaignThatNothingSells is told what it lacks for the way that its author had in mind.
func TestACampaignThatNothingSells(t *testing.T) {
	_, err := New(Config{Name: "pro", Experiment: fifty(Overrides{Package: "p"}, Overrides{})},
		Options{})
	const want = "campaign pro: package missing: write it in the campaign, or in every variant: " +
		"other has none"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestAnOfferIsCheckedOnceMore: a campaign that a request names was held against nothing at load.
func TestAnOfferIsCheckedOnceMore(t *testing.T) {
	for _, test := range []struct {
		own      Overrides
		override string
	}{
		{Overrides{LinkID: "1"}, "package"},
		{Overrides{LinkID: "1", Package: "{missing}"}, "package"},
		{
			Overrides{Package: "p", OneTimePrice: &Price{Amount: "1", Currency: "EUR"}},
			"one_time_price",
		},
	} {
		c, err := New(Config{Name: "pro", Overrides: test.own}, options(t))
		if err != nil {
			t.Fatal(err)
		}
		d, err := Decide([]*Campaign{c}, User{}, shopper{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Offer.EmbeddedPackage()
		if failed, ok := errors.AsType[*Error](err); !ok || failed.Override != test.override {
			t.Errorf("%+v: %v, want an error about %s", test.own, err, test.override)
		}
	}
}

// TestAPackageIsNoGuessInAnEmbeddedCheckout: its name there is Zotlo's own.
func TestAPackageIsNoGuessInAnEmbeddedCheckout(t *testing.T) {
	warns := func(o Overrides) bool {
		c, err := New(Config{Name: "pro", Overrides: o}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(c.Warnings(), func(text string) bool {
			return strings.Contains(text, "package is not in Zotlo's published reference")
		})
	}
	if warns(Overrides{Package: "p"}) {
		t.Error("a campaign without a link is warned of its package")
	}
	if !warns(Overrides{LinkID: "1", Package: "p"}) {
		t.Error("a link's package brings no warning")
	}
}

func TestAVariantWithAnotherPackageNeedsItsQuote(t *testing.T) {
	quote := &Price{Amount: "9.90", Currency: "EUR"}
	for _, test := range []struct {
		variant Overrides
		warned  bool
	}{
		{Overrides{Package: "yearly"}, true},
		{Overrides{Package: "yearly", Quote: &Price{Amount: "99", Currency: "EUR"}}, false},
		{Overrides{Package: "monthly"}, false},
	} {
		c, err := New(Config{
			Name: "pro", Overrides: Overrides{Package: "monthly", Quote: quote},
			Experiment: fifty(Overrides{}, test.variant),
		}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		warned := slices.ContainsFunc(c.Warnings(), func(text string) bool {
			return strings.Contains(text, "but package yearly is another")
		})
		if warned != test.warned {
			t.Errorf("%+v: %v", test.variant, c.Warnings())
		}
	}
}
