package auth

import (
	"strconv"
	"strings"
)

// decimal is a number as JSON writes it (RFC 8259 section 6), in the one form that all spellings of
// its value share: its digits without zeros at either end, times ten to the power of exponent. A
// float64 would round what a token says exactly.
type decimal struct {
	digits   string // of zero: none
	exponent int
	negative bool // never of zero
}

// maxExponent bounds exponents, so that sums of them do not overflow.
const maxExponent = 1 << 30

// parseDecimal reads a JSON number. It knows none with an exponent beyond maxExponent.
func parseDecimal(text string) (d decimal, ok bool) {
	mantissa := text
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		mantissa = text[:at]
		if d.exponent, ok = parseExponent(text[at+1:]); !ok {
			return decimal{}, false
		}
	}
	mantissa, d.negative = strings.CutPrefix(mantissa, "-")
	whole, fraction, dotted := strings.Cut(mantissa, ".")
	if !allDigits(whole) || len(whole) > 1 && whole[0] == '0' || dotted && !allDigits(fraction) {
		return decimal{}, false
	}
	d.exponent -= len(fraction)
	d.digits = strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(d.digits, "0")
	d.exponent += len(d.digits) - len(trimmed)
	d.digits = trimmed
	// Zero has one form: without a sign, and whatever exponent was written.
	if d.digits == "" {
		return decimal{}, true
	}
	return d, true
}

// parseExponent reads what follows the e of a number. A sign may stand before the digits.
func parseExponent(text string) (exponent int, ok bool) {
	if !allDigits(strings.TrimLeft(text, "+-")) {
		return 0, false
	}
	exponent, err := strconv.Atoi(text)
	return exponent, err == nil && exponent > -maxExponent && exponent < maxExponent
}

// numeric is the value of a JSON number: an int64 or uint64 if it is whole and one of them holds
// it, else the nearest float64, which may be infinite.
func numeric(text string) any {
	if d, ok := parseDecimal(text); ok && d.exponent >= 0 && len(d.digits)+d.exponent <= 20 {
		digits := d.digits + strings.Repeat("0", d.exponent)
		if d.digits == "" {
			return int64(0)
		}
		if d.negative {
			digits = "-" + digits
		}
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(digits, 10, 64); err == nil {
			return n
		}
	}
	f, _ := strconv.ParseFloat(text, 64)
	return f
}

// allDigits reports whether text is one ASCII digit or more.
func allDigits(text string) bool {
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
	}
	return text != ""
}
