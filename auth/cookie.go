package auth

import (
	"iter"
	"net/textproto"
	"strconv"
	"strings"
)

// The bounds of what is read. A browser sends some fifty cookies to one host, of 4 KiB each.
const (
	// maxCookies is how many cookies net/http reads; of more it reads none.
	maxCookies = 3000
	// maxPieces is how many numbered pieces of one cookie are read.
	maxPieces = 64
	// maxJoined is the size of a longest token behind a scheme, in bytes.
	maxJoined = maxToken + len("Bearer%20")
)

// cookie returns the token of the cookie called name, or "". A cookie that is absent may stand
// there in pieces: libraries cut one that is too long for a browser (4 KiB) into name.0, name.1 and
// so on.
func cookie(lines []string, name string) (token string, err error) {
	if token, err = wholeCookie(lines, name); token != "" || err != nil {
		return token, err
	}
	joined, err := joinedPieces(lines, name)
	return bare(joined), err
}

// wholeCookie finds the cookie called name. Two of different values are ambiguous, whichever comes
// first: the order says which path or host is the longer one, and nothing about who set it.
func wholeCookie(lines []string, name string) (found string, err error) {
	for key, value := range cookies(lines) {
		if key != name {
			continue
		}
		switch value = bare(value); {
		case value == "", value == found:
		case found == "":
			found = value
		default:
			return "", refused(ruleAmbiguous)
		}
	}
	return found, nil
}

// joinedPieces joins the pieces name.0, name.1 and so on, up to the first number that is missing.
// What is missing in the middle makes a bad token, never another one: the signature is over all.
func joinedPieces(lines []string, name string) (joined string, err error) {
	var pieces [maxPieces]string
	var differ [maxPieces]bool
	for key, value := range cookies(lines) {
		n, ok := pieceNumber(key, name)
		switch {
		case !ok, value == "", value == pieces[n]:
		case pieces[n] == "":
			pieces[n] = value
		default:
			differ[n] = true
		}
	}
	count, size := 0, 0
	for ; count < maxPieces && pieces[count] != ""; count++ {
		if differ[count] {
			return "", refused(ruleAmbiguous)
		}
		if size += len(pieces[count]); size > maxJoined {
			return "", refused(ruleSize)
		}
	}
	return strings.Join(pieces[:count], ""), nil
}

// pieceNumber returns the number of the piece called key of the cookie called name. It is written
// without leading zeros, so that no two names mean one piece.
func pieceNumber(key, name string) (n int, ok bool) {
	if len(key) < len(name)+2 || key[:len(name)] != name || key[len(name)] != '.' {
		return 0, false
	}
	digits := key[len(name)+1:]
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 0 && n < maxPieces && strconv.Itoa(n) == digits
}

// cookies yields the name and value of each cookie just as net/http does, but without allocating.
// The values have the bytes that a cookie may have.
func cookies(lines []string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if count(lines) > maxCookies {
			return
		}
		for _, line := range lines {
			for more := true; more; {
				var pair string
				pair, line, more = strings.Cut(line, ";")
				key, value, _ := strings.Cut(textproto.TrimString(pair), "=")
				value, ok := cookieValue(value)
				if ok && !yield(textproto.TrimString(key), value) {
					return
				}
			}
		}
	}
}

// count tells how many cookies net/http would find, empty ones included.
func count(lines []string) int {
	n := len(lines)
	for _, line := range lines {
		n += strings.Count(line, ";")
	}
	return n
}

// cookieValue strips one pair of quotes and checks the bytes, as net/http does with a request's
// cookies. Past the size of the longest token it stops looking: such a value will be refused
// whatever it holds.
func cookieValue(value string) (string, bool) {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	for i := range min(len(value), maxJoined) {
		if b := value[i]; b < ' ' || b >= 0x7f || b == '"' || b == '\\' {
			return "", false
		}
	}
	return value, true
}
