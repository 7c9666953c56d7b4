package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
)

// Source is one place in a request that may hold a token.
type Source struct {
	// In is "cookie" or "header".
	In string `json:"in"`
	// Name is the cookie's name, which is case-sensitive, or the header's, which is not. From the
	// Authorization header the Bearer scheme is taken; any other header holds the bare token.
	Name string `json:"name"`
}

// maxCookies is how many cookies net/http reads; of more it reads none.
const maxCookies = 3000

func (s Source) check() error {
	switch {
	case s.In != "cookie" && s.In != "header":
		return fmt.Errorf("from %q: write `from cookie <name>` or `from header <name>`", s.In)
	case s.Name == "" || strings.ContainsFunc(s.Name, func(r rune) bool { return !tokenChar(r) }):
		return fmt.Errorf(
			"from %s %q: that is no %s name; write `from cookie session`, for example",
			s.In,
			s.Name,
			s.In,
		)
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
		return cookie(h["Cookie"], s.Name)
	}
	var found string
	for _, value := range h[s.Name] {
		if s.Name == "Authorization" {
			value = bearer(value)
		}
		value = textproto.TrimString(value)
		if value == "" || value == found {
			continue
		}
		if found != "" {
			return "", refused(ruleAmbiguous)
		}
		found = value
	}
	return found, nil
}

// bearer returns the token of an Authorization value of the Bearer scheme, whose name may be
// written in any case (RFC 9110 section 11.1), or "". Whatever follows the scheme is the token:
// "Bearer a, Bearer b" is one bad token.
func bearer(value string) string {
	scheme, token, _ := strings.Cut(textproto.TrimString(value), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// cookie finds the value of the cookie called name just as net/http does, but without allocating
// for the others.
func cookie(lines []string, name string) (found string, err error) {
	count := 0
	for _, line := range lines {
		for more := true; more; count++ {
			var pair string
			pair, line, more = strings.Cut(line, ";")
			key, value, _ := strings.Cut(textproto.TrimString(pair), "=")
			if textproto.TrimString(key) != name {
				continue
			}
			value, ok := cookieValue(value)
			switch {
			case !ok, value == "", value == found:
			case found == "":
				found = value
			default:
				err = refused(ruleAmbiguous)
			}
		}
	}
	switch {
	case count > maxCookies:
		return "", nil
	case err != nil:
		return "", err
	}
	return found, nil
}

// cookieValue strips one pair of quotes and checks the bytes, as net/http does with a request's
// cookies. Past the size of the longest token it stops looking: such a value will be refused
// whatever it holds.
func cookieValue(value string) (string, bool) {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	for i := range min(len(value), maxToken) {
		if b := value[i]; b < ' ' || b >= 0x7f || b == '"' || b == '\\' {
			return "", false
		}
	}
	return value, true
}
