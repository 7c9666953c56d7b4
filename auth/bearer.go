package auth

import (
	"net/textproto"
	"strings"
)

// bare takes the scheme off a value that begins with it. A cookie or a header of the site's own may
// hold the token either way. Any other value is returned as it is.
func bare(value string) string {
	if token, ok := bearer(value); ok {
		return token
	}
	return value
}

// bearer returns what follows the Bearer scheme, whose name may be written in any case (RFC 9110
// section 11.1). Between them stands a blank, which a cookie may hold in an escaped form. Whatever
// follows is the token: "Bearer a, Bearer b" is one bad token, and "Bearer" alone is an empty one.
func bearer(value string) (token string, ok bool) {
	const scheme = "Bearer"
	value = textproto.TrimString(value)
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	token = value[len(scheme):]
	// An empty token is one that is not there, so the next place is asked.
	if token == "" {
		return "", true
	}
	token, ok = cutBlank(token)
	// RFC 6750 section 2.1 wants one blank or more.
	for more := ok; more; {
		token, more = cutBlank(token)
	}
	if !ok {
		return "", false
	}
	return textproto.TrimString(token), true
}

// cutBlank takes one blank off the beginning: as it is, in a URL's escape, or in a form's.
func cutBlank(text string) (after string, found bool) {
	for _, blank := range [...]string{" ", "%20", "+"} {
		if after, found = strings.CutPrefix(text, blank); found {
			return after, true
		}
	}
	return text, false
}
