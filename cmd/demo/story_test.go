package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestClickLeadsToAPageWithNameProductAndPrice(t *testing.T) {
	for name, https := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			d := open(t, https)
			ada := arrive(t, d)
			ada.signIn("ada")
			link := ada.hit("/checkout/plus")
			says(t, ada.get(link), "ada@kingfisher.example", "Kingfisher Plus", "4.99 EUR",
				"Welcome back, Ada")
			if again := ada.hit("/checkout/plus"); again != link {
				t.Error("the second click led to another link")
			}
			apiCalls(t, d, 1)
			outcome(t, d, "link")
		})
	}
}

func TestEverybodySeesThePriceThatTheCheckoutAsks(t *testing.T) {
	d := open(t, false)
	for _, p := range people {
		if p.Doubt {
			continue
		}
		s := arrive(t, d)
		s.signIn(p.ID)
		home := s.get("/")
		for _, plan := range []string{"plus", "forever"} {
			link, ok := d.sandbox.Link(s.hit("/checkout/" + plan))
			if !ok {
				t.Fatal("the sandbox does not know the link")
			}
			price, currency := link.Base.Price, link.Base.Currency
			if link.CustomPrice != "" {
				price, currency = link.CustomPrice, link.CustomCurrency
			}
			says(t, home, `<p class="price">`+price+` <span>`+currency+`</span>`)
		}
	}
}

func TestBothVariantsOfThePriceAreSeen(t *testing.T) {
	d := open(t, false)
	prices := make(map[string]bool)
	for _, p := range people {
		s := arrive(t, d)
		s.signIn(p.ID)
		for _, price := range []string{"89.00", "69.00"} {
			if strings.Contains(s.get("/").body, price) {
				prices[price] = true
			}
		}
	}
	if len(prices) != 2 {
		t.Errorf("the people of the demo see %v, want both prices of the experiment", prices)
	}
}

func TestUnconfirmedAddressGetsAnExplanation(t *testing.T) {
	d := open(t, false)
	sam := arrive(t, d)
	sam.signIn("sam")
	p := sam.get("/checkout/plus")
	if p.StatusCode != http.StatusForbidden {
		t.Errorf("answered %d, want 403", p.StatusCode)
	}
	says(t, p, "Your e-mail address or phone number is not confirmed yet", "Kingfisher")
	apiCalls(t, d, 0)
}

func TestPhoneNumberIsEnough(t *testing.T) {
	d := open(t, false)
	claire := arrive(t, d)
	claire.signIn("claire")
	link, _ := d.sandbox.Link(claire.hit("/checkout/plus"))
	if link.SubscriberID != "33600000000" || link.Language != "fr" {
		t.Errorf("the link is for %q in %q", link.SubscriberID, link.Language)
	}
}

func TestPaidLinkIsNotGivenOutAgain(t *testing.T) {
	d := open(t, false)
	jonas := arrive(t, d)
	jonas.signIn("jonas")
	first := jonas.hit("/checkout/forever")
	jonas.pay(first)
	happens(t, d, "the payment", func(it happening) bool { return it.Kind == kindPayment })
	jonas.get("/account")
	if second := jonas.hit("/checkout/forever"); second == first {
		t.Error("the paid link was given out again")
	}
}

func TestPartnerTravelsAlong(t *testing.T) {
	d := open(t, false)
	guest := arrive(t, d)
	says(t, guest.get("/ref/robin"), "Robin", `href="/ref/robin/get"`)
	link, _ := d.sandbox.Link(guest.hit("/ref/robin/get"))
	if link.SubscriberID != "" || link.CustomParameters["partner"] != "robin" {
		t.Errorf("the link is for %q with %v", link.SubscriberID, link.CustomParameters)
	}
	if again := guest.hit("/ref/robin/get"); again == link.URL {
		t.Error("two anonymous visitors got one link")
	}
}

func TestScriptGetsJSON(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	p := ada.get("/checkout/plus", "Accept", "application/json")
	var answer struct{ URL, Campaign string }
	if err := json.Unmarshal([]byte(p.body), &answer); err != nil || p.StatusCode != http.StatusOK {
		t.Fatalf("answered %d %s", p.StatusCode, p.body)
	}
	if answer.Campaign != "plus" || !strings.HasPrefix(answer.URL, d.pay+"/pay/") {
		t.Errorf("got %+v", answer)
	}
}
