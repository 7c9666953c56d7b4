package zotlo

import (
	"strconv"
	"strings"
)

// price returns the first of the named members that is a decimal number, as it was written.
func (o looseObject) price(names ...string) string {
	for _, name := range names {
		if text := o.text(name); isDecimal(text) {
			return text
		}
	}
	return ""
}

// maxCount is the largest number of things that one payment is believed to buy. The bound keeps a
// forged webhook from making sums overflow.
const maxCount = 1_000_000

// count returns a whole number above 0, and 1 for what is none. PHP writes a decimal column as 2.00.
func (o looseObject) count(name string) int {
	whole, fraction, _ := strings.Cut(o.text(name), ".")
	n, err := strconv.Atoi(whole)
	if err != nil || n < 1 || n > maxCount || strings.Trim(fraction, "0") != "" {
		return 1
	}
	return n
}

// isDecimal reports whether text is digits, perhaps with a minus before them and a fraction behind.
func isDecimal(text string) bool {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return isDigits(whole) && (!point || isDigits(fraction))
}

// isDigits reports whether text is one ASCII digit or more.
func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// isMoney reports whether a decimal text is another number than 0.
func isMoney(text string) bool { return strings.Trim(text, "-0.") != "" }
