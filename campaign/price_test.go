package campaign

import (
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/money"
)

func TestParseAmount(t *testing.T) {
	for _, test := range []struct {
		in   string
		want money.Amount
	}{
		{"1", 10_000},
		{"19.99", 199_900},
		{"0.01", 100},
		{"0.1", 1000},
		{"19.9", 199_000},
		{"999999999.99", 9_999_999_999_900},
		{"007", 70_000},
	} {
		if got, err := parseAmount(test.in, "EUR"); err != nil || got != test.want {
			t.Errorf("parseAmount(%q) = %d, %v; want %d", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{
		"", "0", "0.00", "-1", "+1", "1e2", "NaN", "Inf", "1,00", "1.000,00", "1.999", "1.", ".5",
		".", "1.2.3", " 1", "1 ", "1\n", "0x10", "1_000",
		"０.5", "1٫5", "€5", "5 EUR", "1000000000", strings.Repeat("9", 40), "1.-1", "1.+1", "{x}",
	} {
		if got, err := parseAmount(in, "EUR"); err == nil {
			t.Errorf("parseAmount(%q) = %d, want an error", in, got)
		}
	}
}

func TestCurrencies(t *testing.T) {
	for _, code := range []string{
		"EUR", "USD", "TRY", "GBP", "JPY", "KWD", "SLE", "VES", "ZWG", "XCG", "MRU", "STN", "XOF",
	} {
		if !isCurrency(code) {
			t.Errorf("%s is refused", code)
		}
	}
	for _, code := range []string{
		"", "eur", "Eur", "EU", "EURO", "EUR ", "€", "XXX", "XTS", "XAU", "XDR", "DEM", "HRK",
		"BGN", "ANG", "SLL", "CHE", "ZZZ",
	} {
		if isCurrency(code) {
			t.Errorf("%s is taken", code)
		}
	}
}

func TestPriceFromAPlaceholder(t *testing.T) {
	c := sells(t, Overrides{OneTimePrice: &Price{Amount: "{x}", Currency: "EUR", Min: "1.00", Max: "99"}})
	for _, amount := range []string{"1", "1.00", "19.9", "99.00", "99"} {
		if o := gets(t, c, sends("x", amount)); o.Price != (Price{Amount: amount, Currency: "EUR"}) {
			t.Errorf("price %s became %+v", amount, o.Price)
		}
	}
	for _, amount := range []string{
		"", " ", "0.99", "99.01", "1e1", "19,99", "19.999", "-5", "5 EUR", "NaN",
	} {
		bad := getsBad(t, c, sends("x", amount))
		if bad.Override != "one_time_price" || len(amount) > 1 && strings.Contains(bad.Error(), amount) {
			t.Errorf("price %q: %v", amount, bad)
		}
	}
	if bad := getsBad(t, c, shopper{}); bad.Why != "placeholder {x} has no usable value" {
		t.Errorf("no price: %v", bad)
	}
	if bad := getsBad(t, c, shopper{values: map[string]string{"x": "5"}, distrust: "x"}); bad.Why != "placeholder {x} is not trusted here" {
		t.Errorf("a price that a visitor may have written: %v", bad)
	}
}

func TestQuoteNeedsNoBounds(t *testing.T) {
	c := sells(t, Overrides{Quote: &Price{Amount: "{x}", Currency: "EUR"}})
	if o := gets(t, c, sends("x", "123456789.99")); o.Quote != (Price{Amount: "123456789.99", Currency: "EUR"}) {
		t.Errorf("quote %+v", o.Quote)
	}
	if o := gets(t, c, sends("x", "0")); o.Quote != (Price{}) || len(o.Dropped) != 1 {
		t.Errorf("a quote of nothing: %+v", o)
	}
}

func TestBadPriceOfAVariantIsNotReplaced(t *testing.T) {
	c := load(t, Config{
		Overrides:  Overrides{OneTimePrice: &Price{Amount: "19.99", Currency: "EUR"}},
		Experiment: fifty(Overrides{}, Overrides{OneTimePrice: &Price{Amount: "{x}", Currency: "EUR", Min: "1", Max: "9"}}),
	})
	d, err := explain([]*Campaign{c}, shopper{}, "other")
	const want = "campaign pro: one_time_price: placeholder {x} has no usable value"
	if d.Offer != nil || err == nil || err.Error() != want {
		t.Errorf("got %+v, %v", d.Offer, err)
	}
}

// TestDecimalsOfTheCurrency: no amount has more decimals than its currency has by ISO 4217,
// wherever it comes from.
func TestDecimalsOfTheCurrency(t *testing.T) {
	const whole = " must be a whole number: by ISO 4217 "
	bounded := func(currency, low, high string) *Price {
		return &Price{Amount: "{x}", Currency: currency, Min: low, Max: high}
	}
	for _, test := range []struct {
		name string
		o    Overrides
		want string // of the error; empty: none
	}{
		{
			"yen with cents",
			Overrides{OneTimePrice: &Price{Amount: "1999.50", Currency: "JPY"}},
			`one_time_price: "1999.50"` + whole + `JPY has no decimals`,
		},
		{
			"yen with cents of nothing",
			Overrides{OneTimePrice: &Price{Amount: "1999.00", Currency: "JPY"}},
			`one_time_price: "1999.00"` + whole + `JPY has no decimals`,
		},
		{
			"won with one decimal",
			Overrides{OneTimePrice: &Price{Amount: "9900.5", Currency: "KRW"}},
			`one_time_price: "9900.5"` + whole + `KRW has no decimals`,
		},
		{
			"a quote in pesos",
			Overrides{Quote: &Price{Amount: "4990.90", Currency: "CLP"}},
			`quote: "4990.90"` + whole + `CLP has no decimals`,
		},
		{
			"a MIN in yen",
			Overrides{OneTimePrice: bounded("JPY", "0.50", "9900")},
			`one_time_price: MIN "0.50"` + whole + `JPY has no decimals`,
		},
		{
			"a MAX in yen",
			Overrides{OneTimePrice: bounded("JPY", "500", "9900.00")},
			`one_time_price: MAX "9900.00"` + whole + `JPY has no decimals`,
		},
		{
			"no bounds in yen",
			Overrides{OneTimePrice: bounded("JPY", "", "")},
			`one_time_price: amount {x} is a placeholder and needs MIN and MAX: write` +
				` "one_time_price {x} JPY 100 9900"`,
		},
		{"yen", Overrides{OneTimePrice: &Price{Amount: "1999", Currency: "JPY"}}, ""},
		{"bounds in yen", Overrides{OneTimePrice: bounded("JPY", "500", "9900")}, ""},
		{"dinars of Serbia have paras", Overrides{OneTimePrice: &Price{Amount: "49.50", Currency: "RSD"}}, ""},
		{"rupiahs have sen", Overrides{Quote: &Price{Amount: "49.50", Currency: "IDR"}}, ""},
		{"dinars of Kuwait have three decimals, and two are sent", Overrides{OneTimePrice: &Price{Amount: "4.95", Currency: "KWD"}}, ""},
		{
			"never three",
			Overrides{OneTimePrice: &Price{Amount: "4.950", Currency: "KWD"}},
			`one_time_price: "4.950" ` + errAmount.Error(),
		},
	} {
		_, err := New(complete(Config{Overrides: test.o}), options(t))
		if want := "campaign pro: " + test.want; test.want == "" && err != nil || test.want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s:\ngot  %v\nwant %s", test.name, err, want)
		}
	}
}

func TestDecimalsOfAPlaceholdersAmount(t *testing.T) {
	yen := sells(t, Overrides{OneTimePrice: &Price{Amount: "{x}", Currency: "JPY", Min: "500", Max: "9900"}})
	if o := gets(t, yen, sends("x", "1999")); o.Price != (Price{Amount: "1999", Currency: "JPY"}) {
		t.Errorf("1999 yen became %+v", o.Price)
	}
	for _, amount := range []string{"1999.50", "1999.5", "1999.00"} {
		bad := getsBad(t, yen, sends("x", amount))
		if bad.Override != "one_time_price" || bad.Why != "must be a whole number: by ISO 4217 JPY has no decimals" {
			t.Errorf("%s yen: %v", amount, bad)
		}
	}
	quoted := sells(t, Overrides{Quote: &Price{Amount: "{x}", Currency: "ISK"}})
	if o := gets(t, quoted, sends("x", "1999.50")); o.Quote != (Price{}) || len(o.Dropped) != 1 {
		t.Errorf("krónur with aurar: %+v", o)
	}
}

func TestPriceString(t *testing.T) {
	for want, p := range map[string]Price{
		"":             {},
		"19.90 EUR":    {Amount: "19.90", Currency: "EUR"},
		"{x} EUR 1 99": {Amount: "{x}", Currency: "EUR", Min: "1", Max: "99"},
	} {
		if got := p.String(); got != want {
			t.Errorf("%#v = %q, want %q", p, got, want)
		}
	}
}

var plainDecimal = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,2})?$`)

func FuzzAmount(f *testing.F) {
	for _, seed := range []string{
		"19.99", "0.01", "0", "1e2", "-1", "1.999", "999999999.99", "1.", ".5", "０.5",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseAmount(s, "EUR")
		want, ok := new(big.Rat), false
		if plainDecimal.MatchString(s) {
			want, ok = want.SetString(s)
			ok = ok && want.Sign() > 0
		}
		if (err == nil) != ok {
			t.Fatalf("parseAmount(%q) = %d, %v; want usable: %v", s, got, err, ok)
		}
		if ok && want.Cmp(big.NewRat(int64(got), 10_000)) != 0 {
			t.Fatalf("parseAmount(%q) = %d", s, got)
		}
	})
}
