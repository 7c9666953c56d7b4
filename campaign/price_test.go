package campaign

import (
	"math/big"
	"regexp"
	"strings"
	"testing"
)

func TestParseAmount(t *testing.T) {
	for _, test := range []struct {
		in   string
		want cents
	}{
		{"1", 100}, {"19.99", 1999}, {"0.01", 1}, {"0.1", 10}, {"19.9", 1990}, {"999999999.99", 99999999999}, {"007", 700},
	} {
		if got, err := parseAmount(test.in); err != nil || got != test.want {
			t.Errorf("parseAmount(%q) = %d, %v; want %d", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{
		"", "0", "0.00", "-1", "+1", "1e2", "NaN", "Inf", "1,00", "1.000,00", "1.999", "1.", ".5", ".", "1.2.3", " 1", "1 ", "1\n", "0x10", "1_000",
		"０.5", "1٫5", "€5", "5 EUR", "1000000000", strings.Repeat("9", 40), "1.-1", "1.+1", "{x}",
	} {
		if got, err := parseAmount(in); err == nil {
			t.Errorf("parseAmount(%q) = %d, want an error", in, got)
		}
	}
}

func TestCurrencies(t *testing.T) {
	for _, code := range []string{"EUR", "USD", "TRY", "GBP", "JPY", "KWD", "SLE", "VES", "ZWG", "XCG", "MRU", "STN", "XOF"} {
		if !isCurrency(code) {
			t.Errorf("%s is refused", code)
		}
	}
	for _, code := range []string{"", "eur", "Eur", "EU", "EURO", "EUR ", "€", "XXX", "XTS", "XAU", "XDR", "DEM", "HRK", "BGN", "ANG", "SLL", "CHE", "ZZZ"} {
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
	for _, amount := range []string{"", " ", "0.99", "99.01", "1e1", "19,99", "19.999", "-5", "5 EUR", "NaN"} {
		bad := getsBad(t, c, sends("x", amount))
		if bad.Word != "one_time_price" || len(amount) > 1 && strings.Contains(bad.Error(), amount) {
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
	for _, seed := range []string{"19.99", "0.01", "0", "1e2", "-1", "1.999", "999999999.99", "1.", ".5", "０.5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseAmount(s)
		want, ok := new(big.Rat), false
		if plainDecimal.MatchString(s) {
			want, ok = want.SetString(s)
			ok = ok && want.Sign() > 0
		}
		if (err == nil) != ok {
			t.Fatalf("parseAmount(%q) = %d, %v; want usable: %v", s, got, err, ok)
		}
		if ok && want.Cmp(big.NewRat(int64(got), 100)) != 0 {
			t.Fatalf("parseAmount(%q) = %d", s, got)
		}
	})
}
