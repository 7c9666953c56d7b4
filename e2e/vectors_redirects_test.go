package e2e_test

import (
	"bufio"
	"net/http"
	"os"
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// TestOpenRedirectVectors lets the API answer with third-party lists of tricks. A browser that
// follows where the real binary sends it ends at the allowed host.
func TestOpenRedirectVectors(t *testing.T) {
	const allowed = "www.whitelisteddomain.tld"
	file, err := os.Open(vectors(t, "openredirects-oauth2-proxy.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	t.Parallel()
	const api = "api_url {$API}\n"
	s := shoptest.Open(t, strings.Replace(guarded, api, api+"\t\tlink_hosts "+allowed+"\n", 1))
	given, refused := 0, 0
	for in := bufio.NewScanner(file); in.Scan(); {
		for _, link := range []string{
			in.Text(), "https://" + in.Text(), "https://" + allowed + in.Text(),
			"https://" + in.Text() + "." + allowed,
		} {
			s.Zotlo.Fail(sandbox.WrongLink(link))
			got := s.Send(t, "/upgrade", as(person(given+refused)))
			location := got.Header.Get("Location")
			if location == "" {
				refused++
				if got.StatusCode != http.StatusBadGateway {
					t.Errorf("%q: %s", link, got.Status)
				}
				continue
			}
			given++
			u, err := whatwg.Parse(location)
			if err != nil || u.Scheme() != "https" || u.Username() != "" || u.Password() != "" ||
				strings.TrimSuffix(u.Hostname(), ".") != allowed {
				t.Errorf("%q leads a browser elsewhere", location)
			}
		}
	}
	if given == 0 || refused < 1000 {
		t.Errorf("%d links were given out and %d refused: the test shows nothing", given, refused)
	}
	t.Logf("%d given out, %d refused", given, refused)
}
