package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

// TestPieces is about cookies that a library has cut into numbered pieces because they were too
// long.
func TestPieces(t *testing.T) {
	token := hs256().token(t, claims(ada))
	bob := hs256().token(t, claims(`"email":"bob@example.com"`))
	one, two, three := token[:60], token[60:80], token[80:]
	long := strings.Repeat("A", 3000)
	const none, isAda, isBob = "none", "ada@example.com", "bob@example.com"
	for name, test := range map[string]struct{ cookies, want string }{
		"in order": {"session.0=" + one + "; session.1=" + two + three, isAda},
		"in any order": {
			"session.2=" + three + "; a=b; session.0=" + one + "; session.1=" + two, isAda,
		},
		"one piece": {"session.0=" + token, isAda},
		"in quotes": {`session.0="` + one + `"; session.1="` + two + three + `"`, isAda},
		"one of them twice": {
			"session.0=" + one + "; session.1=" + two + three + "; session.0=" + one, isAda,
		},
		"bearer":           {`session.0="Bearer ` + one + `"; session.1=` + two + three, isAda},
		"bearer, escaped":  {"session.0=Bearer%2; session.1=0" + token, isAda},
		"beside the whole": {"session.0=" + one + "; session.1=x; session=" + bob, isBob},
		"an empty whole":   {"session=; session.0=" + one + "; session.1=" + two + three, isAda},

		"two of one number": {
			"session.0=" + one + "; session.1=" + two + three + "; session.1=" + three, "ambiguous",
		},
		"two firsts": {"session.0=" + token + "; session.0=" + bob, "ambiguous"},
		"two of a number behind a gap": {
			"session.0=" + token + "; session.5=a; session.5=b", isAda,
		},
		"the first is missing": {"session.1=" + token, none},
		"the first is empty":   {"session.0=; session.1=" + token, none},
		"a gap":                {"session.0=" + one + "; session.2=" + three, ""},
		"a leading zero":       {"session.00=" + token, none},
		"a sign":               {"session.+0=" + token, none},
		"no number":            {"session.=" + token, none},
		"another separator":    {"session-0=" + token, none},
		"other letters":        {"Session.0=" + token, none},
		"another cookie":       {"sessions.0=" + token, none},
		"a huge number":        {"session.99999999999999999999=a; session.0=" + token, isAda},
		"too long together": {
			"session.0=" + long + "; session.1=" + long + "; session.2=" + long, "size",
		},
		"one byte too long": {"session.0=" + strings.Repeat("A", 8193), "size"},
		"another one's tail": {
			"session.0=" + token[:len(token)-20] + "; session.1=" + bob[len(bob)-20:], "signature",
		},
		"more than are counted":   {numberedPieces(token, 65), ""},
		"as many as there may be": {numberedPieces(token, 64), isAda},
	} {
		t.Run(name, func(t *testing.T) {
			user, err := newAuth(t, withSecret()).Authenticate(request("Cookie: " + test.cookies))
			switch test.want {
			case none:
				if !errors.Is(err, auth.ErrNoToken) {
					t.Errorf("error %v, want ErrNoToken", err)
				}
			case isAda, isBob:
				if err != nil || user.Subscriber.ID != test.want {
					t.Errorf("user %v, error %v, want %s", user, err, test.want)
				}
			default:
				wantRule(t, err, test.want)
			}
		})
	}
}

// numberedPieces cuts a token into n pieces.
func numberedPieces(token string, n int) string {
	var cookies []string
	for i := range n {
		from, to := i*len(token)/n, (i+1)*len(token)/n
		cookies = append(cookies, fmt.Sprintf("session.%d=%s", i, token[from:to]))
	}
	return strings.Join(cookies, "; ")
}

// Every byte at every place of a value is judged as net/http does.
func TestCookieBytes(t *testing.T) {
	for at := range 19 {
		for b := range 256 {
			value := []byte("a-value-of-19-bytes")
			value[at] = byte(b)
			lines := []string{"session=" + string(value)}
			want := ""
			for _, c := range (&http.Request{Header: http.Header{"Cookie": lines}}).Cookies() {
				if c.Name == "session" {
					want = c.Value
				}
			}
			if got, err := auth.CookieForTest(lines, "session"); err != nil || got != want {
				t.Errorf("%q: %q, %v, net/http says %q", lines, got, err, want)
			}
		}
	}
}

// FuzzCookie holds the reading of cookies against net/http's. What differs is only what we do with
// several values.
func FuzzCookie(f *testing.F) {
	for _, seed := range []string{
		"session=abc", `session="abc"`, "session=a; session=b", "session=a;session=a",
		" session=a ; x", "session==", `session="`,
		"session=\x00", "session=Bearer a", `session="bearer%20+ a "`, "a=b;;session=c",
		"session=a b", "session=\"\"\"", "session\t=a",
		"=session", "session=a\\",
	} {
		f.Add(seed, "")
		f.Add("x=y", seed)
	}
	scheme := regexp.MustCompile(`(?i)^ *bearer(?:(?: |%20|\+)+(.*)| *)$`)
	f.Fuzz(func(t *testing.T, first, second string) {
		if len(first)+len(second) > 4096 {
			return
		}
		lines := []string{first, second}
		var want []string
		r := &http.Request{Header: http.Header{"Cookie": lines}}
		for _, c := range r.CookiesNamed("session") {
			if m := scheme.FindStringSubmatch(c.Value); m != nil {
				c.Value = strings.Trim(m[1], " ")
			}
			if c.Value != "" && (len(want) == 0 || want[0] != c.Value) {
				want = append(want, c.Value)
			}
		}
		got, err := auth.CookieForTest(lines, "session")
		switch {
		case len(want) > 1:
			wantRule(t, err, "ambiguous")
		case err != nil:
			t.Errorf("%q: %v", lines, err)
		case len(want) == 0 && got != "", len(want) == 1 && got != want[0]:
			t.Errorf("%q: %q, net/http says %q", lines, got, want)
		}
	})
}
