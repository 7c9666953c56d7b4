package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

// vectors is the folder of third-party test data.
func vectors(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("VECTORS_DIR")
	if root == "" {
		t.Skip("VECTORS_DIR does not say where the third-party vectors are")
	}
	return filepath.Join(root, name)
}

func read(t testing.TB, path string, into any) {
	t.Helper()
	if err := json.Unmarshal(must(os.ReadFile(path)), into); err != nil {
		t.Fatal(err)
	}
}

// configure brings keys from a test vector in by the same options as an operator would: symmetric
// keys for signatures as secrets, if nothing but such keys is there, all else as the file of a key
// set.
func configure(t testing.TB, keys []map[string]any) (*auth.Authenticator, error) {
	t.Helper()
	return auth.New(configOf(t, keys))
}

// configOf is the config of configure.
func configOf(t testing.TB, keys []map[string]any) auth.Config {
	t.Helper()
	cfg := auth.Config{From: fromCookie, Audience: []string{"any"}, Algorithms: strongest(keys)}
	kids := map[any]bool{}
	for _, k := range keys {
		alg, _ := k["alg"].(string)
		if k["kty"] != "oct" || !strings.HasPrefix(alg, "HS") || kids[k["kid"]] {
			cfg.Secrets = nil
			break
		}
		kids[k["kid"]] = true
		cfg.Secrets = append(cfg.Secrets, "base64:"+k["k"].(string))
	}
	if cfg.Secrets == nil {
		cfg.JWKS = file(t, "jwks.json", jwks(keys...))
	}
	return cfg
}

// strongest names the algorithms that the keys ask for and that are off by default.
func strongest(keys []map[string]any) (algorithms []string) {
	seen := map[string]bool{}
	for _, k := range keys {
		alg, _ := k["alg"].(string)
		switch alg {
		case "HS256", "HS384", "HS512", "RS384", "RS512", "PS384", "PS512", "ES512":
			if k["kty"] == "oct" == (alg[:2] == "HS") && !seen[alg] {
				algorithms = append(algorithms, alg)
			}
			seen[alg] = true
		}
	}
	return algorithms
}

func TestWycheproofKeySets(t *testing.T) {
	var suite struct {
		NumberOfTests int
		TestGroups    []struct {
			Public, Private struct{ Keys []map[string]any }
			Tests           []struct {
				TcID                 int
				Comment, JWS, Result string
			}
		}
	}
	read(t, vectors(t, "wycheproof/json_web_key_test.json"), &suite)
	ran, valid := 0, 0
	for _, group := range suite.TestGroups {
		keys := group.Public.Keys
		if keys == nil {
			keys = group.Private.Keys
		}
		a, err := configure(t, keys)
		for _, test := range group.Tests {
			ran++
			if err == nil {
				_, err = a.VerifyCompact(t.Context(), test.JWS)
			}
			if good := test.Result == "valid"; good != (err == nil) {
				t.Errorf("%d %s: %v, want %s", test.TcID, test.Comment, err, test.Result)
			} else if good {
				valid++
			}
			t.Logf("%d %s: %v", test.TcID, test.Comment, err)
		}
	}
	if ran != suite.NumberOfTests || ran != 26 || valid != 5 {
		t.Errorf("%d of %d ran, %d valid; want 26 and 5", ran, suite.NumberOfTests, valid)
	}
}

func TestCookbook(t *testing.T) {
	verify := map[string]bool{
		"curve25519_jws.json": true, "jws_4_1.rsa_v15_signature.json": true,
		"jws_4_2.rsa-pss_signature.json": true,
		"jws_4_3.ecdsa_signature.json":   true, "jws_4_4.hmac-sha2_integrity_protection.json": true,
	}
	paths := must(filepath.Glob(filepath.Join(vectors(t, "cookbook"), "*.json")))
	if len(paths) != 12 {
		t.Errorf("%d vectors, want 12", len(paths))
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var vector struct {
				Input struct {
					Payload string
					Key     json.RawMessage
					Alg     any
				}
				Output map[string]json.RawMessage
			}
			read(t, path, &vector)
			a, err := configure(t, cookbookKeys(t, vector.Input.Key, vector.Input.Alg))
			if err != nil && verify[filepath.Base(path)] {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			// The compact form if there is one; the JSON forms are tokens to nobody, but an
			// attacker may send them.
			for form, raw := range vector.Output {
				token := string(raw)
				if form == "compact" {
					read(t, file(t, "token.json", token), &token)
				}
				payload, err := a.VerifyCompact(t.Context(), token)
				switch good := verify[filepath.Base(path)] && form == "compact"; {
				case good && (err != nil || string(payload) != vector.Input.Payload):
					t.Errorf("%s: payload %q, error %v", form, payload, err)
				case !good && err == nil:
					t.Errorf("%s was accepted", form)
				}
			}
		})
	}
}

// cookbookKeys makes public keys with an alg of a vector's private ones.
func cookbookKeys(t testing.TB, raw json.RawMessage, alg any) []map[string]any {
	t.Helper()
	var keys []map[string]any
	if raw[0] == '{' {
		raw = append(append(json.RawMessage("["), raw...), ']')
	}
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
			delete(k, private)
		}
		if name, ok := alg.(string); ok {
			k["alg"] = name
		}
	}
	return keys
}

// TestJSONSuite gives the texts of JSONTestSuite as claims: as they are, and as the value of one
// claim.
func TestJSONSuite(t *testing.T) {
	a := newAuth(t, withSecret())
	paths := must(filepath.Glob(filepath.Join(vectors(t, "jsonsuite"), "*.json")))
	if len(paths) < 300 {
		t.Fatalf("%d texts", len(paths))
	}
	counts := map[string]int{}
	for _, path := range paths {
		name, text := filepath.Base(path), string(must(os.ReadFile(path)))
		_, err := a.UnverifiedUser([]byte(text))
		user, wrappedErr := a.Verify(t.Context(), hs256().token(t, claims(`"x":`+text)))
		counts[name[:2]]++
		// We refuse members named twice, which JSON allows; and nothing else that must parse.
		duplicate := strings.Contains(name, "duplicate")
		switch {
		case strings.HasPrefix(name, "n_") && (err == nil || wrappedErr == nil):
			t.Errorf("%s: accepted", name)
		case strings.HasPrefix(name, "y_") && !duplicate && wrappedErr != nil:
			t.Errorf("%s: %v", name, wrappedErr)
		case duplicate && wrappedErr == nil:
			t.Errorf("%s: accepted", name)
		}
		if err != nil {
			wantRule(t, err, "")
		}
		if wrappedErr != nil {
			wantRule(t, wrappedErr, "")
			continue
		}
		agrees(t, user, text, name)
	}
	t.Logf("texts by their prefix: %v", counts)
}

// agrees holds what a claim says against encoding/json.
func agrees(t testing.TB, user *auth.User, text, name string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		// Numbers that a float64 cannot hold are exact digits to us.
		if !strings.Contains(err.Error(), "cannot unmarshal number") {
			t.Errorf("%s: encoding/json: %v", name, err)
		}
		return
	}
	got, ok := user.Claim("x")
	want, isText := value.(string)
	switch {
	case value == nil || isText && want == "":
		if ok {
			t.Errorf("%s: %q, want nothing", name, got)
		}
	case isText && got != want:
		t.Errorf("%s: %q, want %q", name, got, want)
	case !isText && got != strings.Trim(text, " \t\r\n"):
		t.Errorf("%s: %q, want the text itself", name, got)
	}
}

// The example of RFC 7515 appendix A.1, whole: header with a line break, claims without a chance
// today.
func TestRFC7515Example(t *testing.T) {
	const key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
	const token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." +
		"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ." +
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	a := newAuth(t, auth.Config{Secrets: []string{"base64:" + key}})
	payload, err := a.VerifyCompact(t.Context(), token)
	if err != nil || !strings.Contains(string(payload), "is_root") {
		t.Errorf("payload %q, error %v", payload, err)
	}
	refused(t, a, token, "expired")
	if raw := must(base64.RawURLEncoding.DecodeString(key)); len(raw) != 64 {
		t.Error("the key of the example has 64 bytes")
	}
}

// No token of the vectors says that it is an offer, however good its signature is.
func TestVectorsAreNoOffers(t *testing.T) {
	var suite struct {
		TestGroups []struct {
			Public, Private struct{ Keys []map[string]any }
			Tests           []struct {
				TcID         int
				Comment, JWS string
			}
		}
	}
	read(t, vectors(t, "wycheproof/json_web_key_test.json"), &suite)
	ran := 0
	for _, group := range suite.TestGroups {
		keys := group.Public.Keys
		if keys == nil {
			keys = group.Private.Keys
		}
		cfg := configOf(t, keys)
		cfg.Type = offerType
		a, err := auth.New(cfg)
		if err != nil {
			continue // keys that nobody may use
		}
		for _, test := range group.Tests {
			ran++
			if _, err := a.VerifyCompact(t.Context(), test.JWS); err == nil {
				t.Errorf("%d %s: accepted as an offer", test.TcID, test.Comment)
			}
		}
	}
	if ran == 0 {
		t.Error("no token was tried")
	}
}
