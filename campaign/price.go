package campaign

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"golang.org/x/text/currency"

	"github.com/caddy-checkout/checkout/internal/money"
)

// Price is an amount in major units with a decimal point, and its ISO 4217 currency.
//
// An amount is 1 to 9 digits and, after a decimal point, 1 or 2 more; it is above zero, and has no
// more decimals than ISO 4217 gives its currency (1999 JPY, never 1999.50 JPY). It is sent as it
// was written: 19.90 stays 19.90.
type Price struct {
	// Amount is a decimal number such as 19.99, or holds a placeholder.
	Amount string `json:"amount"`
	// Currency is a current ISO 4217 code in upper case. It is never a placeholder.
	Currency string `json:"currency"`
	// Min and Max bound an amount that is a placeholder, inclusive. For a price that is charged
	// they are required then; for a literal amount they are refused.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
}

// String is the price as the configuration writes it: 19.99 EUR.
func (p Price) String() string {
	if p == (Price{}) {
		return ""
	}
	s := p.Amount + " " + p.Currency
	if p.Min != "" || p.Max != "" {
		s += " " + p.Min + " " + p.Max
	}
	return s
}

// errAmount does not quote the amount: it may have come from a placeholder.
var errAmount = errors.New("must be a decimal number above zero" +
	" with at most 9 digits before and 2 after the point, such as 19.99")

// Limits of an amount by Zotlo's reference, in digits.
const (
	maxWhole    = 9 // before the point
	maxDecimals = 2 // after it, also in currencies that have three
)

// parseAmount reads an amount of a currency. Signs, exponents, blanks, thousands separators and
// digits of other scripts are refused, and decimals that the currency does not have.
func parseAmount(text, currency string) (money.Amount, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	// The limits on digits are Zotlo's; money alone would read longer amounts.
	n, ok := money.Parse(text)
	if !ok || n <= 0 || len(whole) > maxWhole || len(fraction) > maxDecimals {
		return 0, errAmount
	}
	if len(fraction) > money.Decimals(currency) {
		return 0, fmt.Errorf("must be a whole number: by ISO 4217 %s has no decimals", currency)
	}
	return n, nil
}

// check reports the first mistake of a configured price, its literal amount aside, and returns the
// bounds of one that is a placeholder (dynamic). A price that is charged must have bounds then; one
// that is only shown may.
func (p *Price) check(name string, charged, dynamic bool) (low, high money.Amount, err error) {
	if err := p.checkCurrency(name, charged && dynamic); err != nil {
		return 0, 0, err
	}
	bounded := p.Min != "" || p.Max != ""
	switch {
	case dynamic && (charged || bounded) && (p.Min == "" || p.Max == ""):
		return 0, 0, fmt.Errorf("amount %s is a placeholder and needs MIN and MAX:"+
			" write \"%s %s %s%s\"",
			p.Amount, name, p.Amount, p.Currency, exampleBounds(p.Currency))
	case !dynamic && bounded:
		return 0, 0, fmt.Errorf("MIN and MAX are for an amount that is a placeholder:"+
			" write \"%s %s %s\"", name, p.Amount, p.Currency)
	case !bounded:
		return 0, 0, nil
	}
	if low, err = parseAmount(p.Min, p.Currency); err != nil {
		return 0, 0, fmt.Errorf("MIN %q %w", p.Min, err)
	}
	if high, err = parseAmount(p.Max, p.Currency); err != nil {
		return 0, 0, fmt.Errorf("MAX %q %w", p.Max, err)
	}
	if low > high {
		return 0, 0, fmt.Errorf("MIN %s is above MAX %s: write the smaller one first", p.Min, p.Max)
	}
	return low, high, nil
}

// checkCurrency reports what is wrong with the currency. Its examples have bounds where the price
// needs some.
func (p *Price) checkCurrency(name string, needsBounds bool) error {
	example := func(amount, currency string) string {
		text := name + " " + amount + " " + currency
		if needsBounds {
			text += exampleBounds(currency)
		}
		return text
	}
	switch {
	case p.Amount == "":
		return fmt.Errorf("amount missing: write %q", name+" 19.99 EUR")
	case p.Currency == "":
		return fmt.Errorf("currency missing: write \"%s\"", example(p.Amount, "EUR"))
	case strings.Contains(p.Currency, "{"):
		return fmt.Errorf("currency %s is a placeholder: write the code itself, as in \"%s\"",
			p.Currency, example(p.Amount, "EUR"))
	case isCurrency(p.Amount) && !isCurrency(p.Currency):
		return fmt.Errorf("the amount comes first: write \"%s\"", example(p.Currency, p.Amount))
	case !isCurrency(p.Currency):
		return fmt.Errorf("currency %q is no current ISO 4217 code:"+
			" write three upper-case letters, as in \"%s\"",
			p.Currency, example(p.Amount, "EUR"))
	}
	return nil
}

// exampleBounds are a MIN and a MAX that the currency can have.
func exampleBounds(currency string) string {
	if money.Decimals(currency) == 0 {
		return " 100 9900"
	}
	return " 1.00 99.00"
}

// checkAmount is the check of a price's amount. It returns the amount as it was written.
func checkAmount(s *slot, v string) (string, error) {
	n, err := parseAmount(v, s.currency)
	switch {
	case err != nil:
		return "", err
	case s.high > 0 && (n < s.low || n > s.high):
		return "", fmt.Errorf("is not between %s", s.bounds)
	}
	return v, nil
}

// price is an amount of the slot's currency.
func (s *slot) price(amount string) Price { return Price{Amount: amount, Currency: s.currency} }

// currencySince corrects golang.org/x/text/currency, whose data is of 2017, by ISO 4217's later
// amendments: true for codes that came, false for those that went.
var currencySince = map[string]bool{
	"MRU": true, "MRO": false, // Mauritania, 2018
	"VES": true, "VED": true, "VEF": false, // Venezuela, 2018 and 2021
	"CUC": false,              // Cuba, 2021
	"SLE": true, "SLL": false, // Sierra Leone, 2022 and 2024
	"HRK": false,              // Croatia, euro since 2023
	"ZWG": true,               // Zimbabwe, 2024
	"XCG": true, "ANG": false, // Curaçao and Sint Maarten, 2025
	"BGN": false, // Bulgaria, euro since 2026
}

// currencies is the set of codes that are legal tender somewhere. Metals, funds and test codes
// (XAU, CHE, XTS, XXX) are not.
var currencies = sync.OnceValue(func() map[string]bool {
	set := make(map[string]bool, 160)
	for it := currency.Query(); it.Next(); {
		set[it.Unit().String()] = true
	}
	maps.Copy(set, currencySince)
	return set
})

// isCurrency reports whether code is a current ISO 4217 code, in upper case.
func isCurrency(code string) bool { return currencies()[code] }
