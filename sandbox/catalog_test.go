package sandbox_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// shelf is one catalog in every way in which it can be written.
var shelf = map[string]string{
	"csv": "link_id,package,package_name,price,currency,period,one_time\n" +
		"monthly,pro-monthly,Pro,9.90,EUR,1 month,\n" +
		"yearly,pro-yearly,\"Pro, yearly\",99,EUR,year,false\n" +
		"7,lifetime,,199.00,EUR,,true\n",
	"csv with semicolons and a BOM": "\ufeff" +
		"link_id;package;package_name;price;currency;period;one_time\r\n" +
		"monthly;pro-monthly;Pro;9.90;EUR;1 month;\r\n" +
		"yearly;pro-yearly;Pro, yearly;99;EUR;year;false\r\n" +
		"7;lifetime;;199.00;EUR;;true\r\n",
	"json": `[
		{"link_id": "monthly", "package": "pro-monthly", "package_name": "Pro", "price": "9.90",
			"currency": "EUR", "period": "1 month"},
		{"link_id": "yearly", "package": "pro-yearly", "package_name": "Pro, yearly", "price": 99,
			"currency": "EUR", "period": "year", "one_time": false},
		{"link_id": 7, "package": "lifetime", "price": "199.00", "currency": "EUR",
			"period": null, "one_time": true}
	]`,
}

func TestReadCatalog(t *testing.T) {
	want := sandbox.Catalog{
		"monthly": {
			PackageID: "pro-monthly", PackageName: "Pro", Price: "9.90", Currency: "EUR",
			PaymentType: sandbox.Subscription, Period: "1 month",
		},
		"yearly": {
			PackageID: "pro-yearly", PackageName: "Pro, yearly", Price: "99", Currency: "EUR",
			PaymentType: sandbox.Subscription, Period: "year",
		},
		"7": {
			PackageID: "lifetime", Price: "199.00", Currency: "EUR",
			PaymentType: sandbox.Consumable,
		},
	}
	for name, text := range shelf {
		got, err := sandbox.ReadCatalog(strings.NewReader(text), "shop")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestCatalogsThatAreRefused(t *testing.T) {
	const header = "link_id,package,price,currency,period,one_time,trial_price\n"
	product := func(members string) string {
		return "[\n{\"link_id\": \"1\", \"package\": \"pro\",\n" + members + "}\n]"
	}
	for text, want := range map[string]string{
		"":                               "line 1: no header",
		"\n":                             "line 1: no header",
		"link_id,price,colour\n":         "line 1: colour: is no column of a catalog",
		"link_id,link_id\n":              "line 1: link_id: stands twice",
		header:                           "holds no link",
		header + "1,pro,9.99,EUR\n":      "line 2: wrong number of fields",
		header + "1,\"pro,9.99,EUR,,,\n": "line 2: extraneous or missing \" in quoted-field",
		header + "1,pro,9.99,EUR,,,\n\n1,pro,9.99,EUR,,,\n": "line 4: link_id: stands twice",
		header + ",pro,9.99,EUR,,,\n":                       "line 2: link_id: is missing",
		header + "1 2,pro,9.99,EUR,,,\n":                    "line 2: link_id: must be 1 to 64",
		header + "1,,9.99,EUR,,,\n":                         "line 2: package: is missing",
		header + "1,p\x00o,9.99,EUR,,,\n":                   "line 2: package: must be at most 200",
		header + "1,p\xffo,9.99,EUR,,,\n":                   "line 2: package: must be at most 200",
		header + "1,pro,0.00,EUR,,,\n":                      "line 2: price: must be an amount",
		header + "1,pro,\"9,99\",EUR,,,\n":                  "line 2: price: must be an amount",
		header + "1,pro,9.999,EUR,,,\n":                     "line 2: price: must be an amount",
		header + "1,pro,9.99,eur,,,\n":                      "line 2: currency: must be three",
		header + "1,pro,9.99,EUR,monthly,,\n":               "line 2: period: must be a number of",
		header + "1,pro,9.99,EUR,0 days,,\n":                "line 2: period: must be a number of",
		header + "1,pro,9.99,EUR,,yes,\n":                   "line 2: one_time: must be true or",
		header + "1,pro,9.99,EUR,1 year,true,\n":            "line 2: period: a one-time product",
		header + "1,pro,9.99,EUR,,true,1.00\n":              "line 2: trial_price: a one-time",
		header + "1,pro,9.99,EUR,,,free\n":                  "line 2: trial_price: must be an",

		"[]":    "holds no link",
		"{}":    "line 1: a catalog is an array of objects",
		"[\n1]": "line 2: a catalog is an array of objects",
		"[\n{":  "line 2: the file ends too early",
		"[{},]": "line 1: invalid character",
		product(`"price": 9.99, "currency": "EUR"`) + "\n[]":    "line 5: something follows",
		product(`"price": "9.99"`):                              "line 2: currency: is missing",
		product(`"price": "9.99",` + "\n" + `"currency": 9`):    "line 4: currency: must be a text",
		product(`"price": ["9.99"]`):                            "line 3: price: must be a text",
		product(`"price": 1e1, "currency": "EUR"`):              "line 3: price: must be an amount",
		product("\n" + `"link_id": "2"`):                        "link_id: stands twice",
		product(`"price": 1, "currency": "EUR", "onetime": ""`): "line 3: onetime: is no member",
	} {
		_, err := sandbox.ReadCatalog(strings.NewReader(text), "shop.csv")
		if err == nil || !strings.HasPrefix(err.Error(), "catalog shop.csv") ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	huge := strings.Repeat("x", 8<<20+1)
	if _, err := sandbox.ReadCatalog(strings.NewReader(huge), "shop"); err == nil ||
		err.Error() != "catalog shop: larger than 8 MiB" {
		t.Errorf("a huge file: %v", err)
	}
	broken := errors.New("the disk is gone")
	if _, err := sandbox.ReadCatalog(brokenFile{broken}, "shop"); !errors.Is(err, broken) {
		t.Errorf("a broken file: %v", err)
	}
}

type brokenFile struct{ err error }

func (f brokenFile) Read([]byte) (int, error) { return 0, f.err }

// A link sells what its row says.
func TestLinkSellsItsRow(t *testing.T) {
	catalog, err := sandbox.ReadCatalog(strings.NewReader(shelf["csv"]), "shop")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, sandbox.Config{BaseLinks: catalog})
	for id, want := range map[string]string{
		"monthly": "pro-monthly: start_paid 9.90 EUR",
		"yearly":  "pro-yearly: start_paid 99.00 EUR",
		"7":       "lifetime: consumable 199.00 EUR",
	} {
		p := mustPay(t, s, s.link(t, fields{"checkoutLinkId": id, "subscriberId": "a@example.com"}))
		got := p.PackageID + ": " + p.Status + " " + p.Price + " " + p.Currency
		if got != want {
			t.Errorf("%s sold %s, want %s", id, got, want)
		}
	}
	custom := mustPay(t, s, s.link(t, fields{
		"checkoutLinkId": "monthly", "subscriberId": "a@example.com",
		"customPrice": "5.00", "customCurrency": "USD",
	}))
	if custom.PaymentType != sandbox.Consumable || custom.Price != "5.00" ||
		custom.Currency != "USD" || custom.PackageID != "pro-monthly" {
		t.Errorf("a price of its own sold %+v", custom)
	}
	if out := s.call(t, ask(fields{"checkoutLinkId": "weekly"})); out.status != 400 ||
		out.Meta.ErrorCode != sandbox.CodeInventedLink {
		t.Errorf("a link that is in no row: %d %s", out.status, out.raw)
	}
}

// What is read can be sold, and errors say where.
func FuzzReadCatalog(f *testing.F) {
	for _, text := range shelf {
		f.Add(text)
	}
	f.Add("[{\"link_id\":1,\"link_id\":2}]")
	f.Add("link_id,package,price,currency\n\"\"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		catalog, err := sandbox.ReadCatalog(strings.NewReader(text), "shop")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "catalog shop") {
				t.Errorf("%v", err)
			}
			return
		}
		for id, base := range catalog {
			if id == "" || base.PackageID == "" || len(base.Currency) != 3 ||
				strings.Trim(base.Price, "0.") == "" {
				t.Errorf("%q sells %+v", id, base)
			}
		}
	})
}
