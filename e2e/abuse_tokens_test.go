package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testsize"
)

// unsigned joins the parts of a token by hand.
func unsigned(header, payload, signature string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(header)) + "." + b64([]byte(payload)) + "." + b64([]byte(signature))
}

// forgeries are tokens that were not signed by the site.
func forgeries() map[string]string {
	body, _ := json.Marshal(claims("eve@example.com"))
	payload := string(body)
	forged := map[string]string{
		"no token": "invalid", "two parts": "e30.e30", "five parts": "e30.e30.e30.e30.e30",
		"dots":      strings.Repeat(".", 5000),
		"JSON form": `{"payload":"e30","signatures":[]}`,
	}
	for _, alg := range []string{
		`"none"`, `"None"`, `"nOnE"`, `"none "`, `""`, `null`, `0`, `[]`, `{}`, `"HS256 "`,
		`"hs256"`, `"RS256"`, `"PS256"`, `"ES256"`, `"EdDSA"`, `"dir"`,
	} {
		forged["alg "+alg] = unsigned(`{"alg":`+alg+`}`, payload, "")
		forged["alg "+alg+" with a signature"] = unsigned(`{"alg":`+alg+`}`, payload, "a signature")
	}
	for _, secret := range []string{
		"", "secret", shoptest.JWTSecret[1:], shoptest.JWTSecret + "\n", strings.Repeat("\x00", 32),
	} {
		text, err := jwt.NewWithClaims(jwt.SigningMethodHS256,
			jwt.MapClaims(claims("eve@example.com"))).SignedString([]byte(secret))
		if err == nil {
			forged[fmt.Sprintf("secret %q", secret)] = text
		}
	}
	good := tokenOf(claims("eve@example.com"))
	head, rest, _ := strings.Cut(good, ".")
	_, signature, _ := strings.Cut(rest, ".")
	forged["another payload"] = head + "." +
		base64.RawURLEncoding.EncodeToString([]byte(payload+" ")) + "." + signature
	forged["no signature"] = head + "." + rest[:len(rest)-len(signature)]
	forged["short signature"] = good[:len(good)-4]
	forged["padded"] = good + "="
	for _, h := range []map[string]any{
		{"crit": []string{"exp"}},
		{"b64": false},
		{"zip": "DEF"},
		{"cty": "JWT"},
		{"typ": "logout+jwt"},
		{"crit": []string{}},
	} {
		forged[fmt.Sprint("header ", h)] = tokenOf(claims("eve@example.com"), h)
	}
	return forged
}

func TestAbuse01ForgedTokens(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	var text string
	for name, token := range forgeries() {
		for place, how := range map[string]with{
			"cookie": bearing(token), "header": header("Authorization", "Bearer "+token),
		} {
			got := s.Send(t, "/upgrade", how, header("Accept", "application/json"))
			shoptest.WantDenied(t, name+" in "+place, got, http.StatusUnauthorized)
			if name == "JSON form" { // which is no cookie either, so nobody has signed in
				continue
			}
			if text == "" {
				text = got.Text
			}
			if got.Text != text {
				t.Errorf("%s: the answer is %q, and to another forgery %q", name, got.Text, text)
			}
		}
	}
	s.WantCalls(t, 0)
	s.WantLinkOf(t, ann, s.Send(t, "/upgrade", as(ann)))
}

func TestAbuse02ExpiredTokens(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	s.WantLinkOf(t, ann, s.Send(t, "/upgrade", as(ann)))
	for name, change := range map[string]map[string]any{
		"expired beyond the leeway": {"exp": time.Now().Add(-31 * time.Second).Unix()},
		"no exp":                    {"exp": nil},
		"exp as text":               {"exp": "4102444800"},
		"exp in milliseconds":       {"exp": time.Now().Add(time.Hour).UnixMilli()},
		"not yet valid":             {"nbf": time.Now().Add(time.Minute).Unix()},
		"from the future":           {"iat": time.Now().Add(time.Minute).Unix()},
	} { // Ann's link is cached, which helps none of them
		s.Denies(t, name, http.StatusUnauthorized, "/upgrade",
			bearing(tokenOf(claims(ann, change))))
	}
	s.WantCalls(t, 1)
}

func TestAbuse03TokensForOtherPurposes(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for name, change := range map[string]map[string]any{
		"another app": {"aud": "another"}, "nobody": {"aud": nil}, "a number": {"aud": 1},
		"part of the name": {"aud": "sho"},
		"other letters":    {"aud": "Shop"}, "an object": {"aud": map[string]any{"shop": 1}},
		"another issuer": {"iss": "https://id.example.com/"},
		"no issuer":      {"iss": nil},
	} {
		s.Denies(t, name, http.StatusUnauthorized, "/upgrade",
			bearing(tokenOf(claims(ann, change))))
	}
	for _, typ := range []string{"logout+jwt", "secevent+jwt", "dpop+jwt", "JWE"} {
		s.Denies(t, typ, http.StatusUnauthorized, "/upgrade",
			bearing(tokenOf(claims(ann), map[string]any{"typ": typ})))
	}
	s.WantLinkOf(t, ann,
		s.Send(t, "/upgrade",
			bearing(tokenOf(claims(ann, map[string]any{"aud": []string{"x", "shop"}})))))
	s.WantCalls(t, 1)
}

func TestAbuse04HugeTokens(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	wide, deep := strings.Repeat("x", 9000), strings.Repeat("[", 4000)+strings.Repeat("]", 4000)
	nested := json.RawMessage(deep[3000:5000])
	for name, token := range map[string]string{
		"9 KB of a claim": tokenOf(claims(ann, map[string]any{"x": wide})),
		"dots":            strings.Repeat(".", 15_000),
		"deep":            tokenOf(claims(ann, map[string]any{"x": nested})),
	} {
		s.Denies(t, name, http.StatusUnauthorized, "/upgrade", bearing(token))
	}
	s.WantCalls(t, 0)
}

// What no server lets through costs nothing either.
func TestAbuse04MegabytesOfToken(t *testing.T) {
	a := mustAuth(t, auth.Config{Secrets: []string{shoptest.JWTSecret}})
	signed := tokenOf(claims(ann, map[string]any{"x": strings.Repeat("[", 500_000)}))
	for _, token := range []string{
		signed, strings.Repeat(".", 1_000_000), strings.Repeat("A", 1<<20),
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		bearing(token)(r)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := a.Authenticate(r)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 64<<10 {
			t.Errorf("%d bytes of token cost %d, error %v", len(token), used, err)
		}
	}
}

// While forgers hammer, a real user is served as ever, and nothing of theirs is stored.
func TestAbuse05FloodOfForgedTokens(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	const workers = 6
	each := testsize.Of(3000) / workers
	forged := workers * each
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for i := range each {
				token := tokenOf(claims(person(worker*each + i)))
				got, err := s.TrySend(t.Context(), "/upgrade",
					bearing(token[:len(token)-5]+"AAAAA"))
				if err != nil || got.StatusCode != http.StatusUnauthorized {
					t.Errorf("a forged token got %v, %v", got.Response, err)
					return
				}
			}
		})
	}
	for range 50 {
		s.WantLinkOf(t, ann, s.Send(t, "/upgrade", as(ann)))
	}
	all.Wait()
	s.WantCalls(t, 1)
	s.WantSum(t, "caddy_checkout_token_refusals_total", `rule="signature"`, float64(forged))
}

func TestAbuse58Clocks(t *testing.T) {
	secrets := []string{shoptest.JWTSecret}
	issued := time.Date(2037, 12, 1, 0, 0, 0, 0, time.UTC)
	expires := time.Date(2038, 2, 1, 0, 0, 0, 0, time.UTC) // beyond what 32 bits can count
	token := tokenOf(map[string]any{
		"email": ann, "iat": issued.Unix(), "nbf": issued.Unix(),
		"exp": expires.Unix(),
	})
	for _, c := range []struct {
		now  time.Time
		good bool
	}{
		{issued.Add(-time.Minute), false},
		{issued.Add(-29 * time.Second), true},
		{issued, true},
		{expires.Add(29 * time.Second), true},
		{expires.Add(31 * time.Second), false},
		{expires.Add(time.Hour), false},
		{expires.AddDate(-11, 0, 0), false},
	} {
		a := mustAuth(t, auth.Config{Secrets: secrets, Now: func() time.Time { return c.now }})
		if _, err := a.Verify(t.Context(), token); (err == nil) != c.good {
			t.Errorf("at %s: %v", c.now, err)
		}
	}
	// A clock that goes back does not bring an expired token to life, nor a remembered one beyond
	// its end.
	now := expires.Add(time.Hour)
	a := mustAuth(t, auth.Config{Secrets: secrets, Now: func() time.Time { return now }})
	for _, step := range []struct {
		by   time.Duration
		good bool
	}{{0, false}, {-2 * time.Hour, true}, {2 * time.Hour, false}, {-2 * time.Hour, true}} {
		now = now.Add(step.by)
		if _, err := a.Verify(t.Context(), token); (err == nil) != step.good {
			t.Errorf("after a step of %s: %v", step.by, err)
		}
	}
}
