package checkout_test

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

	"github.com/caddy-checkout/checkout/sandbox"
)

// TestJSONVectors gives the texts of JSONTestSuite to the real binary, each as a claim of a token that is good otherwise.
func TestJSONVectors(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(vectors(t, "jsonsuite"), "*.json"))
	if err != nil || len(paths) < 300 {
		t.Fatalf("%d texts (%v)", len(paths), err)
	}
	t.Parallel()
	s := openShop(t, guarded)
	whole, _ := json.Marshal(claims(ann))
	counts := map[string]int{}
	for _, path := range paths {
		name := filepath.Base(path)
		token := signText(string(whole[:len(whole)-1]) + `,"x":` + read(t, path) + "}")
		for place, how := range map[string]with{"cookie": bearing(token), "bearer": header("Authorization", "Bearer "+token)} {
			got := s.visit(t, "/upgrade", how)
			accepted := got.StatusCode == http.StatusSeeOther
			if !accepted && got.StatusCode != http.StatusUnauthorized && got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("%s as %s: %s", name, place, got.Status)
			}
			// We refuse members that are named twice, which JSON allows; and nothing else that must parse.
			duplicate := strings.Contains(name, "duplicate")
			if strings.HasPrefix(name, "n_") && accepted || duplicate && accepted || strings.HasPrefix(name, "y_") && !duplicate && !accepted {
				t.Errorf("%s as %s: accepted is %t", name, place, accepted)
			}
			family, _, _ := strings.Cut(name, "_")
			counts[fmt.Sprint(family, " ", accepted)]++
		}
	}
	s.wantCalls(t, 1)
	t.Log(counts)
}

// TestOpenRedirectVectors lets the API answer with third-party lists of tricks. A browser that follows where the real
// binary sends it ends at the allowed host.
func TestOpenRedirectVectors(t *testing.T) {
	const allowed = "www.whitelisteddomain.tld"
	file, err := os.Open(vectors(t, "openredirects-oauth2-proxy.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	t.Parallel()
	s := openShop(t, strings.Replace(guarded, "api_url {$API}\n", "api_url {$API}\n\t\tlink_hosts "+allowed+"\n", 1))
	given, refused := 0, 0
	for in := bufio.NewScanner(file); in.Scan(); {
		for _, link := range []string{in.Text(), "https://" + in.Text(), "https://" + allowed + in.Text(), "https://" + in.Text() + "." + allowed} {
			s.zotlo.Fail(sandbox.WrongLink(link))
			got := s.visit(t, "/upgrade", as(person(given+refused)))
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
			if err != nil || u.Scheme() != "https" || u.Username() != "" || u.Password() != "" || strings.TrimSuffix(u.Hostname(), ".") != allowed {
				t.Errorf("%q leads a browser elsewhere", location)
			}
		}
	}
	if given == 0 || refused < 1000 {
		t.Errorf("%d links were given out and %d refused: the test shows nothing", given, refused)
	}
	t.Logf("%d given out, %d refused", given, refused)
}
