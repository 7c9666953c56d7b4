package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
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
	text := shoptest.Read(t, vectors(t, "wycheproof/json_web_key_test.json"))
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	for i, group := range file.TestGroups {
		suite := signatureSuite{name: fmt.Sprint("wycheproof group ", i), keys: group.Public.Keys}
		if suite.keys == nil {
			suite.keys = group.Private.Keys
		}
		for _, test := range group.Tests {
			suite.tokens = append(suite.tokens,
				signed{fmt.Sprint(test.TcID, " ", test.Comment), test.JWS, test.Result == "valid"})
		}
		suites = append(suites, suite)
	}
	return suites
}

// cookbook has tokens in the compact form, and others that must be taken for no tokens.
func cookbook(t *testing.T) (suites []signatureSuite) {
	t.Helper()
	verify := []string{
		"curve25519_jws.json", "jws_4_1.rsa_v15_signature.json", "jws_4_2.rsa-pss_signature.json",
		"jws_4_3.ecdsa_signature.json",
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
		if err := json.Unmarshal([]byte(shoptest.Read(t, path)), &vector); err != nil {
			t.Fatal(err)
		}
		suite := signatureSuite{
			name: filepath.Base(path),
			keys: publicKeys(t, vector.Input.Key, vector.Input.Alg),
		}
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
