package campaign

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of values, in characters (runes) unless they say bytes.
const (
	maxPackageName    = 100
	maxAdditionalText = 250
	maxText           = 250  // texts for which Zotlo publishes no field
	maxValue          = 2048 // trusted values without a limit of their own, and image URLs

	maxParameters     = 32
	maxParameterValue = 256
	maxParameterBytes = 2048 // keys and values together
)

// clean removes from a placeholder's value what could carry markup into Zotlo's page, which inserts texts without
// escaping them, and what could change how the text around it is read: control characters, line and paragraph
// separators, the byte order mark, and the Unicode bidi controls. Bytes that are not UTF-8 go too.
// Apostrophes stay: people are called O'Brien.
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

func isClean(s string) bool {
	for i, r := range s {
		if harmful(r) || brokenAt(s, i, r) {
			return false
		}
	}
	return true
}

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

// brokenAt reports whether r, found at s[i], stands for bytes that are not UTF-8, rather than for a U+FFFD that somebody wrote.
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

// checkText cuts a text at the limit of its word.
func checkText(s *slot, v string) (string, error) {
	if !utf8.ValidString(v) {
		return "", errNotUTF8
	}
	return cut(v, s.word.limit), nil
}

// checkPlain refuses a value that is too long or is not plain text. Cutting it would give another meaning to what is an
// identifier, not a text.
func checkPlain(s *slot, v string) (string, error) {
	switch {
	case !utf8.ValidString(v):
		return "", errNotUTF8
	case strings.ContainsFunc(v, unicode.IsControl):
		return "", errors.New("must hold no control characters")
	case len(v) > s.word.limit && utf8.RuneCountInString(v) > s.word.limit:
		return "", errTooLong(s.word.limit)
	}
	return v, nil
}
