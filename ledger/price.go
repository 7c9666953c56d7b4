package ledger

import "strings"

// SamePrice reports whether two decimal texts are the same amount: "9.9", "9.90" and "09.900" are. Text that is not
// digits with at most one decimal point is the same as nothing, not even as itself.
func SamePrice(a, b string) bool {
	x, ok := canonicalPrice(a)
	if !ok {
		return false
	}
	y, ok := canonicalPrice(b)
	return ok && x == y
}

// canonicalPrice writes equal amounts alike, without arithmetic, so that nothing is rounded: no leading zeros, no
// trailing ones behind the point. Refunds may be negative.
func canonicalPrice(text string) (string, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if !isDigits(whole) || point && !isDigits(fraction) {
		return "", false
	}
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	canonical := whole + "." + fraction
	if negative && canonical != "." {
		canonical = "-" + canonical
	}
	return canonical, true
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
