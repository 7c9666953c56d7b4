package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

const good = "" // the token is accepted

// TestTimes tells time by a clock that stands at 2,000,000,000.
func TestTimes(t *testing.T) {
	const now = 2_000_000_000
	const farAhead = now + 10*365*24*3600
	for _, test := range []struct {
		claims string
		rule   string
	}{
		{`{}`, "exp_missing"},
		{`{"iat":1999999999}`, "exp_missing"},
		{`{"exp":2000000001}`, good},
		{`{"exp":2000000000}`, good}, // leeway
		{`{"exp":1999999971}`, good},
		{`{"exp":1999999970.5}`, good},
		{`{"exp":1999999970}`, "expired"},
		{`{"exp":1999999969}`, "expired"},
		{`{"exp":0}`, "expired"},
		{`{"exp":-0.0}`, "expired"},
		{`{"exp":0.4}`, "expired"},
		{`{"exp":-1}`, "expired"},
		{`{"exp":-1e300}`, "expired"},
		{`{"exp":1e-999}`, "expired"},
		{`{"exp":2.0000001e9}`, good},
		{`{"exp":2000000100.75}`, good},
		{fmt.Sprintf(`{"exp":%d}`, farAhead), good},
		{fmt.Sprintf(`{"exp":%d}`, farAhead+1), "far_future"},
		{`{"exp":2000000060000}`, "far_future"}, // milliseconds
		{`{"exp":1e300}`, "far_future"},
		{`{"exp":1e400}`, "claims_type"},
		{`{"exp":"2000000060"}`, "claims_type"},
		{`{"exp":null}`, "exp_missing"},
		{`{"exp":true}`, "claims_type"},
		{`{"exp":[2000000060]}`, "claims_type"},
		{`{"exp":{}}`, "claims_type"},
		{`{"exp":"Infinity"}`, "claims_type"},
		{`{"exp":2000000060,"exp":2000000061}`, "claims_duplicate"},
		{`{"exp":2000000060,"\u0065xp":2000000061}`, "claims_duplicate"},
		{`{"exp":1000000000,"EXP":2000000060}`, "claims_case"},
		{`{"EXP":2000000060}`, "claims_case"},

		{`{"exp":2000000060,"nbf":2000000000}`, good},
		{`{"exp":2000000060,"nbf":2000000030}`, good},
		{`{"exp":2000000060,"nbf":2000000030.5}`, "not_yet"},
		{`{"exp":2000000060,"nbf":2000000031}`, "not_yet"},
		{`{"exp":2000000060,"nbf":0}`, good},
		{`{"exp":2000000060,"nbf":-5}`, good},
		{`{"exp":2000000060,"nbf":1999999000000}`, "far_future"},
		{`{"exp":2000000060,"nbf":"1"}`, "claims_type"},
		{`{"exp":2000000060,"nbf":null}`, good},
		{`{"exp":2000000060,"Nbf":1}`, "claims_case"},

		{`{"exp":2000000060,"iat":2000000030}`, good},
		{`{"exp":2000000060,"iat":2000000031}`, "issued_at"},
		{`{"exp":2000000060,"iat":1000000000}`, good},
		{`{"exp":2000000060,"iat":2000000000000}`, "far_future"},
		{`{"exp":2000000060,"iat":"yesterday"}`, "claims_type"},
		{`{"exp":2000000060,"iat":null}`, good},
		{`{"exp":2000000060,"iat":false}`, "claims_type"},
		{`{"exp":2000000060,"iat":1e400}`, "claims_type"},
	} {
		t.Run(test.claims, func(t *testing.T) {
			cfg := withSecret()
			cfg.Now = func() time.Time { return time.Unix(now, 0) }
			judged(t, newAuth(t, cfg), test.claims, test.rule)
		})
	}
}

// judged wants a token with these claims to break the rule, or none.
func judged(t *testing.T, a *auth.Authenticator, claims, rule string) {
	t.Helper()
	token := hs256().token(t, claims)
	if rule == good {
		accepted(t, a, token)
		return
	}
	refused(t, a, token, rule)
	if _, err := a.VerifyCompact(t.Context(), token); err != nil {
		t.Errorf("VerifyCompact looked at the claims: %v", err)
	}
}

func TestLeewayAndMaxAge(t *testing.T) {
	const now = 2_000_000_000
	for _, test := range []struct {
		leeway, maxAge time.Duration
		claims         string
		rule           string
	}{
		{-1, 0, `{"exp":2000000001}`, good},
		{-1, 0, `{"exp":2000000000}`, "expired"},
		{-1, 0, `{"exp":2000000001,"nbf":2000000000}`, good},
		{-1, 0, `{"exp":2000000001,"nbf":2000000001}`, "not_yet"},
		{-1, 0, `{"exp":2000000001,"iat":2000000001}`, "issued_at"},
		{5 * time.Minute, 0, `{"exp":1999999701}`, good},
		{5 * time.Minute, 0, `{"exp":1999999700}`, "expired"},
		{-1, time.Hour, `{"exp":2000000060}`, "max_age"},
		{-1, time.Hour, `{"exp":2000000060,"iat":1999996401}`, good},
		{-1, time.Hour, `{"exp":2000000060,"iat":1999996400}`, "max_age"},
		{0, time.Hour, `{"exp":2000000060,"iat":1999996371}`, good},
		{0, time.Hour, `{"exp":2000000060,"iat":1999996370}`, "max_age"},
		{0, time.Hour, `{"exp":2000000060,"iat":-1}`, "max_age"},
		{0, time.Hour, `{"exp":2000000060,"iat":null}`, "max_age"},
	} {
		t.Run(fmt.Sprint(test.leeway, test.maxAge, test.claims), func(t *testing.T) {
			cfg := withSecret()
			cfg.Now = func() time.Time { return time.Unix(now, 0) }
			cfg.Leeway, cfg.MaxAge = test.leeway, test.maxAge
			judged(t, newAuth(t, cfg), test.claims, test.rule)
		})
	}
}

func TestParties(t *testing.T) {
	const issuer = "https://id.example.com"
	for _, test := range []struct {
		issuer   string
		audience []string
		claims   string
		rule     string
	}{
		{"", nil, ``, good},
		{"", nil, `"iss":"anybody"`, good},
		{"", nil, `"iss":42`, "claims_type"},
		{"", nil, `"iss":null`, good},
		{issuer, nil, `"iss":null`, "issuer"},
		{issuer, nil, `"iss":"https://id.example.com"`, good},
		{issuer, nil, ``, "issuer"},
		{issuer, nil, `"iss":""`, "issuer"},
		{issuer, nil, `"iss":"https://id.example.com/"`, "issuer"},
		{issuer, nil, `"iss":"https://ID.example.com"`, "issuer"},
		{issuer, nil, `"iss":"https://id.example.com.evil.example"`, "issuer"},
		{issuer, nil, `"iss":["https://id.example.com"]`, "claims_type"},
		{issuer, nil, `"ISS":"https://id.example.com"`, "claims_case"},

		{"", nil, `"aud":"anything"`, good},
		{"", nil, `"aud":42`, "claims_type"},
		{"", nil, `"aud":null`, good},
		{"", nil, `"aud":[null]`, "claims_type"},
		{"", []string{"any"}, `"aud":null`, good},
		{"", []string{"shop"}, `"aud":null`, "audience"},
		{"", []string{"shop"}, `"aud":["shop",null]`, "claims_type"},
		{"", nil, `"aud":{}`, "claims_type"},
		{"", []string{"any"}, `"aud":"anything"`, good},
		{"", []string{"any"}, ``, good},
		{"", []string{"any"}, `"aud":[1]`, "claims_type"},
		{"", []string{"shop"}, `"aud":"shop"`, good},
		{"", []string{"shop"}, `"aud":["blog","shop"]`, good},
		{"", []string{"store", "shop"}, `"aud":["blog","shop"]`, good},
		{"", []string{"shop"}, ``, "audience"},
		{"", []string{"shop"}, `"aud":[]`, "audience"},
		{"", []string{"shop"}, `"aud":""`, "audience"},
		{"", []string{"shop"}, `"aud":"Shop"`, "audience"},
		{"", []string{"shop"}, `"aud":"shop "`, "audience"},
		{"", []string{"shop"}, `"aud":"shop,blog"`, "audience"},
		{"", []string{"shop"}, `"aud":"workshop"`, "audience"},
		{"", []string{"shop"}, `"aud":"any"`, "audience"},
		{"", []string{"shop"}, `"aud":["sho","p"]`, "audience"},
		{"", []string{"shop"}, `"aud":[["shop"]]`, "claims_type"},
		{"", []string{"shop"}, `"aud":["shop",42]`, "claims_type"},
		{"", []string{"shop"}, `"aud":{"shop":true}`, "claims_type"},
		{"", []string{"42"}, `"aud":42`, "claims_type"},
		{"", []string{"shop"}, `"aud":"\u0073hop"`, good},
		{"", []string{"shop"}, `"aud":"blog","\u0061ud":"shop"`, "claims_duplicate"},
	} {
		t.Run(fmt.Sprint(test.issuer, test.audience, test.claims), func(t *testing.T) {
			cfg := withSecret()
			cfg.Issuer, cfg.Audience = test.issuer, test.audience
			judged(t, newAuth(t, cfg), claims(test.claims), test.rule)
		})
	}
}

// TestClaimsText is about JSON that different readers understand differently.
func TestClaimsText(t *testing.T) {
	exp := claims("")
	exp = exp[1 : len(exp)-1]
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, test := range []struct{ payload, rule string }{
		{`{` + exp + `}`, good},
		{" \t\r\n{" + exp + "} \n", good},
		{`{` + exp + `,"x":` + deep(31) + `}`, good},
		{`{` + exp + `,"x":` + deep(32) + `}`, "claims_json"},
		{
			`{` + exp + `,"x":` + strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat(`}`, 32) + `}`,
			"claims_json",
		},
		{``, "claims_json"},
		{`null`, "claims_json"},
		{`[]`, "claims_json"},
		{`"text"`, "claims_json"},
		{`42`, "claims_json"},
		{`{` + exp + `} x`, "claims_json"},
		{`{` + exp + `}{` + exp + `}`, "claims_json"},
		{`{` + exp + `},`, "claims_json"},
		{`{` + exp + `,}`, "claims_json"},
		{`{` + exp, "claims_json"},
		{`{` + exp + `/**/}`, "claims_json"},
		{`{'exp':1}`, "claims_json"},
		{`{exp:1}`, "claims_json"},
		{"\ufeff{" + exp + "}", "claims_json"},
		{"{" + exp + `,"x":"` + "\xff" + `"}`, "claims_json"},
		{"{" + exp + `,"x":"` + "\xed\xa0\x80" + `"}`, "claims_json"},
		{"{" + exp + `,"x":"` + "\xc0\xaf" + `"}`, "claims_json"},
		{"{" + exp + `,"` + "\xff" + `":1}`, "claims_json"},
		{`{` + exp + `,"x":"\ud800"}`, "claims_json"},
		{`{` + exp + `,"x":"\udc00"}`, "claims_json"},
		{`{` + exp + `,"x":"\ud800x"}`, "claims_json"},
		{`{` + exp + `,"x":"\ud800\n"}`, "claims_json"},
		{`{` + exp + `,"x":"\ud800\ud800"}`, "claims_json"},
		{`{` + exp + `,"x":"\ud800\u0041"}`, "claims_json"},
		{`{` + exp + `,"\ud800":1}`, "claims_json"},
		{`{` + exp + `,"x":"\ud83d\ude00"}`, good},
		{`{` + exp + `,"x":"\\ud800"}`, good},
		{`{` + exp + `,"x":"\uFFFF"}`, good},
		{`{` + exp + `,"x":"` + "a\x00b" + `"}`, "claims_json"},
		{`{` + exp + `,"x":"\u0000"}`, good},
		{`{` + exp + `,"x":1,"x":1}`, "claims_duplicate"},
		{`{` + exp + `,"x":1,"\u0078":2}`, "claims_duplicate"},
		{`{` + exp + `,"/":1,"\/":2}`, "claims_duplicate"},
		{`{` + exp + `,"x":{"y":1,"y":2}}`, "claims_duplicate"},
		{`{` + exp + `,"x":[{"y":1,"\u0079":2}]}`, "claims_duplicate"},
		{`{` + exp + `,"x":{"y":1},"y":2}`, good},
		{`{` + exp + `,"sub":"a","sub":"b"}`, "claims_duplicate"},
		{`{` + exp + `,"":1,"":2}`, "claims_duplicate"},
		{`{` + exp + `,"Sub":"a"}`, "claims_case"},
		{`{` + exp + `,"E\u006dail":"a"}`, "claims_case"},
		{`{` + exp + `,"Email_Verified":true}`, "claims_case"},
		{`{` + exp + `,"PHONE_NUMBER":"1"}`, "claims_case"},
		{`{` + exp + `,"phone_number_Verified":"1"}`, "claims_case"},
		{`{` + exp + `,"Locale":"en"}`, "claims_case"},
		{`{` + exp + `,"JTI":"en"}`, "claims_case"},
		{`{` + exp + `,"ſub":"long s"}`, "claims_case"},
		{`{` + exp + `,"Sub":null}`, "claims_case"}, // the name is what is wrong
		{`{` + exp + `,"jti":null,"sub":null,"locale":null,"email":null}`, good},
		{`{` + exp + `,"x":null,"x":1}`, "claims_duplicate"},
		{`{` + exp + `,"Plan":"a","plan":"b"}`, good}, // not a registered claim
		{`{` + exp + `,"e-mail":"a"}`, good},
		{`{` + exp + `,"x":{"Sub":"a"}}`, good}, // not at the top
		{`{` + exp + manyMembers(600) + `}`, good},
		{`{` + exp + manyMembers(600) + `,"m300":1}`, "claims_duplicate"},
	} {
		t.Run(test.payload[:min(len(test.payload), 60)], func(t *testing.T) {
			judged(t, newAuth(t, withSecret()), test.payload, test.rule)
		})
	}
}

func manyMembers(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `,"m%d":1`, i)
	}
	return text.String()
}
