package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// signatureSuite is tokens with the keys that they are said to be signed with.
type signatureSuite struct {
	name   string
	keys   []map[string]any
	tokens []signed
}

type signed struct {
	name, text string
	valid      bool
}

// TestSignatureVectors gives third-party signatures to the real binary, their keys by its own
// configuration, their tokens as cookie and as bearer over every version of HTTP. None is a login:
// what they lack beyond the signature says whether that was accepted.
func TestSignatureVectors(t *testing.T) {
	suites := append(wycheproof(t), cookbook(t)...)
	setDocumentedEnv(t)
	dir, site := t.TempDir(), strings.Builder{}
	for i, suite := range suites {
		jwt := suite.identity(t, filepath.Join(dir, fmt.Sprint(i)))
		if err := loads(fragment("jwt", jwt)); err != nil {
			for _, token := range suite.tokens {
				if token.valid {
					t.Errorf("%s, %s: the keys do not load: %v", suite.name, token.name, err)
				}
			}
			suites[i].tokens = nil
			continue
		}
		fmt.Fprintf(&site,
			"\tcheckout_link /suite-%d {\n\t\tlink_id %d\n\t\tjwt {\n%s\n\t\t}\n\t}\n", i, i, jwt)
	}
	s := shoptest.Open(t,
		shoptest.OverTLS(strings.Replace(guarded, "\tmetrics /metrics\n",
			site.String()+"\tmetrics /metrics\n", 1)))
	valid, invalid := 0, 0
	for proto, client := range s.Protocols(t) {
		t.Run(proto, func(t *testing.T) {
			for i, suite := range suites {
				for _, token := range suite.tokens {
					for place, how := range map[string]with{
						"cookie": bearing(token.text),
						"bearer": header("Authorization", "Bearer "+token.text),
					} {
						rule := refusedBy(t, s, client, fmt.Sprintf("/suite-%d", i), how)
						if accepted := afterSignature[rule]; accepted != token.valid {
							t.Errorf("%s, %s as %s: refused by %q, but valid is %t", suite.name,
								token.name, place, rule, token.valid)
						}
						if token.valid {
							valid++
						} else {
							invalid++
						}
					}
				}
			}
		})
	}
	if valid == 0 || invalid == 0 {
		t.Errorf("%d valid and %d invalid tokens: the test shows nothing", valid, invalid)
	}
	s.WantCalls(t, 0)
	t.Logf("%d valid, %d invalid", valid, invalid)
}

// afterSignature are the rules that a token meets only when its signature is good.
var afterSignature = map[string]bool{
	"claims_json": true, "claims_duplicate": true, "claims_case": true, "claims_type": true,
	"exp_missing": true, "far_future": true, "expired": true,
}

// refusedBy sends a token and asks the metrics which rule refused it; empty says that it was taken
// for no token at all.
func refusedBy(t *testing.T, s *shoptest.Shop, client *http.Client, path string, how with) string {
	t.Helper()
	before := refusals(t, s, client)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+shoptest.Host+path,
		nil)
	if err != nil {
		t.Fatal(err)
	}
	how(r)
	got, err := shoptest.Do(client, r)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != http.StatusUnauthorized {
		t.Fatalf("%s: a token without a user got %s", path, got.Status)
	}
	for rule, n := range refusals(t, s, client) {
		if n != before[rule] {
			return rule
		}
	}
	return ""
}

func refusals(t *testing.T, s *shoptest.Shop, client *http.Client) map[string]int {
	t.Helper()
	counts := map[string]int{}
	page := shoptest.Ask(t, client, "https://"+shoptest.Host+"/metrics").Text
	sample := regexp.MustCompile(`caddy_checkout_token_refusals_total\{rule="(\w+)"\} (\d+)`)
	for _, m := range sample.FindAllStringSubmatch(page, -1) {
		counts[m[1]], _ = strconv.Atoi(m[2])
	}
	return counts
}

// identity writes the keys as an operator would: symmetric ones for signatures as secrets if there
// is nothing else, and all others as the file of a key set.
func (suite signatureSuite) identity(t *testing.T, path string) string {
	t.Helper()
	var secrets, algorithms []string
	kids, symmetric := map[any]bool{}, true
	for _, k := range suite.keys {
		alg, _ := k["alg"].(string)
		symmetric = symmetric && k["kty"] == "oct" && strings.HasPrefix(alg, "HS") &&
			!kids[k["kid"]]
		kids[k["kid"]] = true
		if symmetric {
			secrets = append(secrets, fmt.Sprintf("secret base64:%s", k["k"]))
		}
		known := regexp.MustCompile(`^(HS|RS|PS|ES)(256|384|512)$`).MatchString(alg)
		if known && (k["kty"] == "oct") == strings.HasPrefix(alg, "HS") &&
			!slices.Contains(algorithms, alg) {
			algorithms = append(algorithms, alg)
		}
	}
	lines := secrets
	if !symmetric {
		text, err := json.Marshal(map[string]any{"keys": suite.keys})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		lines = []string{"jwks " + path}
	}
	lines = append(lines, "audience any", "from cookie session", "from header Authorization")
	if len(algorithms) > 0 {
		lines = append(lines, "algorithms "+strings.Join(algorithms, " "))
	}
	return strings.Join(lines, "\n")
}
