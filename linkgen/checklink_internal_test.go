package linkgen

import (
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// A stand-in on a developer's machine may give http links to that machine. Nobody else may.
func TestPlainLinksAreForLoopbackOnly(t *testing.T) {
	for _, tt := range []struct {
		link    string
		plain   bool // the API itself is http on loopback
		allowed bool
	}{
		{"http://127.0.0.1:8081/pay/1", true, true},
		{"http://localhost:8081/pay/1", true, true},
		{"HTTP://LOCALHOST/pay/1", true, true},
		{"https://pay.example.com/1", true, true},
		{"http://pay.example.com/1", true, false},
		{"http://127.0.0.1.example.com/1", true, false},
		{"http://localhost.example.com/1", true, false},
		{"http://2130706433/1", true, false},
		{"http://user@localhost/1", true, false},
		{"http://", true, false},
		{"http://127.0.0.1:8081/pay/1", false, false},
		{"http://localhost:8081/pay/1", false, false},
	} {
		err := checkLink(tt.link, &linkHosts{plain: tt.plain}, "shop.example.com")
		if (err == nil) != tt.allowed {
			t.Errorf("%q with plain %t: %v, want allowed %t", tt.link, tt.plain, err, tt.allowed)
		}
	}
}

// Whatever passes the check leads a browser to the host that we saw.
func FuzzCheckLink(f *testing.F) {
	for _, seed := range []string{
		"https://pay.example.com/a", "https://pay.example.com:8443/?x#y", "https://0x7f.1/", "https:\\\\evil", "https://a@b/",
		"https://xn--a/", "https://pay.example.com./", "https://127.0.0.1", "https://1.2.3/", "https://a.b:443?#/@",
		"https://20000000000000000000A", // a number to some readers, a name to others
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, link string) {
		if checkLink(link, &linkHosts{}, "shop.example.com") != nil {
			return
		}
		for i := range len(link) {
			if link[i] <= ' ' || link[i] >= 0x7f || link[i] == '\\' {
				t.Fatalf("%q holds byte %#x", link, link[i])
			}
		}
		u, err := whatwg.Parse(link)
		if err != nil {
			if strings.Contains(strings.ToLower(link), "xn--") {
				return // not every such label is punycode; a browser goes nowhere then
			}
			t.Fatalf("%q is no URL for a browser: %v", link, err)
		}
		authority := link[len("https://"):]
		if end := strings.IndexAny(authority, "/?#"); end >= 0 {
			authority = authority[:end]
		}
		host, _, _ := strings.Cut(strings.ToLower(authority), ":")
		got := strings.TrimSuffix(u.Hostname(), ".")
		if u.Scheme() != "https" || u.Username() != "" || got != strings.TrimSuffix(host, ".") || got == "shop.example.com" {
			t.Fatalf("%q: a browser goes to %q", link, got)
		}
	})
}
