package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

// compactly wants the token to break a rule before its claims are read, or none.
func compactly(t testing.TB, a *auth.Authenticator, token, rule string) {
	t.Helper()
	payload, err := a.VerifyCompact(t.Context(), token)
	if rule == good {
		if err != nil {
			t.Errorf("a good token: %v", err)
		}
		return
	}
	wantRule(t, err, rule)
	if payload != nil {
		t.Error("a refused token gave its payload")
	}
}

func TestPayloadOfAnyBytes(t *testing.T) {
	a := newAuth(t, withSecret())
	for _, want := range []string{"", "x", "\x00\xff", "not json", `{"exp":1}`} {
		got, err := a.VerifyCompact(t.Context(), hs256().sign(t, `{"alg":"HS256"}`, want))
		if err != nil || string(got) != want {
			t.Errorf("payload %q, error %v, want %q", got, err, want)
		}
	}
}

func TestHeader(t *testing.T) {
	a := newAuth(t, withSecret())
	for _, test := range []struct{ header, rule string }{
		{`{"alg":"HS256"}`, good},
		{`{"typ":"JWT","alg":"HS256"}`, good},
		{` { "alg" : "HS256" } `, good},
		{`{"\u0061lg":"HS256"}`, good},
		{`{"alg":"HS256","typ":"jwt"}`, good},
		{`{"alg":"HS256","typ":"at+jwt"}`, good},
		{`{"alg":"HS256","typ":"application/at+jwt"}`, good},
		{`{"alg":"HS256","typ":"application/JWT"}`, good},
		{`{"alg":"HS256","typ":""}`, "typ"},
		{`{"alg":"HS256","typ":null}`, "typ"},
		{`{"alg":"HS256","typ":1}`, "typ"},
		{`{"alg":"HS256","typ":["JWT"]}`, "typ"},
		{`{"alg":"HS256","typ":"JOSE"}`, "typ"},
		{`{"alg":"HS256","typ":"logout+jwt"}`, "typ"},
		{`{"alg":"HS256","typ":"secevent+jwt"}`, "typ"},
		{`{"alg":"HS256","typ":"dpop+jwt"}`, "typ"},
		{`{"alg":"HS256","typ":"JWT "}`, "typ"},
		{`{"alg":"HS256","cty":"JWT"}`, "cty"},
		{`{"alg":"HS256","cty":"jwt"}`, "cty"},
		{`{"alg":"HS256","cty":"application/jwt"}`, "cty"},
		{`{"alg":"HS256","cty":"JOSE+JSON"}`, "cty"},
		{`{"alg":"HS256","cty":"JWT; charset=utf-8"}`, "cty"},
		{`{"alg":"HS256","cty":null}`, "cty"},
		{`{"alg":"HS256","cty":"text/plain"}`, good},
		{`{"alg":"HS256","crit":["exp"],"exp":1}`, "crit"},
		{`{"alg":"HS256","crit":[]}`, "crit"},
		{`{"alg":"HS256","crit":["alg"]}`, "crit"},
		{`{"alg":"HS256","crit":null}`, "crit"},
		{`{"alg":"HS256","b64":false,"crit":["b64"]}`, "crit"},
		{`{"alg":"HS256","b64":false}`, "b64"},
		{`{"alg":"HS256","b64":true}`, "b64"},
		{`{"alg":"HS256","zip":"DEF"}`, "zip"},
		{`{"alg":"HS256","kid":"any"}`, good}, // a secret has no kid
		{`{"alg":"HS256","kid":""}`, "kid"},
		{`{"alg":"HS256","kid":null}`, "kid"},
		{`{"alg":"HS256","kid":1}`, "kid"},
		{`{"alg":"HS256","kid":["a"]}`, "kid"},
		{`{"alg":"HS256","kid":"` + strings.Repeat("k", 256) + `"}`, good},
		{`{"alg":"HS256","kid":"` + strings.Repeat("k", 257) + `"}`, "kid"},
		{`{"alg":"HS256","kid":"a","kid":"b"}`, "header_duplicate"},
		{`{"alg":"HS256","alg":"none"}`, "header_duplicate"},
		{`{"alg":"none","\u0061lg":"HS256"}`, "header_duplicate"},
		{`{"alg":"HS256","ALG":"none"}`, "header_duplicate"},
		{`{"alg":"HS256","Crit":["x"]}`, "header_duplicate"},
		{`{"alg":"HS256","KID":"x"}`, "header_duplicate"},
		{"{\"alg\":\"HS256\",\"\u212aid\":\"x\"}", "header_duplicate"}, // the Kelvin sign folds to k
		{`{"Alg":"HS256"}`, "header_duplicate"},
		{`{"alg":"HS256","jwk":{"a":1,"a":2}}`, "header_duplicate"},
		{`{}`, "algorithm"},
		{`{"alg":"none"}`, "algorithm"},
		{`{"alg":"hs256"}`, "algorithm"},
		{`{"alg":"HS256 "}`, "algorithm"},
		{`{"alg":"HS384"}`, "algorithm"},
		{`{"alg":["HS256"]}`, "algorithm"},
		{`{"alg":null}`, "algorithm"},
		{`null`, "header_json"},
		{`[]`, "header_json"},
		{`"HS256"`, "header_json"},
		{``, "parts"},
		{`{"alg":"HS256"} x`, "header_json"},
		{`{"alg":"HS256"}{}`, "header_json"},
		{"\ufeff" + `{"alg":"HS256"}`, "header_json"},
		{`{"alg":"HS256","x":"` + "\xff" + `"}`, "header_json"},
		{`{"alg":"HS256","x":"\ud800"}`, "header_json"},
		{`{"alg":"HS256","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "header_json"},
		{`{"alg":"HS256","jku":"https://evil.example","x5u":"https://evil.example","x5c":["MII"],"jwk":{},"x5t":"a"}`, good},
	} {
		t.Run(test.header[:min(len(test.header), 60)], func(t *testing.T) {
			compactly(t, a, hs256().sign(t, test.header, "payload"), test.rule)
		})
	}
}

func TestStructure(t *testing.T) {
	a := newAuth(t, withSecret())
	token := hs256().token(t, claims(ada))
	parts := strings.Split(token, ".")
	header, payload, signature := parts[0], parts[1], parts[2]
	padded := func(n int) string {
		return hs256().sign(t, `{"alg":"HS256"}`, strings.Repeat("x", n))
	}
	long := padded((8192 - len(padded(0))) * 3 / 4)
	for name, test := range map[string]struct{ token, rule string }{
		"empty":                 {"", "parts"},
		"one part":              {header, "parts"},
		"two parts":             {header + "." + payload, "parts"},
		"four parts":            {token + "." + signature, "parts"},
		"five parts":            {token + "." + signature + "." + signature, "parts"},
		"no header":             {"." + payload + "." + signature, "parts"},
		"dots":                  {strings.Repeat(".", 8192), "parts"},
		"no signature":          {header + "." + payload + ".", "signature"},
		"no payload":            {header + ".." + signature, "signature"},
		"other payload":         {header + "." + b64.EncodeToString([]byte(claims(ada+`,"a":1`))) + "." + signature, "signature"},
		"half a signature":      {header + "." + payload + "." + signature[:20], "signature"},
		"signature and more":    {token + "AAAA", "signature"},
		"padding":               {token + "=", "charset"},
		"newline":               {header + "." + payload + "." + signature[:9] + "\n" + signature[9:], "charset"},
		"newline in the header": {header[:9] + "\n" + header[9:] + "." + payload + "." + signature, "charset"},
		"blank":                 {" " + token, "charset"},
		"tab":                   {token + "\t", "charset"},
		"NUL":                   {token + "\x00", "charset"},
		"percent":               {token + "%0a", "charset"},
		"standard alphabet":     {header + "." + payload + ".+" + signature[1:], "charset"},
		"slash":                 {header + "." + payload + "./" + signature[1:], "charset"},
		"not ASCII":             {token + "é", "charset"},
		"JSON":                  {`{"protected":"` + header + `","payload":"` + payload + `","signature":"` + signature + `"}`, "charset"},
		"odd header":            {header + "A." + payload + "." + signature, ""},
		"short last character":  {header + "." + payload + "." + signature + "A", ""},
		"malleable":             {token[:len(token)-1] + next(token[len(token)-1]), "encoding"},
		"malleable header":      {b64.EncodeToString([]byte(`{"alg":"HS256"} `))[:20] + "J." + payload + "." + signature, ""},
		"8193 bytes":            {long + strings.Repeat("A", 8193-len(long)), "size"},
		"a mebibyte":            {strings.Repeat("A", 1<<20), "size"},
		"rubbish of a mebibyte": {strings.Repeat(".", 1<<20), "size"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.VerifyCompact(t.Context(), test.token)
			wantRule(t, err, test.rule)
			refused(t, a, test.token, test.rule)
		})
	}
	compactly(t, a, long, good)
	if len(long) != 8192 {
		t.Errorf("the longest good token of this test has %d bytes, want 8192", len(long))
	}
}

// next is the following character of the alphabet: for the last one of a signature it stands for the same bytes if
// the decoder is lenient.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)|1])
}

func TestRotation(t *testing.T) {
	old := signer{alg: "HS256", private: []byte("the secret of last year, retired soon")}
	a := newAuth(t, auth.Config{Secrets: []string{secret, "base64:" + "dGhlIHNlY3JldCBvZiBsYXN0IHllYXIsIHJldGlyZWQgc29vbg=="}})
	accepted(t, a, hs256().token(t, claims(ada)))
	accepted(t, a, old.token(t, claims(ada)))
	refused(t, a, signer{alg: "HS256", private: []byte("the secret of somebody else altogether")}.token(t, claims(ada)), "signature")

	a = newAuth(t, auth.Config{PublicKeys: []string{publicPEM(rsaKey()), file(t, "new.pem", publicPEM(otherRSA())+publicPEM(p256Key()))}})
	for _, s := range []signer{{alg: "RS256", private: rsaKey()}, {alg: "RS256", private: otherRSA()}, {alg: "ES256", private: p256Key()}} {
		accepted(t, a, s.token(t, claims(ada)))
	}
	refused(t, a, signer{alg: "ES256", private: otherP256()}.token(t, claims(ada)), "signature")
	refused(t, a, signer{alg: "PS256", private: rsaKey()}.token(t, claims(ada)), "algorithm")
}

// TestKeyChoice is about which key of a set may verify which token.
func TestKeyChoice(t *testing.T) {
	one, two := jwk(p256Key(), map[string]any{"kid": "1"}), jwk(otherP256(), map[string]any{"kid": "2"})
	with := func(more map[string]any) map[string]any { return jwk(p256Key(), more) }
	sign := func(header string) string {
		return signer{alg: "ES256", private: p256Key()}.sign(t, header, "payload")
	}
	const plain = `{"alg":"ES256"}`
	for _, test := range []struct {
		name   string
		keys   []map[string]any
		header string
		rule   string
	}{
		{"its kid", []map[string]any{one, two}, `{"alg":"ES256","kid":"1"}`, good},
		{"the other's kid", []map[string]any{one, two}, `{"alg":"ES256","kid":"2"}`, "signature"},
		{"an unknown kid", []map[string]any{one, two}, `{"alg":"ES256","kid":"3"}`, "kid"},
		{"a path as kid", []map[string]any{one}, `{"alg":"ES256","kid":"../../dev/null"}`, "kid"},
		{"SQL as kid", []map[string]any{one}, `{"alg":"ES256","kid":"1' UNION SELECT '1';--"}`, "kid"},
		{"a look-alike kid", []map[string]any{one}, `{"alg":"ES256","kid":"１"}`, "kid"},
		{"no kid, two keys", []map[string]any{one, two}, plain, "kid"},
		{"no kid, one key", []map[string]any{one}, plain, good},
		{"no kid, one key of the algorithm", []map[string]any{one, jwk(rsaKey(), nil)}, plain, good},
		{"no kid, no key of the algorithm", []map[string]any{jwk(rsaKey(), nil)}, plain, "key"},
		{"a kid, the key has none", []map[string]any{with(nil)}, `{"alg":"ES256","kid":"1"}`, "kid"},
		{"kid of another kind of key", []map[string]any{jwk(rsaKey(), map[string]any{"kid": "1"})}, `{"alg":"ES256","kid":"1"}`, "key"},
		{"alg of the key", []map[string]any{with(map[string]any{"alg": "ES256"})}, plain, good},
		{"use and key_ops", []map[string]any{with(map[string]any{"use": "sig", "key_ops": []string{"sign", "verify"}})}, plain, good},
		{"a key for encryption beside it", []map[string]any{with(nil), jwk(otherP256(), map[string]any{"use": "enc"})}, plain, good},
		{"a key of an unknown kind beside it", []map[string]any{with(nil), {"kty": "AKP", "alg": "ML-DSA-44"}}, plain, good},
		{"an RSA key for encryption", []map[string]any{with(nil), jwk(rsaKey(), map[string]any{"alg": "RSA-OAEP"})}, plain, good},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAuth(t, auth.Config{JWKS: file(t, "jwks.json", jwks(test.keys...)), Audience: []string{"any"}})
			compactly(t, a, sign(test.header), test.rule)
		})
	}

	pinned := newAuth(t, auth.Config{
		JWKS:     file(t, "jwks.json", jwks(jwk(rsaKey(), map[string]any{"kid": "r", "alg": "RS256"}))),
		Audience: []string{"any"},
	})
	accepted(t, pinned, signer{alg: "RS256", private: rsaKey(), kid: "r"}.token(t, claims(ada)))
	refused(t, pinned, signer{alg: "PS256", private: rsaKey(), kid: "r"}.token(t, claims(ada)), "key")
	refused(t, pinned, signer{alg: "PS256", private: rsaKey()}.token(t, claims(ada)), "key")
}

func TestRulesAreAClosedSet(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range auth.Rules() {
		if seen[rule] || strings.Trim(rule, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("rule %q", rule)
		}
		seen[rule] = true
	}
	if slices.Contains(auth.RefreshResults(), "") || !slices.Contains(auth.RefreshResults(), "ok") {
		t.Error("the results of a refresh")
	}
}
