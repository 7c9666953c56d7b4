package auth_test

import (
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
		{`{"alg":"HS256","typ":null}`, good},
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
		{`{"alg":"HS256","cty":null}`, good},
		{`{"alg":"HS256","cty":"text/plain"}`, good},
		{`{"alg":"HS256","crit":["exp"],"exp":1}`, "crit"},
		{`{"alg":"HS256","crit":[]}`, "crit"},
		{`{"alg":"HS256","crit":["alg"]}`, "crit"},
		{`{"alg":"HS256","crit":null}`, good},
		{`{"alg":"HS256","crit":[null]}`, "crit"},
		{`{"alg":"HS256","b64":null,"zip":null}`, good},
		{`{"alg":"HS256","crit":null,"crit":["b64"]}`, "header_duplicate"},
		{`{"alg":"HS256","b64":false,"crit":["b64"]}`, "crit"},
		{`{"alg":"HS256","b64":false}`, "b64"},
		{`{"alg":"HS256","b64":true}`, "b64"},
		{`{"alg":"HS256","zip":"DEF"}`, "zip"},
		{`{"alg":"HS256","kid":"any"}`, good}, // a secret has no kid
		{`{"alg":"HS256","kid":""}`, "kid"},
		{`{"alg":"HS256","kid":null}`, good},
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
		{
			"{\"alg\":\"HS256\",\"\u212aid\":\"x\"}", "header_duplicate",
		}, // the Kelvin sign folds to k
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
		{
			`{"alg":"HS256","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
			"header_json",
		},
		{
			`{"alg":"HS256","jku":"https://evil.example","x5u":"https://evil.example"` +
				`,"x5c":["MII"],"jwk":{},"x5t":"a"}`,
			good,
		},
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
		"empty":        {"", "parts"},
		"one part":     {header, "parts"},
		"two parts":    {header + "." + payload, "parts"},
		"four parts":   {token + "." + signature, "parts"},
		"five parts":   {token + "." + signature + "." + signature, "parts"},
		"no header":    {"." + payload + "." + signature, "parts"},
		"dots":         {strings.Repeat(".", 8192), "parts"},
		"no signature": {header + "." + payload + ".", "signature"},
		"no payload":   {header + ".." + signature, "signature"},
		"other payload": {
			header + "." + b64.EncodeToString([]byte(claims(ada+`,"a":1`))) + "." + signature,
			"signature",
		},
		"half a signature":   {header + "." + payload + "." + signature[:20], "signature"},
		"signature and more": {token + "AAAA", "signature"},
		"padding":            {token + "=", "charset"},
		"newline": {
			header + "." + payload + "." + signature[:9] + "\n" + signature[9:], "charset",
		},
		"newline in the header": {
			header[:9] + "\n" + header[9:] + "." + payload + "." + signature, "charset",
		},
		"blank":             {" " + token, "charset"},
		"tab":               {token + "\t", "charset"},
		"NUL":               {token + "\x00", "charset"},
		"percent":           {token + "%0a", "charset"},
		"standard alphabet": {header + "." + payload + ".+" + signature[1:], "charset"},
		"slash":             {header + "." + payload + "./" + signature[1:], "charset"},
		"not ASCII":         {token + "é", "charset"},
		"JSON": {
			`{"protected":"` + header + `","payload":"` + payload + `"` +
				`,"signature":"` + signature + `"}`,
			"charset",
		},
		"header of odd length": {header + "A." + payload + "." + signature, ""},
		"short last character": {header + "." + payload + "." + signature + "A", ""},
		"malleable":            {token[:len(token)-1] + next(token[len(token)-1]), "encoding"},
		"malleable header": {
			b64.EncodeToString([]byte(`{"alg":"HS256"} `))[:20] + "J." + payload + "." + signature,
			"",
		},
		"8193 bytes":         {long + strings.Repeat("A", 8193-len(long)), "size"},
		"a mebibyte":         {strings.Repeat("A", 1<<20), "size"},
		"a mebibyte of dots": {strings.Repeat(".", 1<<20), "size"},
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

// next is the following character of the alphabet: for the last one of a signature it stands for
// the same bytes if the decoder is lenient.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)|1])
}

// A payload that is not canonical base64url is refused although its signature is good.
func TestSignedJunk(t *testing.T) {
	a := newAuth(t, withSecret())
	for _, payload := range []string{"A", "AB", "AAAAB"} {
		signed := b64.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + payload
		compactly(t, a, signed+"."+b64.EncodeToString(hs256().signature(t, signed)), "encoding")
	}
}
