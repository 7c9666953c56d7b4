package campaign

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean removes from a placeholder's value what could carry markup into Zotlo's page, which inserts
// texts without escaping them, and what could change how the text around it is read: control
// characters, line and paragraph separators, the byte order mark, and the Unicode bidi controls.
// Bytes that are not UTF-8 go too. Apostrophes stay: people are called O'Brien.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	var out strings.Builder
	out.Grow(len(s))
	for i, r := range s {
		if !harmful(r) && !brokenAt(s, i, r) {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// isClean reports whether clean would change nothing. Most values are clean, and cost no copy.
func isClean(s string) bool {
	for i, r := range s {
		if harmful(r) || brokenAt(s, i, r) {
			return false
		}
	}
	return true
}

// harmful reports whether a character could carry markup, or change how the text around it is read.
// ASCII is decided first, without the tables of Unicode.
func harmful(r rune) bool {
	switch r {
	case '<', '>', '"', '&', '\\', '`', '\u2028', '\u2029', '\ufeff':
		return true
	}
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// brokenAt reports whether r, found at s[i], stands for bytes that are not UTF-8, rather than for a
// U+FFFD that somebody wrote.
func brokenAt(s string, i int, r rune) bool {
	if r != utf8.RuneError {
		return false
	}
	_, size := utf8.DecodeRuneInString(s[i:])
	return size == 1
}

// cut returns the first n characters of s.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
