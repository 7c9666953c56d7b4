package auth_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"github.com/caddy-checkout/checkout/auth"
)

// joseSays is what another library makes of a token signed with our secret.
func joseSays(token string) (payload []byte, err error) {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return nil, err
	}
	return parsed.Verify([]byte(secret))
}

// strictOnly are the rules that refuse what go-jose may accept. All others it must refuse, too.
var strictOnly = []string{
	"size", "charset", "encoding", "header_json", "header_duplicate", "algorithm", "crit", "b64",
	"zip", "cty", "typ", "kid",
}

// compare holds our verdict on a token against go-jose's: we may be stricter where we say so, never
// more lenient.
func compare(t *testing.T, a *auth.Authenticator, token string) (payload []byte, ok bool) {
	t.Helper()
	payload, err := a.VerifyCompact(t.Context(), token)
	theirs, theirErr := joseSays(token)
	switch {
	case err == nil && theirErr != nil:
		t.Errorf("accepted; go-jose: %v: %q", theirErr, token)
	case err == nil && !bytes.Equal(payload, theirs):
		t.Errorf("payload %q; go-jose: %q", payload, theirs)
	case err != nil:
		wantRule(t, err, "")
		rule := strings.TrimPrefix(err.Error(), "token refused: ")
		if theirErr == nil && !slices.Contains(strictOnly, rule) {
			t.Errorf("refused by %s; go-jose accepts: %q", rule, token)
		}
		if !slices.Contains(auth.Rules(), rule) {
			t.Errorf("rule %q is not in the list", rule)
		}
	}
	return payload, err == nil
}

func FuzzCompact(f *testing.F) {
	good := hs256().sign(f, `{"alg":"HS256"}`, `{"exp":4000000000}`)
	for _, seed := range []string{
		good, "", ".", "..", "...", good + ".", good + "=", good[:len(good)-1],
		strings.ToUpper(good), "eyJhbGciOiJub25lIn0.e30.",
		strings.Replace(good, ".", "..", 1), strings.Replace(good, ".", "\n.", 1), " " + good,
		good + "A",
	} {
		f.Add(seed)
	}
	a := newAuth(f, withSecret())
	f.Fuzz(func(t *testing.T, token string) {
		compare(t, a, token)
		if _, err := a.Verify(t.Context(), token); err != nil {
			wantRule(t, err, "")
		}
	})
}

// FuzzHeader signs any header, so that nothing but the header decides.
func FuzzHeader(f *testing.F) {
	for _, seed := range []string{
		`{"alg":"HS256"}`, `{"alg":"HS256","typ":"JWT"}`, `{"alg":"none"}`,
		`{"alg":"HS256","crit":["b64"],"b64":false}`, `{"alg":"HS256","kid":"a"}`,
		`{"alg":"HS256","alg":"none"}`, `{"\u0061lg":"HS256"}`, `{"alg":"HS256","ALG":"none"}`,
		`{"alg":"HS256","cty":"JWT"}`, `[]`, `null`,
		`{"alg":"HS256","zip":"DEF"}`, `{"alg":"HS256","x":{"y":[1,2,{"z":null}]}}`,
		`{"alg":"HS256"}{}`, `{"alg":"HS256","x":"\ud800"}`,
	} {
		f.Add(seed)
	}
	a := newAuth(f, withSecret())
	f.Fuzz(func(t *testing.T, header string) {
		if _, ok := compare(t, a, hs256().sign(t, header, "payload")); !ok {
			return
		}
		var seen map[string]any
		if err := json.Unmarshal([]byte(header), &seen); err != nil || seen["alg"] != "HS256" {
			t.Fatalf("accepted, but encoding/json sees %v, %v", seen, err)
		}
		for name := range seen {
			switch strings.ToLower(name) {
			case "crit", "b64", "zip":
				if seen[name] == nil {
					continue // null says what absence says
				}
				t.Errorf("accepted with %s", name)
			}
		}
	})
}

// FuzzClaims holds our reading of claims against encoding/json's.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		`{"exp":4000000000,"email":"ada@example.com"}`, `{"exp":1}`, `{"exp":"1"}`,
		`{"a":{"b":{"c":1}},"a.b":2}`, `{"a":1,"a":2}`, `{"aud":["a",1]}`,
		`{"aud":[ "a" , "b" ],"exp":4e9}`, `{"iss":null}`, `{"x":"\ud83d\ude00"}`, `{"x":"\ud83d"}`,
		`{"Exp":1}`, `[{}]`, `{} {}`, "{\"x\":\"\xff\"}",
		`{"":"","x":[[],{},[{}]],"y":-0.0e-1,"email_verified":"true"` +
			`,"phone_number":"+905551112233"}`,
	} {
		f.Add(seed, "a.b")
	}
	a := newAuth(f, auth.Config{Secrets: []string{secret}, Audience: []string{"a"}, Issuer: "i"})
	f.Fuzz(func(t *testing.T, payload, path string) {
		if _, err := a.Verify(t.Context(), hs256().token(t, payload)); err != nil {
			wantRule(t, err, "")
		}
		user, err := a.UnverifiedUser([]byte(payload))
		if err != nil {
			wantRule(t, err, "")
			return
		}
		var seen map[string]json.RawMessage
		if err := json.Unmarshal([]byte(payload), &seen); err != nil || seen == nil {
			t.Fatalf("accepted, but encoding/json says %v", err)
		}
		user.Claim(path)
		user.SubscriberTrace()
		for name, raw := range seen {
			if string(raw) == "null" {
				continue // says what absence says, so that a path of that name counts
			}
			got, ok := user.Claim(name)
			var text string
			if json.Unmarshal(raw, &text) == nil {
				if got != text || ok != (text != "") {
					t.Errorf("%q is %q, want %q", name, got, text)
				}
			} else if ok && got != string(raw) {
				t.Errorf("%q is %q, want %q", name, got, raw)
			}
		}
	})
}

func fuzzSubscriber(f *testing.F, kind auth.Kind, form *regexp.Regexp, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := auth.ParseSubscriber(kind, text)
		if err != nil {
			if s.Known() {
				t.Errorf("an error with a subscriber for %q", text)
			}
			return
		}
		if !form.MatchString(s.ID) || kind != "" && s.Kind != kind {
			t.Errorf("%q became %s %q", text, s.Kind, s.ID)
		}
		if again, err := auth.ParseSubscriber(s.Kind, s.ID); err != nil || again != s {
			t.Errorf("%q is not canonical", s.ID)
		}
		if strings.ContainsAny(s.ID, "\r\n\t \x00\"`<>&,;\\") {
			t.Errorf("%q holds what could end a string", s.ID)
		}
		if kind == "" && s.Kind == auth.Phone {
			t.Errorf("%q became a phone by its shape", text)
		}
	})
}

func FuzzEmail(f *testing.F) {
	fuzzSubscriber(
		f,
		auth.Email,
		regexp.MustCompile("^[!-~]{1,252}@[0-9A-Za-z._-]+$"),
		"ada@example.com",
		"a@b@c",
		"\"a\"@b",
		"a@b\n",
		"а@example.com",
		"a@example.com.",
		"@",
		strings.Repeat("a", 250)+"@b.cd",
	)
}

func FuzzPhone(f *testing.F) {
	fuzzSubscriber(
		f,
		auth.Phone,
		regexp.MustCompile("^[1-9][0-9]{6,14}$"),
		"+905551112233",
		"905551112233",
		"0555",
		"++1",
		"+",
		"1e9",
		"٩٠٥٥٥١١١٢٢٣٣",
	)
}

func FuzzUUID(f *testing.F) {
	fuzzSubscriber(
		f,
		auth.UUID,
		regexp.MustCompile("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
		aUUID,
		strings.ToUpper(aUUID),
		"{"+aUUID+"}",
	)
}

func FuzzSubscriberByShape(f *testing.F) {
	fuzzSubscriber(
		f,
		"",
		regexp.MustCompile("^([!-~]{1,252}@[0-9A-Za-z._-]+|[0-9a-f-]{36})$"),
		"ada@example.com",
		aUUID,
		"905551112233",
		"auth0|1",
	)
}

// FuzzObject: what is read as an object is what encoding/json calls well-formed, but for what two
// readers could understand differently.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"a":1}`, `{"a":[1,-0.5e+3,0,10E9,"x",true,false,null,{},[]]}`,
		`{"a":{"b":[[]]}}`,
		`{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1 "b":2}`, `{a:1}`, `{"a":[1,]}`, `{"a":[,1]}`,
		`{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":-}`, `{"a":1e}`, `{"a":+1}`, `{"a":1e5.5}`,
		`{"a":0x1}`,
		`{"a":tru}`, `{"a":truE}`, `{"a":nulll}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\u00g0"}`,
		`{"a":"\ud83d\ude00"}`, `{"a":"\ud83d"}`, `{"a":"\ude00"}`, `{"a":"\ud83d\u12"}`, `{"a":"`,
		"{\"a\":\"\n\"}", "{\"a\":\"\x00\"}", `{"a":"\`, `{"a":"\u`, `{"a":1}}`, `{"a":1}{`, `[]`, `1`,
		``, `{`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, "\ufeff{}", "{\"\xff\":1}", "{\"a\":1}\x00", `{"a" :1}`,
		"{\v}",
		strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), strings.Repeat("[", 99),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want := json.Valid(data) && utf8.Valid(data) &&
			bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
		is, strict := auth.IsObjectForTest(bytes.Clone(data))
		if is && !want {
			t.Errorf("%q was taken for an object", data)
		}
		if want && !is && !strict {
			t.Errorf("%q was refused for its grammar", data)
		}
	})
}

func FuzzKeySet(f *testing.F) {
	set := jwks(
		jwk(p256Key(), map[string]any{"kid": "a"}),
		jwk(rsaKey(), map[string]any{"kid": "b", "use": "sig"}),
		jwk(ed25519Key(), nil),
	)
	for _, seed := range []string{
		set, jwks(), "{}", "", `{"keys":{}}`, `{"keys":[1]}`, `{"keys":[{}]}`,
		`{"keys":[],"keys":[]}`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`,
		strings.Replace(set, "P-256", "P-384", 1),
		strings.Replace(set, `"use":"sig"`, `"use":"enc"`, 1),
		strings.Replace(set, `"kid":"b"`, `"kid":"a"`, 1),
		strings.Replace(set, `"AQAB"`, `"AAAAAAAAAAAAAAEB"`, 1),
		`{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""}]}`,
		`{"keys":[{"kty":"RSA","n":"AQ==","e":"AQAB","x5u":"https://evil.example"` +
			`,"x5c":["AAAA"]}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := auth.ParseKeySetForTest(body)
		if (err == nil) != (keys > 0) {
			t.Errorf("%d keys and error %v", keys, err)
		}
		if auth.SymmetricForTest(body) {
			t.Error("a symmetric key was taken")
		}
		if err == nil && !json.Valid(body) {
			t.Error("the set is not JSON")
		}
	})
}
