package linkgen_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/caddy-checkout/checkout/linkgen"
)

// offered is what Link makes of an API that answers this link: the link that a shopper would be
// sent to, or nothing.
func offered(t testing.TB, link, ownHost string, hosts ...string) (string, bool) {
	t.Helper()
	s := set(t, func(c *linkgen.Config) { c.Projects[0].LinkHosts = hosts })
	return s.offered(link, ownHost)
}

func (s *harness) offered(link, ownHost string) (string, bool) {
	s.t.Helper()
	text, err := json.Marshal(link)
	if err != nil {
		s.t.Fatal(err)
	}
	s.api.does(says(http.StatusOK, fmt.Sprintf(`{"result":{"onelink":%s}}`, text)))
	r, err := s.g.LinkFrom(s.t.Context(), orderOf(""), ownHost)
	return r.URL, err == nil
}

func TestLinksThatAreGivenOut(t *testing.T) {
	s := set(t, noLimits)
	for _, link := range []string{
		"https://pay.example.com/abc",
		"https://pay.example.com",
		"https://pay.example.com?x=1#y",
		"https://PAY.example.com./abc",
		"HTTPS://pay.example.com/",
		"https://pay.example.com:443/",
		"https://pay.example.com:8443/",
		"https://xn--bcher-kva.example/",
		"https://127.0.0.1/abc",
		"https://a_b.example.com/a@b:c//d?customParameters[mmp][adid]=%20'()*!$,;",
		"https://1.example/",
		"https://0xfoo.example.org/",
		"https://pay.example.com/" + strings.Repeat("a", 2048-len("https://pay.example.com/")),
	} {
		if got, ok := s.offered(link, "shop.example.com"); !ok || got != link {
			t.Errorf("%.80q was not given out", link)
		}
	}
}

func noLimits(c *linkgen.Config) { c.Limits.PerIP.Events = -1 }

func TestLinksThatAreNot(t *testing.T) {
	s := set(t, noLimits)
	bad := []string{
		"http://pay.example.com/", "//pay.example.com/", "/abc", "pay.example.com", "https:/pay.example.com", "https:pay.example.com",
		"https://", "https:///abc", "https://?x", "javascript:alert(1)", "data:text/html,x", " https://pay.example.com/",
		"https://user@pay.example.com/", "https://user:pw@pay.example.com/", "https://@pay.example.com/",
		"https://pay.example.com\\@evil.example/", "https://pay.example.com/\\evil", "https://pay.example.com/a b",
		"https://pay.example.com/\r\nSet-Cookie: a=b", "https://pay.example.com/\x00", "https://pay.example.com/\x7f", "https://pay.example.com/ü",
		"https://bücher.example/", "https://pay%2eexample.com/", "https://pay.example.com:/", "https://pay.example.com:99999/", "https://pay.example.com:0/", "https://pay.example.com:8a/", "https://pay.example.com:80:80/",
		"https://-pay.example.com/", "https://pay-.example.com/", "https://pay..example.com/", "https://.example.com/", "https://pay.example.com../",
		"https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://0x7f.0.0.1/", "https://0x7f000001/", "https://2130706433/", "https://127.1/", "https://0177.0.0.1/", "https://1.2.3.4.5/", "https://a.0x/", "https://256.1.1.1/", "https://20000000000000000000a/", "https://pay.example.2a/", "https://0xfoo.example.0xg/",
		"https://" + strings.Repeat("a", 64) + ".example/", "https://" + strings.Repeat("a.", 127) + "example/",
		"https://pay.example.com/\"", "https://pay.example.com/<x>", "https://pay.example.com/`", "https://pay.example.com/{x}", "https://pay.example.com/|", "https://pay.example.com/^",
		"https://pay.example.com/" + strings.Repeat("a", 2048),
	}
	for _, link := range bad {
		if got, ok := s.offered(link, "shop.example.com"); ok {
			t.Errorf("%.80q was given out as %.80q", link, got)
		}
	}
}

func TestOwnHost(t *testing.T) {
	for own, link := range map[string]string{
		"shop.example.com":      "https://shop.example.com/",
		"SHOP.example.com:8443": "https://shop.example.com./x",
		"shop.example.com.":     "https://SHOP.example.com:443/",
		"bücher.example":        "https://xn--bcher-kva.example/",
		"BÜCHER.example.:443":   "https://xn--bcher-kva.example/",
		"127.0.0.1:8080":        "https://127.0.0.1/",
	} {
		if _, ok := offered(t, link, own); ok {
			t.Errorf("%s leads back to %s", link, own)
		}
	}
	for own, link := range map[string]string{
		"shop.example.com": "https://pay.shop.example.com/",
		"[::1]:8080":       "https://pay.example.com/",
		"[::1]":            "https://pay.example.com/",
		"":                 "https://pay.example.com/",
		"\xff":             "https://pay.example.com/",
	} {
		if _, ok := offered(t, link, own); !ok {
			t.Errorf("%s does not lead back to %q", link, own)
		}
	}
}

func TestLinkHosts(t *testing.T) {
	hosts := []string{"pay.example.com", "*.Example.net", "local.example:8443", "*.ports.example:9000"}
	for _, link := range []string{
		"https://pay.example.com/", "https://PAY.example.com:443/", "https://a.example.net/", "https://a.b.example.net/",
		"https://local.example:8443/", "https://a.ports.example:9000/",
	} {
		if _, ok := offered(t, link, "", hosts...); !ok {
			t.Errorf("%s is on the list", link)
		}
	}
	for _, link := range []string{
		"https://evil.example/", "https://pay.example.com.evil.example/", "https://example.net/", "https://evilexample.net/",
		"https://pay.example.com:8443/", "https://local.example/", "https://a.example.net:8443/", "https://a.ports.example/", "https://.example.net/",
	} {
		if _, ok := offered(t, link, "", hosts...); ok {
			t.Errorf("%s is not on the list", link)
		}
	}
}

// Payloads of a well-known list of open redirects, each as the API's answer, as it is and in the places where a careless
// check looks: none may lead a browser to a host that is not on the list.
func TestOpenRedirects(t *testing.T) {
	const allowed = "www.whitelisteddomain.tld"
	s := set(t, noLimits, func(c *linkgen.Config) { c.Projects[0].LinkHosts = []string{allowed} })
	given := 0
	for _, payload := range redirects(t) {
		for _, link := range []string{
			payload, "https://" + payload, "https://" + allowed + payload, "https://" + allowed + "/" + payload,
			"https://" + allowed + "@" + payload, "https://" + payload + "." + allowed, "https://" + payload + "/" + allowed,
		} {
			got, ok := s.offered(link, "shop.example.com")
			if !ok {
				continue
			}
			given++
			u, err := whatwg.Parse(got)
			if err != nil || u.Scheme() != "https" || u.Username() != "" || u.Password() != "" || strings.TrimSuffix(u.Hostname(), ".") != allowed {
				t.Errorf("%q leads a browser elsewhere", got)
			}
		}
	}
	if given == 0 {
		t.Error("nothing was given out at all: the test shows nothing")
	}
}

func redirects(t testing.TB) (lines []string) {
	t.Helper()
	dir := os.Getenv("VECTORS_DIR")
	if dir == "" {
		t.Skip("VECTORS_DIR is not set: it names the directory with third-party test data")
	}
	f, err := os.Open(filepath.Join(dir, "openredirects-oauth2-proxy.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		lines = append(lines, in.Text())
	}
	if len(lines) < 500 {
		t.Fatalf("only %d payloads", len(lines))
	}
	return lines
}
