package auth

import "strings"

// maxPhone is the longest text of a phone number, in bytes: fifteen digits and what stands between.
const maxPhone = 64

// phoneDigits returns the digits of a phone number, country code first, in the forms that providers
// write: E.164 with or without its plus, and with a plus, or 00 in its place, also the blanks,
// brackets, dots and dashes of OpenID Connect Core section 5.1 and RFC 3966 section 5.1.1, with or
// without "tel:".
//
// Without plus or 00 nothing may stand between the digits: a number that somebody has laid out for
// reading at home begins with no country code. Extensions have no place in a subscriber id.
func phoneDigits(text string) (digits string, ok bool) {
	if isPhone(text) {
		return text, true
	}
	if len(text) > maxPhone {
		return "", false
	}
	if len(text) > 4 && strings.EqualFold(text[:4], "tel:") {
		text = text[4:]
	}
	rest, global := strings.CutPrefix(text, "+")
	if !global {
		rest, global = strings.CutPrefix(text, "00")
	}
	if !global {
		return "", false
	}
	digits, ok = withoutSeparators(rest)
	return digits, ok && isPhone(digits)
}

// withoutSeparators takes blanks, dashes, dots and pairs of brackets out of a number. Brackets that
// begin with a zero hold what is not dialled from abroad, as in +44 (0)20: with it the digits would
// be another number, and to leave it out is a guess, so such a number is refused.
func withoutSeparators(text string) (digits string, ok bool) {
	number := make([]byte, 0, maxPhone)
	bracket := false
	for i := range len(text) {
		switch b := text[i]; {
		case isDigit(b):
			number = append(number, b)
		case b == '(' && !bracket:
			bracket = i+1 < len(text) && isDigit(text[i+1]) && text[i+1] != '0'
			if !bracket {
				return "", false
			}
		case b == ')' && bracket && isDigit(text[i-1]):
			bracket = false
		case b == ' ', b == '-', b == '.':
			if i == len(text)-1 {
				return "", false
			}
		default:
			return "", false
		}
	}
	return string(number), !bracket
}

// isPhone takes the digits of an E.164 number: no trunk zero, 7 to 15 of them.
func isPhone(digits string) bool {
	if len(digits) < 7 || len(digits) > 15 || digits[0] == '0' {
		return false
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return false
		}
	}
	return true
}

// isDigit takes ASCII digits alone: other scripts have digits of their own, which Zotlo does not
// read.
func isDigit(b byte) bool { return b >= '0' && b <= '9' }
