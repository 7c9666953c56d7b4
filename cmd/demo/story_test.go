package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
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

func TestStrangerSignsInAndComesBack(t *testing.T) {
	d := open(t, false)
	somebody := arrive(t, d)
	p := somebody.get("/checkout/plus")
	sentTo(t, p, "/sign-in?next=%2Fcheckout%2Fplus")
	says(t, somebody.get(p.to()), "Who are you today?", `name="next" value="/checkout/plus"`)
	sentTo(t, somebody.send("/sign-in", url.Values{
		"person": {"deniz"},
		"next":   {"/checkout/plus"},
	}), "/checkout/plus")
	says(t, somebody.get(somebody.hit("/checkout/plus")), "deniz@kingfisher.example", "129.00 TRY",
		"Hoş geldin, Deniz")
}

func TestSignInLeadsToNoOtherSite(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	for _, next := range []string{
		"https://example.org", "//example.org", `/\example.org`, "", "/\t/example.org",
	} {
		sentTo(t, ada.send("/sign-in", url.Values{"person": {"ada"}, "next": {next}}), "/")
	}
}

func TestExpiredSessionSignsInAgain(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	sentTo(t, ada.send("/sign-in", url.Values{
		"person": {"ada"}, "expired": {"yes"}, "next": {"/"},
	}), "/")
	p := ada.get("/checkout/plus")
	sentTo(t, p, "/sign-in?next=%2Fcheckout%2Fplus")
	says(t, ada.get(p.to()), "Your session has ended")
	outcome(t, d, "bad_token")
	apiCalls(t, d, 0)
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
	says(t, p, "Your account has no e-mail address or phone number for a checkout", "Kingfisher")
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

func TestPaymentComesBackAndNobodyPaysTwice(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	link := ada.hit("/checkout/plus")
	ada.pay(link)
	happens(t, d, "the payment", func(it happening) bool {
		return it.Kind == kindPayment && it.Price == "4.99 EUR"
	})
	sentTo(t, ada.get("/checkout/plus"), d.place.shop+"/account")
	sentTo(t, ada.get("/account"), "/account") // a new session, since the plan has changed
	says(t, ada.get("/account"), "Your plan: <strong>Plus</strong>", "4.99 EUR")
	says(t, ada.get("/"), "Your plan", "49.00 <span>EUR") // the price for members
	outcome(t, d, "after_payment")
	apiCalls(t, d, 1)
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

func TestBackendPricesAnInvoice(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	p := ada.send("/invoices/2026-021/pay", nil)
	link, ok := d.sandbox.Link(p.to())
	if !ok {
		t.Fatalf("answered %d to %q", p.StatusCode, p.to())
	}
	if link.CustomPrice != "124.00" || link.PackageName != "Invoice 2026-021" {
		t.Errorf("the link asks %s for %q", link.CustomPrice, link.PackageName)
	}
	if p.Header.Get("X-Checkout-Price") != "" {
		t.Error("the backend's header reached the browser")
	}
	ada.pay(link.URL)
	happens(t, d, "the payment", func(it happening) bool {
		return it.Kind == kindPayment && it.Package == packageInvoice
	})
	says(t, ada.get("/invoices"), `<p class="have">Paid</p>`)
	sentTo(t, ada.send("/invoices/2026-021/pay", nil), "/invoices")
}

func TestVisitorsCannotWriteTheBackendsHeaders(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	home := ada.get("/", "X-Offer-Plus-Price", "0.01", "X-Offer-Forever-Price", "0.01",
		"X-Error-Message", "forged")
	saysNot(t, home, "0.01", "forged")
	saysNot(t, ada.get("/invoices", "X-Offer-Plus-Price", "0.01"), "0.01")
	saysNot(t, ada.get("/error", "X-Error-Status", "500", "X-Error-Message", "forged"), "forged")
	p := ada.do(http.MethodPost, "/invoices/2026-021/pay", "", "X-Checkout-Price", "0.01")
	if link, _ := d.sandbox.Link(p.to()); link.CustomPrice != "124.00" {
		t.Errorf("the link asks %q", link.CustomPrice)
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

func TestWebhookNeedsItsToken(t *testing.T) {
	d := open(t, false)
	forged := `{"queue":{"type":"TransactionInsert"},"parameters":{"transaction_id":"1",
		"package_id":"forever","subscriber_id":"ada@kingfisher.example"}}`
	s := arrive(t, d)
	p := s.do(http.MethodPost, "/hooks/zotlo?token=guess", forged,
		"Content-Type", "application/json")
	if p.StatusCode != http.StatusUnauthorized {
		t.Errorf("answered %d, want 401", p.StatusCode)
	}
	if plan := d.shop.members.plan("ada"); plan != planFree {
		t.Errorf("a forged webhook gave Ada the plan %q", plan)
	}
}

func TestTroubleLeavesTheShopperInGoodHands(t *testing.T) {
	for _, tc := range []struct{ trouble, outcome string }{
		{"down", "unavailable"},
		{"limited", "throttled"},
		{"lying", "untrusted_link"},
		{"broken", "unavailable"},
	} {
		t.Run(tc.trouble, func(t *testing.T) {
			d := open(t, false)
			ada := arrive(t, d)
			ada.signIn("ada")
			ada.trouble(tc.trouble)
			p := ada.get("/checkout/plus")
			sentTo(t, p, "/later?next=%2Fcheckout%2Fplus")
			says(t, ada.get(p.to()), "The checkout is taking a rest", "Nothing was charged")
			it := outcome(t, d, tc.outcome)
			if it.Answer != "fallback" || it.Campaign != "plus" || len(it.Calls) == 0 {
				t.Errorf("the panel has %+v", it)
			}
		})
	}
}

func TestSlowIsSlowOnce(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	ada.trouble("slow")
	ada.hit("/checkout/plus")
	if it := outcome(t, d, "link"); it.Source != "api" || it.Took < 2*time.Second {
		t.Errorf("the panel has %+v", it)
	}
	ada.hit("/checkout/plus")
	happens(t, d, "the cached link", func(it happening) bool { return it.Source == "cache" })
	apiCalls(t, d, 1)
}

func TestPanelNamesTheLinesAndHoldsNothingPersonal(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	link := ada.hit("/checkout/plus")
	ada.pay(link)
	outcome(t, d, "link")
	panel := ada.get("/happened")
	says(t, panel, "A personal link, fresh from Zotlo",
		"checkout_link /checkout/plus plus-tr plus {", "campaign plus {", "1 (200)")
	saysNot(t, panel, "ada@kingfisher.example", link[strings.LastIndex(link, "/"):], "JWT")
	for name, secret := range d.secrets {
		for _, address := range []string{"/", "/happened", "/caddyfile", "/account"} {
			if strings.Contains(ada.get(address).body, secret) {
				t.Errorf("%s shows %s", address, name)
			}
		}
	}
}

func TestLocalhostLeadsToTheShop(t *testing.T) {
	d := open(t, false)
	p := arrive(t, d).get(d.pay + "/")
	if p.to() != d.place.shop {
		t.Errorf("answered %d to %q", p.StatusCode, p.to())
	}
}

func TestEveryPageAnswers(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	for range 2 { // anonymous, and signed in
		for _, address := range shopPages {
			p := ada.get(address)
			if p.StatusCode != http.StatusOK {
				t.Errorf("%s is answered %d", address, p.StatusCode)
			}
			says(t, p, "</html>", "What just happened")
		}
		ada.signIn("ada")
	}
	says(t, ada.get("/ref/%C3%BCmit"), "Ümit hears it too")
	p := ada.get("/nowhere")
	if p.StatusCode != http.StatusNotFound {
		t.Errorf("/nowhere is answered %d", p.StatusCode)
	}
	says(t, p, "Not found")
}

// shopPages are the pages that the shop can show to anybody.
var shopPages = []string{
	"/", "/sign-in", "/account", "/ref/mira", "/invoices",
	"/later?next=/checkout/plus", "/trouble", "/not-a-click", "/caddyfile",
}

func TestSignedOutIsAnonymousAgain(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	ada.hit("/checkout/plus")
	sentTo(t, ada.send("/sign-out", url.Values{"x": {"1"}}), "/")
	sentTo(t, ada.get("/checkout/plus"), "/sign-in?next=%2Fcheckout%2Fplus")
}

func TestModuleSaysWhy(t *testing.T) {
	d := open(t, false)
	jonas := arrive(t, d)
	jonas.signIn("jonas")
	jonas.hit("/checkout/forever")
	it := outcome(t, d, "link")
	why := jonas.get(fmt.Sprintf("/why/%d", it.ID))
	says(t, why, "forever-thanks", "chosen", "jonas@kingfisher.example", "49.00", "(hidden)")
	guest := arrive(t, d).get(fmt.Sprintf("/why/%d", it.ID))
	says(t, guest, "an anonymous visitor", "refuses")
	saysNot(t, guest, "jonas@kingfisher.example")
	apiCalls(t, d, 1)
	if p := jonas.get("/why/9999"); p.StatusCode != http.StatusNotFound {
		t.Errorf("answered %d, want 404", p.StatusCode)
	}
}

func TestErrorWithoutWordsStillHasAPage(t *testing.T) {
	d := open(t, false)
	r := httptest.NewRequest(http.MethodGet, "/error", nil)
	r.Header.Set("X-Error-Status", "503")
	w := httptest.NewRecorder()
	d.shop.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable ||
		!strings.Contains(w.Body.String(), "Service Unavailable") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}
