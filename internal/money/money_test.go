package money

import (
	"math/big"
	"regexp"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Amount{
		"1": 10_000, "19.99": 199_900, "0.0001": 1, "0": 0, "-0.00": 0, "007": 70_000,
		"-5.5": -55_000,
		"9.9":  99_000, "9.90": 99_000, "09.900": 99_000, "9.90000000000000000": 99_000,
		"4.950": 49_500, "999999999999.9999": 9_999_999_999_999_999,
	} {
		if got, ok := Parse(text); !ok || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "-", ".", "1.", ".5", "-.5", "+1", "--1", "1e2", "NaN", "Inf", "1,00", "1.000,00",
		"1.2.3", " 1", "1 ", "1\n", "1_000",
		"0x10", "０.5", "1٫5", "€5", "1.00001", "1.0000x", "1.-1", "1000000000000",
		strings.Repeat("9", 40),
	} {
		if got, ok := Parse(text); ok {
			t.Errorf("Parse(%q) = %d, want none", text, got)
		}
	}
}

func TestDecimals(t *testing.T) {
	for want, currencies := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
		3: "BHD IQD JOD KWD LYD OMR TND",
		// Those below have fewer in CLDR, or had.
		2: "EUR USD TRY GBP RSD IDR ALL AFN IRR KPW LAK LBP MGA MMK MRU PKR SOS SYP TZS UZS YER HUF TWD CRC NOK SEK XCG ZWG",
	} {
		for currency := range strings.FieldsSeq(currencies) {
			if got := Decimals(currency); got != want {
				t.Errorf("%s has %d decimals, want %d", currency, got, want)
			}
		}
	}
}

var exact = regexp.MustCompile(`^-?[0-9]{1,12}(\.[0-9]{1,4}0*)?$`)

// FuzzParse holds Parse against exact fractions.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"19.99", "-0.01", "0", "1e2", "1.00001", "9.90000", "999999999999.9999", "1.", ".5", "０.5",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := Parse(text)
		if ok != exact.MatchString(text) {
			t.Fatalf("Parse(%q) = %d, %v", text, got, ok)
		}
		if !ok {
			return
		}
		want, _ := new(big.Rat).SetString(text)
		if want.Cmp(big.NewRat(int64(got), 10_000)) != 0 {
			t.Fatalf("Parse(%q) = %d", text, got)
		}
	})
}
