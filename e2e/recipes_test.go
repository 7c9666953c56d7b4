package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// recipe is a Caddyfile of the documentation, and what visitors get from it.
type recipe struct {
	heading  string   // above it; a second Caddyfile under one heading is "<heading> 2"
	change   []string // old and new texts, where the answer depends on the day
	requests []request
}

// request is what a visitor asks for.
type request struct {
	who  who
	asks string // a path of the shop, or a host with a path
	gets string // as surroundings.describe says it
	how  []with
}

// who is what a visitor's token says of them, beside their e-mail. A nil one has no token.
type who map[string]any

const winBack = "link 110, ann@example.com, en, Welcome back. Your projects are where you left them."

const toLogin = "303 to /login?next=%2Fupgrade"

var (
	anonymous who
	user      = who{}
	other     = who{"sub": "4741"} // whom the experiments put elsewhere

	inSale   = []string{"from 2026", "from 2020", "until 2026", "until 2096"}
	saleOver = []string{"from 2026", "from 2020", "until 2026", "until 2020"}
	forged   = []with{header("X-Offer-Price", "0.01")}
	// subscribedForged is a visitor who says that they have subscribed.
	subscribedForged = []with{header("X-Offer-Subscribed", "yes")}
	// oldSignIn is the cookie of a sign-in that another one replaces.
	oldSignIn = []with{func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "old_session", Value: tokenOf(claims(ann, user))})
	}}
	asApp = []with{method(http.MethodPost), header("Accept", "application/json")}
)

var (
	// promised is an offer for Ann and one payment, cheap one below what the campaign allows.
	promised = offerOf(who{
		"campaign": "support", "values": who{"price": "4.90"}, "sub": "ann@example.com", "jti": "a",
	})
	cheap = offerOf(who{"campaign": "support", "values": who{"price": "0.01"}})
	// mailed is an offer of thirty days, tooLate one that has expired.
	mailed = offerOf(who{
		"campaign": "winback", "values": who{"name": "Ann"},
		"exp": time.Now().Add(30 * 24 * time.Hour).Unix(),
	})
	tooLate = offerOf(who{
		"campaign": "winback", "values": who{"name": "Ann"}, "exp": time.Now().Add(-time.Hour).Unix(),
	})
	billed = offerOf(who{
		"campaign": "bill", "values": who{"amount": "120.50", "number": "4711"}, "jti": "invoice-4711",
	})
)

// onAPhone is the browser of a phone whose maker ends like a bot, in an app that is no bot's.
const onAPhone = "Mozilla/5.0 (Linux; Android 9; CUBOT P30) Chrome/142.0 Mobile [FBAN/FB4A]"

// by is a request of another program than a browser of the usual kind.
func by(userAgent string) []with { return []with{header("User-Agent", userAgent)} }

var recipes = []recipe{
	{"The smallest site", nil, []request{
		{user, "/upgrade", "link 123, ann@example.com, en", nil},
		{anonymous, "/upgrade", toLogin, nil},
		{user, "/", "the site", nil},
	}},
	{"Try it without Zotlo", nil, []request{
		{user, "localhost/upgrade", "link 123, ann@example.com, en", nil},
		{user, "localhost/", "the shop", nil},
	}},
	{"Caddyfile.example", saleOver, []request{
		{
			who{"given_name": "Ann", "locale": "de-AT"},
			"/upgrade",
			"link 123, ann@example.com, de, Welcome back, Ann", nil,
		},
	}},
	{"Caddyfile.example", inSale, []request{
		{user, "/upgrade", "link 124, ann@example.com, en, 19.99 EUR", nil},
	}},
	{"Different offers per plan", nil, []request{
		{
			who{"plan": "free"},
			"/upgrade",
			"link 101, ann@example.com, en, Your projects stay where they are.", nil,
		},
		{who{"plan": "pro"}, "/upgrade", "link 102, ann@example.com, en", nil},
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{anonymous, "/upgrade", toLogin, nil},
	}},
	{"A price test", nil, []request{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{user, "/pricing", "the site, X-Offer-Currency EUR, X-Offer-Price 9.99", forged},
		{other, "/upgrade", "link 110, ann@example.com, en", nil},
		{other, "/pricing", "the site, X-Offer-Currency EUR, X-Offer-Price 7.99", nil},
		{user, "/", "the site", forged},
	}},
	{"A test of the call to action", nil, []request{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{other, "/upgrade", "link 100, ann@example.com, en, Pay for ten months, use twelve.", nil},
	}},
	{"Influencer links", nil, []request{
		{anonymous, "/ref/mira", "link 100, en, With greetings from Mira", nil},
		{user, "/ref/juno", "link 100, ann@example.com, en, With greetings from Juno", nil},
		{user, "/ref/nobody", "the site", nil},
		{anonymous, "/ref/mira", "the site", by("facebookexternalhit/1.1")},
		{anonymous, "/ref/mira", "the site", by("WhatsApp/2.23")},
		{anonymous, "/ref/mira", "the site", by("Slackbot-LinkExpanding 1.0")},
		{anonymous, "/ref/juno", "the site", by("Mozilla/5.0 (compatible; Googlebot/2.1)")},
		{anonymous, "/ref/juno", "the site", by("GPTBot/1.2")},
		{anonymous, "/ref/juno", "the site", by("Applebot")},
		{anonymous, "/ref/juno", "the site", by("Reader 1 (+https://reader.example/about)")},
		{anonymous, "/ref/mira", "link 100, en, With greetings from Mira", by(onAPhone)},
		{anonymous, "/robots.txt", "User-agent: *\nDisallow: /ref/", by("Googlebot/2.1")},
	}},
	{"From the table to the monthly payout", nil, fromTableToPayout},
	{"An invoice that the backend prices", nil, []request{
		{user, "/invoices/4711/pay", "link 300, ann@example.com, en, 120.50 EUR", nil},
		{user, "/invoices/4711/pay", "link 300, ann@example.com, en, 120.50 EUR", asApp[:1]},
		{user, "/invoices/huge/pay", "303 to /invoices?later=1", nil},
		{user, "/invoices/paid/pay", "the site", nil},
		{anonymous, "/invoices/4711/pay", "303 to /login?next=/invoices", nil},
	}},
	{"A price from support", nil, []request{
		{user, "pay /go", "paid link 110, ann@example.com, en, 4.90 EUR, As promised by our support.", offering(promised)},
		{user, "/go", "303 to /pricing", offering(promised)},
		{who{"email": ben}, "/go", "303 to /pricing", offering(promised)},
		{anonymous, "/go", "303 to /login?next=" + url.QueryEscape("/go?offer="+promised), offering(promised)},
		{user, "/go", "the site", nil},
		{user, "/go", "303 to /pricing", offering(cheap)},
	}},
	{"A mailing with a link that lives a month", nil, []request{
		{anonymous, "/go", "link 111, en, 29.00 EUR, Nice to see you again, Ann.", offering(mailed)},
		{anonymous, "/go", "link 111, en, 29.00 EUR, Nice to see you again, Ann.", offering(mailed)},
		{user, "/go", "link 111, ann@example.com, en, 29.00 EUR, Nice to see you again, Ann.", offering(mailed)},
		{user, "/go", "303 to /pricing", offering(tooLate)},
		{anonymous, "/go", "the site", nil},
	}},
	{"An invoice", nil, []request{
		{anonymous, "/pay", "link 112, en, 120.50 EUR", offering(billed)},
		{anonymous, "/pay", "link 112, en, 120.50 EUR", offering(billed)},
		{anonymous, "pay /pay", "paid link 112, en, 120.50 EUR", offering(billed)},
		{anonymous, "/pay", "303 to /paid?invoice=4711", offering(billed)},
		{anonymous, "/pay", "the site", nil},
	}},
	{"Black Friday", inSale, []request{
		{user, "/upgrade", "link 124, ann@example.com, en, 49.00 EUR", nil},
	}},
	{"Black Friday", saleOver, []request{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
	}},
	{"Localized offers", nil, []request{
		{
			who{"country": "TR", "given_name": "Ann"},
			"/upgrade",
			"link 190, ann@example.com, tr, Hoş geldin, Ann", nil,
		},
		{who{"country": "AT", "locale": "de-AT"}, "/upgrade", "link 100, ann@example.com, de", nil},
	}},
	{"Skip the registration step", nil, []request{
		{
			who{"account": who{"email": ben, "email_verified": true}},
			"/upgrade",
			"link 100, ben@example.com, en", nil,
		},
		{
			who{"msisdn": "+4930901820", "msisdn_verified": true},
			"/upgrade",
			"link 100, 4930901820, en", nil,
		},
		{who{"account": who{"email": ben}}, "/upgrade", "303 to /account/add-email", nil},
	}},
	{"Two Zotlo projects on one server", nil, []request{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{user, "partners.example.com/upgrade", "link 100, ann@example.com, en", nil},
	}},
	{"A single-page app that fetches JSON", nil, []request{
		{user, "/api/checkout", "link 100, ann@example.com, en, as JSON", asApp},
		{anonymous, "/api/checkout", "401 with login http://shop.example.com/login", asApp},
		{user, "/api/orders", "the site", nil},
		{anonymous, "/orders/4711", "the app", nil},
	}},
	{"Sell a subscription once", nil, []request{
		{user, "/pricing", "the site, X-Offer-Subscribed false", subscribedForged},
		{user, "pay /upgrade", "paid link 100, ann@example.com, en", nil},
		{user, "/upgrade", "303 to /account", nil},
		{user, "/upgrade", "200 with http://shop.example.com/account", asApp[1:]},
		{user, "/pricing", "the site, X-Offer-Subscribed true", nil},
		{user, "/", "the site", subscribedForged},
		{who{"email": ben}, "/upgrade", "link 100, ben@example.com, en", nil},
		{anonymous, "/pricing", "the site, X-Offer-Subscribed false", nil},
		{user, "end /upgrade", "ended", nil},
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{user, "/pricing", "the site, X-Offer-Subscribed false", nil},
	}},
	{"Win back who cancelled", nil, []request{
		{user, "pay /upgrade", "paid link 100, ann@example.com, en", nil},
		{user, "/upgrade", "303 to /account", nil},
		{user, "cancel /upgrade", "cancelled", nil},
		{user, "/upgrade", "303 to /account", nil},
		{user, "/pricing", "the site, X-Offer-Price 6.99", forged},
		{user, "end /upgrade", "ended", nil},
		{user, "/upgrade", winBack, nil},
		{anonymous, "/upgrade", toLogin, nil},
		{anonymous, "/pricing", "the site, X-Offer-Price 9.99", nil},
		{who{"email": ben}, "/upgrade", "link 100, ben@example.com, en", nil},
		{user, "pay /upgrade", "paid " + winBack, nil},
		{user, "/upgrade", "303 to /account", nil},
	}},
	{"The abandoned cart", nil, []request{
		{user, "/resume", "link 100, ann@example.com, en", nil},
		{user, "tell cart_left 0 49.90", "204", nil},
		{user, "/resume", "link 100, ann@example.com, en", nil},
		{user, "take cart_left", "204", nil},
		{user, "/resume", "link 100, ann@example.com, en", nil},
		{who{"email": ben}, "tell cart_left 2 49.90", "204", nil},
		{who{"email": ben}, "/resume", "link 300, ben@example.com, en, 49.90 EUR", nil},
		{anonymous, "/resume", "303 to /login?next=%2Fresume", nil},
		{who{"email": ben}, "tell cart_left 1 900.00", "204", nil},
		{who{"email": ben}, "/resume", "303 to /cart", nil},
		{who{"email": ben}, "take cart_left", "204", nil},
		{who{"email": ben}, "/resume", "link 100, ben@example.com, en", nil},
		{who{"email": "cleo@example.com"}, "tell cart_left 80 49.90", "204", nil},
		{who{"email": "cleo@example.com"}, "/resume", "link 100, cleo@example.com, en", nil},
	}},
	{"The page that quotes the same offer", nil, []request{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{
			user, "/pricing", "the site, X-Offer-Currency EUR, X-Offer-Price 9.99, X-Offer-Variant",
			forged,
		},
		{user, "/", "the site", forged},
	}},
	{"The page that quotes the same offer 2", nil, []request{
		{user, "/pricing", "the site, X-Offer-Currency EUR, X-Offer-Price 9.99", forged},
	}},
	{"The page that quotes the same offer 3", nil, []request{
		{user, "/pricing.html", "the app quotes 9.99 EUR", nil},
	}},
	{"The page that quotes the same offer 4", nil, []request{
		{user, "/pricing", "the site, X-Offer-Pro 9.99, X-Offer-Sale 49.00", nil},
	}},
	{"The page that quotes the same offer 5", nil, []request{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{anonymous, "/upgrade", "link 100, ann@example.com, en", oldSignIn},
		{anonymous, "/upgrade", toLogin, nil},
		{anonymous, "/pricing", "the site, X-Offer-Price 9.99", append(oldSignIn, forged...)},
	}},
	{"The page that quotes the same offer 6", nil, []request{
		{user, "/pricing", "the site", nil},
	}},
}

// TestRecipes tries every Caddyfile of the cookbook, of the README and Caddyfile.example: each must
// do what its page says.
func TestRecipes(t *testing.T) {
	here, shown := openSurroundings(t), allRecipes(t)
	for i, p := range recipes {
		text, found := shown[p.heading]
		if !found {
			t.Errorf("there is no Caddyfile under %q", p.heading)
		}
		t.Run(fmt.Sprint(i, " ", p.heading), func(t *testing.T) {
			t.Parallel()
			s := shoptest.Open(t, here.move(strings.NewReplacer(p.change...).Replace(text)),
				here.env()...)
			hear(t, s)
			for _, r := range p.requests {
				if got := here.plays(t, s, r); got != r.gets {
					t.Errorf("%v asks for %s and gets %q, want %q", r.who, r.asks, got, r.gets)
				}
			}
		})
	}
	for name := range shown {
		if !slices.ContainsFunc(recipes, func(p recipe) bool { return p.heading == name }) {
			t.Errorf("the Caddyfile under %q is not tried", name)
		}
	}
}
