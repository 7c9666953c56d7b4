package checkout_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/testneed"
)

// play is a Caddyfile of the documentation, and what visitors get from it.
type play struct {
	recipe string   // its heading; a second Caddyfile under one heading is "<heading> 2"
	change []string // old and new texts, where the answer depends on the day
	visits []visit
}

type visit struct {
	who  who
	asks string // a path of the shop, or a host with a path
	gets string // in the words of town.tell
	how  []with
}

// who is what a visitor's token says of him, beside his e-mail. A nil one has no token.
type who map[string]any

const toLogin = "303 to /login?next=%2Fupgrade"

var (
	stranger who
	user     = who{}
	other    = who{"sub": "4741"} // whom the experiments put elsewhere

	inSale   = []string{"from 2026", "from 2020", "until 2026", "until 2096"}
	saleOver = []string{"from 2026", "from 2020", "until 2026", "until 2020"}
	forged   = []with{header("X-Offer-Price", "0.01")}
	asApp    = []with{method(http.MethodPost), header("Accept", "application/json")}
)

var plays = []play{
	{"The smallest site", nil, []visit{
		{user, "/upgrade", "link 123, ann@example.com, en", nil},
		{stranger, "/upgrade", toLogin, nil},
		{user, "/", "the site", nil},
	}},
	{"Try it without Zotlo", nil, []visit{
		{user, "localhost/upgrade", "link 123, ann@example.com, en", nil},
		{user, "localhost/", "the shop", nil},
	}},
	{"Caddyfile.example", saleOver, []visit{
		{who{"given_name": "Ann", "locale": "de-AT"}, "/upgrade", "link 123, ann@example.com, de, Welcome back, Ann", nil},
	}},
	{"Caddyfile.example", inSale, []visit{
		{user, "/upgrade", "link 124, ann@example.com, en, 19.99 EUR", nil},
	}},
	{"Different offers per plan", nil, []visit{
		{who{"plan": "free"}, "/upgrade", "link 101, ann@example.com, en, Your projects stay where they are.", nil},
		{who{"plan": "pro"}, "/upgrade", "link 102, ann@example.com, en", nil},
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{stranger, "/upgrade", toLogin, nil},
	}},
	{"A price test", nil, []visit{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{user, "/pricing", "the site, X-Offer-Currency EUR, X-Offer-Price 9.99", forged},
		{other, "/upgrade", "link 110, ann@example.com, en", nil},
		{other, "/pricing", "the site, X-Offer-Currency EUR, X-Offer-Price 7.99", nil},
		{user, "/", "the site", forged},
	}},
	{"A test of the call to action", nil, []visit{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{other, "/upgrade", "link 100, ann@example.com, en, Pay for ten months, use twelve.", nil},
	}},
	{"Influencer links", nil, []visit{
		{stranger, "/ref/mira", "link 100, en, With greetings from Mira", nil},
		{user, "/ref/juno", "link 100, ann@example.com, en, With greetings from Juno", nil},
		{user, "/ref/nobody", "the site", nil},
	}},
	{"An invoice that the backend prices", nil, []visit{
		{user, "/invoices/4711/pay", "link 300, ann@example.com, en, 120.50 EUR", nil},
		{user, "/invoices/4711/pay", "link 300, ann@example.com, en, 120.50 EUR", asApp[:1]},
		{user, "/invoices/huge/pay", "303 to /invoices?later=1", nil},
		{user, "/invoices/paid/pay", "the site", nil},
		{stranger, "/invoices/4711/pay", "303 to /login?next=/invoices", nil},
	}},
	{"Black Friday", inSale, []visit{
		{user, "/upgrade", "link 124, ann@example.com, en, 49.00 EUR", nil},
	}},
	{"Black Friday", saleOver, []visit{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
	}},
	{"Localized offers", nil, []visit{
		{who{"country": "TR", "given_name": "Ann"}, "/upgrade", "link 190, ann@example.com, tr, Hoş geldin, Ann", nil},
		{who{"country": "AT", "locale": "de-AT"}, "/upgrade", "link 100, ann@example.com, de", nil},
	}},
	{"Skip the registration step", nil, []visit{
		{who{"account": who{"email": ben, "email_verified": true}}, "/upgrade", "link 100, ben@example.com, en", nil},
		{who{"msisdn": "+4930901820", "msisdn_verified": true}, "/upgrade", "link 100, 4930901820, en", nil},
		{who{"account": who{"email": ben}}, "/upgrade", "303 to /account/add-email", nil},
	}},
	{"Two Zotlo projects on one server", nil, []visit{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{user, "partners.example.com/upgrade", "link 100, ann@example.com, en", nil},
	}},
	{"A single-page app that fetches JSON", nil, []visit{
		{user, "/api/checkout", "link 100, ann@example.com, en, as JSON", asApp},
		{stranger, "/api/checkout", "401 with login /login", asApp},
		{user, "/api/orders", "the site", nil},
		{stranger, "/orders/4711", "the app", nil},
	}},
	{"The page that quotes the same offer", nil, []visit{
		{user, "/upgrade", "link 100, ann@example.com, en", nil},
		{user, "/pricing", "the site, X-Offer-Currency EUR, X-Offer-Price 9.99, X-Offer-Variant", forged},
		{user, "/", "the site", forged},
	}},
	{"The page that quotes the same offer 2", nil, []visit{
		{user, "/pricing", "the site, X-Offer-Currency EUR, X-Offer-Price 9.99", forged},
	}},
	{"The page that quotes the same offer 3", nil, []visit{
		{user, "/pricing.html", "the app quotes 9.99 EUR", nil},
	}},
	{"The page that quotes the same offer 4", nil, []visit{
		{user, "/pricing", "the site, X-Offer-Pro 9.99, X-Offer-Sale 49.00", nil},
	}},
}

// TestRecipes plays every Caddyfile of the cookbook, of the README and Caddyfile.example: each must do what its page says.
func TestRecipes(t *testing.T) {
	there, recipes := openTown(t), allRecipes(t)
	for i, p := range plays {
		text, found := recipes[p.recipe]
		if !found {
			t.Errorf("there is no Caddyfile under %q", p.recipe)
		}
		t.Run(fmt.Sprint(i, " ", p.recipe), func(t *testing.T) {
			t.Parallel()
			s := openShop(t, there.move(strings.NewReplacer(p.change...).Replace(text)), there.env()...)
			for _, v := range p.visits {
				if got := there.tell(t, s, there.visit(t, s, v)); got != v.gets {
					t.Errorf("%v asks for %s and gets %q, want %q", v.who, v.asks, got, v.gets)
				}
			}
		})
	}
	for name := range recipes {
		if !slices.ContainsFunc(plays, func(p play) bool { return p.recipe == name }) {
			t.Errorf("the Caddyfile under %q is not played", name)
		}
	}
}

// TestTokenFromTheShell makes a token as the README says, and clicks with it.
func TestTokenFromTheShell(t *testing.T) {
	t.Parallel()
	testneed.OpenSSL(t)
	for _, b := range codeBlocks(t, "README.md", "sh") {
		script, curl, found := strings.Cut(b.text, "curl ")
		if !found {
			continue
		}
		cmd := exec.Command("sh", "-euc", script+`printf %s "$token"`)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "JWT_SECRET=" + jwtSecret}
		token, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if want := `--cookie "session=$token"`; !strings.Contains(curl, want) {
			t.Errorf("the request %q does not say %s", curl, want)
		}
		s := openShop(t, smallest)
		s.wantLinkOf(t, ann, s.visit(t, "/upgrade", bearing(string(token))))
		return
	}
	t.Error("README.md shows no request")
}
