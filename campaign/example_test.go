package campaign_test

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/caddy-checkout/checkout/campaign"
)

// now is the instant of every request here.
var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// request is all that a decision needs to know of one request.
type request struct {
	header map[string]string // placeholders that anybody can write
	match  func(index int) bool
}

func (r request) Value(key string) (string, bool) { v, ok := r.header[key]; return v, ok }
func (r request) Trusted(string) bool             { return false }
func (r request) Match(index int) (bool, error)   { return r.match == nil || r.match(index), nil }
func (r request) Partner(int) bool                { return false }

func (r request) Happened(string, time.Duration) (happened, known bool) { return false, false }

var braces = regexp.MustCompile(`\{([a-z.]+)\}`)

// cut cuts a text at its {placeholders}.
func cut(text string) (parts []campaign.Part, err error) {
	end := 0
	for _, at := range braces.FindAllStringSubmatchIndex(text, -1) {
		parts = append(parts, campaign.Part{Literal: text[end:at[0]]}, campaign.Part{Key: text[at[2]:at[3]]})
		end = at[1]
	}
	return append(parts, campaign.Part{Literal: text[end:]}), nil
}

// A price test for Black Friday, with the plain offer behind it.
func Example() {
	sale, err := campaign.New(campaign.Config{
		Name: "black-friday",
		Overrides: campaign.Overrides{
			LinkID:         "4711",
			OneTimePrice:   &campaign.Price{Amount: "19.99", Currency: "EUR"},
			AdditionalText: "Welcome back, {name}",
		},
		From:  time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC),
		Until: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		Experiment: &campaign.ExperimentConfig{
			Key: "bf-price",
			Variants: []campaign.VariantConfig{
				{Name: "control", Weight: "50%"},
				{Name: "cheaper", Weight: "50%", Overrides: campaign.Overrides{
					OneTimePrice: &campaign.Price{Amount: "14.99", Currency: "EUR"},
				}},
			},
		},
	}, campaign.Options{ParseTemplate: cut})
	if err != nil {
		fmt.Println(err)
		return
	}
	pro, err := campaign.New(campaign.Config{Name: "pro", Overrides: campaign.Overrides{LinkID: "123"}}, campaign.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, click := range []struct {
		subscriber string
		request    request
	}{
		{"ada@example.com", request{header: map[string]string{"name": "<b>Ada</b>"}}},
		{"linus@example.com", request{}},
		{"", request{match: func(index int) bool { return index == 1 }}},
	} {
		user := campaign.User{Subscriber: click.subscriber}
		d, err := campaign.Decide([]*campaign.Campaign{sale, pro}, user, click.request, now)
		if err != nil {
			fmt.Println(err)
			continue
		}
		offer := d.Offer
		fmt.Printf("%s/%s link %s %s %v dropped %v\n",
			offer.Campaign.Name(), offer.Variant, offer.LinkID, offer.Price, offer.Fields, offer.Dropped)
	}
	// Output:
	// black-friday/control link 4711 19.99 EUR [{additionalText Welcome back, bAda/b}] dropped []
	// black-friday/cheaper link 4711 14.99 EUR [] dropped [additional_text]
	// pro/ link 123  [] dropped []
}

// A price from a placeholder is used only where the placeholder is trusted.
func ExampleError() {
	invoice, err := campaign.New(campaign.Config{
		Name: "invoice",
		Overrides: campaign.Overrides{
			LinkID:       "123",
			OneTimePrice: &campaign.Price{Amount: "{query.price}", Currency: "EUR", Min: "1.00", Max: "99.00"},
		},
	}, campaign.Options{ParseTemplate: cut})
	if err != nil {
		fmt.Println(err)
		return
	}
	forged := request{header: map[string]string{"query.price": "0.01"}}
	_, err = campaign.Decide([]*campaign.Campaign{invoice}, campaign.User{}, forged, now)

	var bad *campaign.Error
	fmt.Println(errors.As(err, &bad), err)
	// Output: true campaign invoice: one_time_price: placeholder {query.price} is not trusted here
}

func ExampleCampaign_Ranges() {
	c, err := campaign.New(campaign.Config{
		Name:      "pro",
		Overrides: campaign.Overrides{LinkID: "123"},
		Experiment: &campaign.ExperimentConfig{
			Key: "price", Coverage: "20%",
			Variants: []campaign.VariantConfig{
				{Name: "control", Weight: "20%"},
				{Name: "cheaper", Weight: "30%"},
				{Name: "dearer", Weight: "50%"},
			},
		},
	}, campaign.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	key, ranges := c.Ranges()
	fmt.Println(key, ranges)
	// Output: price [{control 0 400} {cheaper 2000 2600} {dearer 5000 6000}]
}

func ExampleExplain() {
	c, err := campaign.New(campaign.Config{
		Name: "early-bird", Overrides: campaign.Overrides{LinkID: "123"},
		Until: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}, campaign.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := campaign.Explain([]*campaign.Campaign{c}, campaign.User{}, request{}, now, "")
	fmt.Println(d.Steps, err)
	// Output: [{early-bird ended until 2026-01-01T00:00:00Z}] no campaign
}

func ExampleLanguages_Match() {
	l, err := campaign.NewLanguages("en", "tr", "pt_br")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Match("", "pt-PT,pt;q=0.9,en;q=0.8"), l.Match("tr_TR"), l.Match("ja"))
	// Output: pt_br tr en
}
