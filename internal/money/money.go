// Package money reads amounts of money exactly. Prices come as decimal text, from a configuration,
// a backend or Zotlo, and are compared and summed as integers: a float would round what somebody
// paid.
package money

import (
	"fmt"
	"strings"
)

// Amount is an amount of money in ten-thousandths of its currency's major unit. No currency of ISO
// 4217 has more than four decimals.
type Amount int64

const (
	places    = 4  // decimals of an Amount
	maxDigits = 12 // before the point; leaves room for the sum of 900 of the largest
)

// Parse reads decimal text such as 19.99: 1 to 12 digits, which may follow a minus (a refund), and
// may be followed by a point and at least one more. Equal amounts are equal, however they are
// written: 9.9, 9.90 and 09.900. Not ok is what is no such text, and what an Amount cannot hold
// exactly.
func Parse(text string) (a Amount, ok bool) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || len(whole) > maxDigits || point && fraction == "" {
		return 0, false
	}
	if len(fraction) > places {
		if strings.Trim(fraction[places:], "0") != "" {
			return 0, false
		}
		fraction = fraction[:places]
	}
	for _, part := range [...]string{whole, fraction, "0000"[len(fraction):]} {
		for _, d := range []byte(part) {
			if d < '0' || d > '9' {
				return 0, false
			}
			a = a*10 + Amount(d-'0')
		}
	}
	if negative {
		a = -a
	}
	return a, true
}

// Float is the amount in the currency's major unit, for metrics. It is not exact.
func (a Amount) Float() float64 { return float64(a) / 1e4 }

// String is the amount as decimal text, with as many decimals as it needs and two at least.
func (a Amount) String() string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	text := fmt.Sprintf("%s%d.%04d", sign, a/1e4, a%1e4)
	return strings.TrimSuffix(strings.TrimSuffix(text, "0"), "0")
}

// Decimals is how many decimals a currency has by ISO 4217: that of nearly all is 2, also for codes
// that are no currency.
//
// The source is the standard's list one, column "minor unit", as its maintenance agency publishes
// it
// (https://www.six-group.com/dam/download/financial-information/data-center/iso-currrency/lists/list-one.xml).
// golang.org/x/text/currency has the decimals of CLDR, which are those that are still customary,
// such as none for the Serbian dinar: a price may have more.
func Decimals(currency string) int {
	if n, ok := decimals[currency]; ok {
		return n
	}
	return 2
}

// decimals are the currencies whose minor unit is not a hundredth.
var decimals = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
	"RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}
