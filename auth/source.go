package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
)

// Source is one place in a request that may hold a token. There is none for the query: addresses
// are logged, shared and sent on in Referer.
type Source struct {
	// In is "cookie" or "header".
	In string `json:"in"`
	// Name is the cookie's name, which is case-sensitive, or the header's, which is not. A cookie
	// that is absent may stand there in pieces: name.0, name.1 and so on, up to 8 KiB together.
	// The token may follow the Bearer scheme; in the Authorization header it must.
	Name string `json:"name"`
}

// check says what is wrong with a source, and how to write it. The error quotes the option as it is
// written in a Caddyfile.
func (s Source) check() error {
	switch {
	case s.In != "cookie" && s.In != "header":
		return fmt.Errorf("from %q: write `from cookie <name>` or `from header <name>`", s.In)
	case s.Name == "" || strings.ContainsFunc(s.Name, func(r rune) bool { return !tokenChar(r) }):
		return fmt.Errorf("from %s %q: that is no %s name; "+
			"write `from cookie session`, for example", s.In, s.Name, s.In)
	case s.In == "header" && textproto.CanonicalMIMEHeaderKey(s.Name) == "Cookie":
		return errors.New("from header Cookie: write `from cookie <name>`")
	}
	return nil
}

// tokenChar reports whether r may stand in the name of a header or cookie (RFC 9110 section 5.6.2).
func tokenChar(r rune) bool {
	return r > ' ' && r < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// token returns what this place holds, or "". Two different values are refused rather than tried in
// turn: a neighbouring host can set a cookie of the same name, and nobody could say which one was
// meant.
func (s Source) token(h http.Header) (string, error) {
	if s.In == "cookie" {
		whole, err := wholeCookie(h["Cookie"], s.Name)
		if whole != "" || err != nil {
			return whole, err
		}
		joined, err := joinedPieces(h["Cookie"], s.Name)
		return bare(joined), err
	}
	var found string
	for _, value := range h[s.Name] {
		token, ok := bearer(value)
		if !ok && s.Name != "Authorization" {
			token = textproto.TrimString(value)
		}
		if token == "" || token == found {
			continue
		}
		if found != "" {
			return "", refused(ruleAmbiguous)
		}
		found = token
	}
	return found, nil
}
