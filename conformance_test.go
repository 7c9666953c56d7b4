package checkout_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// vectors is the folder of third-party test data.
func vectors(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("VECTORS_DIR")
	if root == "" {
		t.Skip("VECTORS_DIR does not say where the third-party vectors are")
	}
	return filepath.Join(root, name)
}

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

// TestSignatureVectors gives third-party signatures to the real binary, their keys by its own configuration, their tokens
// as cookie and as bearer over every version of HTTP. None is a login: what they lack beyond the signature says
// whether that was accepted.
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
		fmt.Fprintf(&site, "\tcheckout_link /suite-%d {\n\t\tlink_id %d\n\t\tjwt {\n%s\n\t\t}\n\t}\n", i, i, jwt)
	}
	s := openShop(t, overTLS(strings.Replace(guarded, "\tmetrics /metrics\n", site.String()+"\tmetrics /metrics\n", 1)))
	valid, invalid := 0, 0
	for proto, client := range s.protocols(t) {
		t.Run(proto, func(t *testing.T) {
			for i, suite := range suites {
				for _, token := range suite.tokens {
					for place, how := range map[string]with{"cookie": bearing(token.text), "bearer": header("Authorization", "Bearer "+token.text)} {
						rule := s.refusedBy(t, client, fmt.Sprintf("/suite-%d", i), how)
						if accepted := afterSignature[rule]; accepted != token.valid {
							t.Errorf("%s, %s as %s: refused by %q, but valid is %t", suite.name, token.name, place, rule, token.valid)
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
	s.wantCalls(t, 0)
	t.Logf("%d valid, %d invalid", valid, invalid)
}

// afterSignature are the rules that a token meets only when its signature is good.
var afterSignature = map[string]bool{
	"claims_json": true, "claims_duplicate": true, "claims_case": true, "claims_type": true, "exp_missing": true, "far_future": true, "expired": true,
}

// refusedBy sends a token and asks the metrics which rule refused it; empty says that it was taken for no token at all.
func (s *shop) refusedBy(t *testing.T, client *http.Client, path string, how with) string {
	t.Helper()
	before := s.refusals(t, client)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+shopHost+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	how(r)
	got, err := do(client, r)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != http.StatusUnauthorized {
		t.Fatalf("%s: a token without a user got %s", path, got.Status)
	}
	for rule, n := range s.refusals(t, client) {
		if n != before[rule] {
			return rule
		}
	}
	return ""
}

func (s *shop) refusals(t *testing.T, client *http.Client) map[string]int {
	t.Helper()
	counts := map[string]int{}
	page := ask(t, client, "", "https://"+shopHost+"/metrics").body
	for _, m := range regexp.MustCompile(`caddy_checkout_token_refusals_total\{rule="(\w+)"\} (\d+)`).FindAllStringSubmatch(page, -1) {
		counts[m[1]], _ = strconv.Atoi(m[2])
	}
	return counts
}

// identity writes the keys as an operator would: symmetric ones for signatures as secrets if there is nothing else, and all
// others as the file of a key set.
func (suite signatureSuite) identity(t *testing.T, path string) string {
	t.Helper()
	var secrets, algorithms []string
	kids, symmetric := map[any]bool{}, true
	for _, k := range suite.keys {
		alg, _ := k["alg"].(string)
		symmetric = symmetric && k["kty"] == "oct" && strings.HasPrefix(alg, "HS") && !kids[k["kid"]]
		kids[k["kid"]] = true
		if symmetric {
			secrets = append(secrets, fmt.Sprintf("secret base64:%s", k["k"]))
		}
		known := regexp.MustCompile(`^(HS|RS|PS|ES)(256|384|512)$`).MatchString(alg)
		if known && (k["kty"] == "oct") == strings.HasPrefix(alg, "HS") && !slices.Contains(algorithms, alg) {
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

func wycheproof(t *testing.T) (suites []signatureSuite) {
	t.Helper()
	var file struct {
		TestGroups []struct {
			Public, Private struct{ Keys []map[string]any }
			Tests           []struct {
				TcID                 int
				Comment, JWS, Result string
			}
		}
	}
	if err := json.Unmarshal([]byte(read(t, vectors(t, "wycheproof/json_web_key_test.json"))), &file); err != nil {
		t.Fatal(err)
	}
	for i, group := range file.TestGroups {
		suite := signatureSuite{name: fmt.Sprint("wycheproof group ", i), keys: group.Public.Keys}
		if suite.keys == nil {
			suite.keys = group.Private.Keys
		}
		for _, test := range group.Tests {
			suite.tokens = append(suite.tokens, signed{fmt.Sprint(test.TcID, " ", test.Comment), test.JWS, test.Result == "valid"})
		}
		suites = append(suites, suite)
	}
	return suites
}

// cookbook has tokens in the compact form, and others that must be taken for no tokens.
func cookbook(t *testing.T) (suites []signatureSuite) {
	t.Helper()
	verify := []string{
		"curve25519_jws.json", "jws_4_1.rsa_v15_signature.json", "jws_4_2.rsa-pss_signature.json", "jws_4_3.ecdsa_signature.json",
		"jws_4_4.hmac-sha2_integrity_protection.json",
	}
	paths, err := filepath.Glob(filepath.Join(vectors(t, "cookbook"), "*.json"))
	if err != nil || len(paths) != 12 {
		t.Fatalf("%d vectors, want 12 (%v)", len(paths), err)
	}
	for _, path := range paths {
		var vector struct {
			Input struct {
				Key json.RawMessage
				Alg any
			}
			Output map[string]json.RawMessage
		}
		if err := json.Unmarshal([]byte(read(t, path)), &vector); err != nil {
			t.Fatal(err)
		}
		suite := signatureSuite{name: filepath.Base(path), keys: publicKeys(t, vector.Input.Key, vector.Input.Alg)}
		for form, raw := range vector.Output {
			token := signed{form, string(raw), false}
			if form == "compact" {
				if err := json.Unmarshal(raw, &token.text); err != nil {
					t.Fatal(err)
				}
				token.valid = slices.Contains(verify, suite.name)
			}
			token.text = strings.Join(strings.Fields(token.text), "") // a header has no line breaks
			suite.tokens = append(suite.tokens, token)
		}
		suites = append(suites, suite)
	}
	return suites
}

// publicKeys takes the private parts away, and gives each key the vector's algorithm.
func publicKeys(t *testing.T, raw json.RawMessage, alg any) (keys []map[string]any) {
	t.Helper()
	if raw[0] == '{' {
		raw = slices.Concat(json.RawMessage("["), raw, json.RawMessage("]"))
	}
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		maps.DeleteFunc(k, func(name string, _ any) bool {
			return slices.Contains([]string{"d", "p", "q", "dp", "dq", "qi"}, name)
		})
		if name, ok := alg.(string); ok {
			k["alg"] = name
		}
	}
	return keys
}
