package campaign

import (
	"errors"
	"fmt"
	"net/url"
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

// What is wrong with a value. The texts end a sentence that begins with the option and the value,
// and none of them quotes the value: they are the same for one that a placeholder brought in.
var (
	errNotUTF8 = errors.New("must be valid UTF-8")
	errLinkID  = errors.New("must be 1 to 64 of A-Z a-z 0-9 _ -")
	errImage   = errors.New("must be an absolute https URL of printable ASCII," +
		" percent-encoded and without user info, such as https://shop.example.com/pro.png")
)

// errTooLong is the error of a value that must not be cut.
func errTooLong(limit int) error { return fmt.Errorf("must be at most %d characters", limit) }

// checkLinkID wants the id of a base link in the form that the Zotlo Dashboard shows. Anything else
// would be a call that Zotlo can only refuse.
func checkLinkID(_ *slot, v string) (string, error) {
	if !isName(v, "_-") {
		return "", errLinkID
	}
	return v, nil
}

// checkImage wants a URL that can stand between double quotes in Zotlo's page. The page escapes
// nothing, so a quote in it would end the attribute. Hosts beyond ASCII must be written in
// Punycode.
func checkImage(s *slot, v string) (string, error) {
	if len(v) > s.override.limit {
		return "", errTooLong(s.override.limit)
	}
	invalid := func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"'<>\\^`{|}", r)
	}
	if strings.ContainsFunc(v, invalid) {
		return "", errImage
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return "", errImage
	}
	return v, nil
}

// isName reports whether s is 1 to maxName ASCII letters, digits and others.
func isName(s, others string) bool {
	invalid := func(r rune) bool {
		letter := r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	}
	return len(s) >= 1 && len(s) <= maxName && !strings.ContainsFunc(s, invalid)
}

// checkText cuts a text at its limit. Harmful characters were removed before.
func checkText(s *slot, v string) (string, error) { return cut(v, s.override.limit), nil }

// checkPlain refuses a value that is too long or is not plain text. Cutting it would give another
// meaning to what is an identifier, not a text.
func checkPlain(s *slot, v string) (string, error) {
	switch {
	case !utf8.ValidString(v):
		return "", errNotUTF8
	case strings.ContainsFunc(v, unicode.IsControl):
		return "", errors.New("must hold no control characters")
	case len(v) > s.override.limit && utf8.RuneCountInString(v) > s.override.limit:
		return "", errTooLong(s.override.limit)
	}
	return v, nil
}
