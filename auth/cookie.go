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

// wholeCookie returns the token of the cookie called name, or "". Two of different values are
// ambiguous.
//
// Every request walks its cookies here; that is why the loop of cookies stands here once more.
func wholeCookie(lines []string, name string) (found string, err error) {
	if tooMany(lines) {
		return "", nil
	}
	for _, line := range lines {
		for more := true; more; {
			var pair string
			pair, line, more = strings.Cut(line, ";")
			key, value, _ := strings.Cut(textproto.TrimString(pair), "=")
			if textproto.TrimString(key) != name {
				continue
			}
			value, ok := cookieValue(value)
			if !strings.HasPrefix(value, "ey") { // as every JWT begins: {" in base64url
				value = bare(value)
			}
			if !ok || value == "" || value == found {
				continue
			}
			if found != "" {
				return "", refused(ruleAmbiguous)
			}
			found = value
		}
	}
	return found, nil
}

// joinedPieces joins the pieces name.0, name.1 and so on, up to the first number that is missing:
// libraries cut a cookie that is too long for a browser (4 KiB).
// What is missing in the middle makes a bad token, never another one: the signature is over all.
func joinedPieces(lines []string, name string) (joined string, err error) {
	// Fixed arrays, so that what a browser sends decides nothing about memory.
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
// The values have the bytes that a cookie may have. More than maxCookies give none, as in net/http:
// a header of that size is an attack.
func cookies(lines []string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if tooMany(lines) {
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

// tooMany reports whether there are more cookies than net/http reads, empty ones included: of those it
// reads none.
func tooMany(lines []string) bool {
	n, size := len(lines), 0
	for _, line := range lines {
		size += len(line)
	}
	if n+size <= maxCookies { // as nearly all are: each cookie but a line's first takes a byte
		return false
	}
	for _, line := range lines {
		n += strings.Count(line, ";")
	}
	return n > maxCookies
}

// cookieValue strips one pair of quotes and checks the bytes, as net/http does with a request's
// cookies. Past the size of the longest token it stops looking: such a value will be refused
// whatever it holds.
func cookieValue(value string) (string, bool) {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	rest := value[:min(len(value), maxJoined)]
	// A token has hundreds of bytes, and every request brings one: a step looks at eight.
	for ; len(rest) >= 8; rest = rest[8:] {
		w := uint64(rest[0]) | uint64(rest[1])<<8 | uint64(rest[2])<<16 | uint64(rest[3])<<24 |
			uint64(rest[4])<<32 | uint64(rest[5])<<40 | uint64(rest[6])<<48 | uint64(rest[7])<<56
		quote, slash := w^'"'*ones, w^'\\'*ones // zero where there is one
		// The highest bit of a byte is set where it is not ASCII, below a blank, DEL, or one of the
		// two.
		if (w|(w-' '*ones)|(w+ones)|(quote-ones)|(slash-ones))&highs != 0 {
			break
		}
	}
	for i := range len(rest) {
		if !cookieByte[rest[i]] {
			return "", false
		}
	}
	return value, true
}

// ones and highs are the lowest and the highest bit of each of eight bytes.
const ones, highs = 0x0101010101010101, 0x8080808080808080

// cookieByte are the bytes that net/http takes in the value of a cookie.
var cookieByte = func() (taken [256]bool) {
	for b := ' '; b < 0x7f; b++ {
		taken[b] = b != '"' && b != '\\'
	}
	return taken
}()
