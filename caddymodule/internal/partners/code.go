package partners

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// This file has what a code is, and when two texts are one code.

const (
	// maxRunes is how many characters a code may have.
	maxRunes = 64
	// maxEscaped is how long a code may be in the query form of an attribution. All of that text is
	// bounded, and what a customer pays for must not get lost because a code has many emoji.
	maxEscaped = 64
)

var (
	errEmptyCode = errors.New("code: it is empty: write one, or remove the row")
	errLongCode  = fmt.Errorf("code: it has more than %d characters", maxRunes)
	errUnprinted = errors.New("code: it holds a character that cannot be printed, such as a control " +
		"character or the joiner inside some emoji: retype it")
)

// CheckCode reports why a text cannot be a code. White space around it does not count.
func CheckCode(code string) error {
	code = strings.TrimSpace(code)
	switch {
	case code == "":
		return errEmptyCode
	case utf8.RuneCountInString(code) > maxRunes:
		return errLongCode
	case !utf8.ValidString(code), strings.ContainsFunc(code, isUnprinted):
		return errUnprinted
	}
	return nil
}

func isUnprinted(r rune) bool { return !unicode.IsPrint(r) }

// Key is a code as codes are compared: in lower case (Unicode's full case folding) and composed
// (NFC). It is empty for what can be no code.
func Key(code string) string {
	code = strings.TrimSpace(code)
	folded, ascii := foldASCII(code, nil)
	if !ascii {
		return foldUnicode(code)
	}
	return string(folded)
}

// foldASCII writes Key of a text of ASCII into room. It is nothing for what can be no code.
func foldASCII(code string, room []byte) (folded []byte, ascii bool) {
	for i := range min(len(code), maxRunes+1) {
		c := code[i]
		switch {
		case c >= utf8.RuneSelf:
			return nil, false
		case c < ' ' || c == 0x7f || i == maxRunes:
			return nil, true
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		room = append(room, c)
	}
	return room, true
}

// foldUnicode composes before and after: folding may take a composed character apart.
func foldUnicode(code string) string {
	if len(code) > maxRunes*utf8.UTFMax || CheckCode(code) != nil {
		return ""
	}
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(code)))
}

// attribution is how a link names a code. A code is no secret, so its hash needs no key.
func attribution(code string) string {
	if len(code) <= maxEscaped/3 || len(url.QueryEscape(code)) <= maxEscaped {
		return code
	}
	sum := sha256.Sum256([]byte(Key(code)))
	return "#" + base64.RawURLEncoding.EncodeToString(sum[:16])
}
