package target

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

func TestParseTarget(t *testing.T) {
	for text, good := range map[string]bool{
		"/pricing":                             true,
		"/pricing?a={query.a}":                 true,
		"/pricing?a=%7Bb":                      true,
		"/login?next={http.checkout.return_to": false,
		"https://shop.example.com":             true,
		"https://shop.example.com/x?y=1":       true,
		"http://localhost:8080/":               true,
		"":                                     false,
		"pricing":                              false,
		"//evil.example":                       false,
		"/\\evil.example":                      false,
		"/a\nb":                                false,
		"javascript:alert(1)":                  false,
		"ftp://x/":                             false,
		"https://user:pw@shop.example.com/":    false,
		"/{path.1}":                            false,
		"https://{host}/x":                     false,
		"/%zz":                                 false,
		"https:///x":                           false,
		"?x=1":                                 false,
		"mailto:a@b":                           false,
		"/a/../loop":                           false,
		"/..":                                  false,
		"/./x":                                 false,
		"/a/%2e%2E/loop":                       false,
		"/a/.%2e":                              false,
		"https://shop.example.com/a/../loop":   false,
		"/a/...":                               true,
		"/.well-known/x..y":                    true,
		"/a?b=/../c":                           true,
	} {
		if _, err := Parse(text); (err == nil) != good {
			t.Errorf("%q: %v, want good %t", text, err, good)
		}
	}
}

// TestTargetLeadsBackHoweverItIsWritten: a browser arrives where it was from targets that are
// spelled in another way.
func TestTargetLeadsBackHoweverItIsWritten(t *testing.T) {
	for _, tt := range []struct {
		target, request string
		back            bool
	}{
		{"/loop", "http://shop.example.com/loop?x=1", true},
		{"/loop?again={query.a}", "https://shop.example.com/loop", true},
		{"/lo%6fp", "http://shop.example.com/loop", true},
		{"/other", "http://shop.example.com/loop", false},
		{"http://shop.example.com/loop", "http://shop.example.com/loop", true},
		{"http://SHOP.example.com:80/loop", "http://shop.example.com/loop", true},
		{"http://shop.example.com:080/loop", "http://shop.example.com/loop", true},
		{"http://shop.example.com:/loop", "http://Shop.example.com:80/loop", true},
		{"https://shop.example.com:443/loop", "https://shop.example.com/loop", true},
		// TLS ended before us
		{"https://shop.example.com/loop", "http://shop.example.com:443/loop", true},
		{"https://[2001:db8::1]:443/loop", "https://[2001:db8::1]/loop", true},
		{"http://shop.example.com:8080/loop", "http://shop.example.com:8080/loop", true},
		{"http://shop.example.com:8080/loop", "http://shop.example.com/loop", false},
		{"http://shop.example.com:443/loop", "http://shop.example.com/loop", false},
		{"http://shop.example.com:443/loop", "http://shop.example.com:443/loop", true},
		{"https://other.example.com/loop", "https://shop.example.com/loop", false},
	} {
		target, err := Parse(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		if got := target.LeadsBack(httptest.NewRequest(http.MethodGet, tt.request,
			nil)); got != tt.back {
			t.Errorf("%s from %s: %t, want %t", tt.target, tt.request, got, tt.back)
		}
	}
}

func TestTargetIsRenderedEscaped(t *testing.T) {
	target, err := Parse("/login?next={http.checkout.return_to}&ad={q}&x={unknown}")
	if err != nil {
		t.Fatal(err)
	}
	repl := caddy.NewEmptyReplacer()
	repl.Set("q", "a&b=c#d\r\n{env.HOME}")
	got := target.Render(httptest.NewRequest(http.MethodGet, "/up?x=1&y=2", nil), repl)
	const want = "/login?next=%2Fup%3Fx%3D1%26y%3D2&ad=a%26b%3Dc%23d%0D%0A%7Benv.HOME%7D&x="
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestReturnToIsAPathWhateverIsAsked puts pieces together in every order. (It is no fuzz target,
// because fuzzing this package would instrument all of Caddy.)
func TestReturnToIsAPathWhateverIsAsked(t *testing.T) {
	pieces := []string{
		"/", "//", "\\", "%2f", "%5C", "evil.example", "?", "#", "@", ":", "..", ".",
		"\t", "%09", "a", "*", "http:",
	}
	for _, a := range pieces {
		for _, b := range pieces {
			for _, c := range pieces {
				for _, d := range pieces {
					target := a + b + c + d
					u, err := url.ParseRequestURI(target)
					if err != nil {
						continue
					}
					back := ReturnTo(&http.Request{URL: u})
					path, _, _ := strings.Cut(back, "?")
					read, err := url.Parse(back)
					if err != nil || read.Host != "" || read.Scheme != "" ||
						!strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") ||
						strings.ContainsAny(back, "\r\n\t ") || strings.Contains(path, "\\") {
						t.Errorf("%q leads back to %q", target, back)
					}
				}
			}
		}
	}
}
