package checkout_test

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
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
		"rubbish": "rubbish", "two parts": "e30.e30", "five parts": "e30.e30.e30.e30.e30", "dots": strings.Repeat(".", 5000),
		"JSON form": `{"payload":"e30","signatures":[]}`,
	}
	for _, alg := range []string{`"none"`, `"None"`, `"nOnE"`, `"none "`, `""`, `null`, `0`, `[]`, `{}`, `"HS256 "`, `"hs256"`, `"RS256"`, `"PS256"`, `"ES256"`, `"EdDSA"`, `"dir"`} {
		forged["alg "+alg] = unsigned(`{"alg":`+alg+`}`, payload, "")
		forged["alg "+alg+" with a signature"] = unsigned(`{"alg":`+alg+`}`, payload, "a signature")
	}
	for _, secret := range []string{"", "secret", jwtSecret[1:], jwtSecret + "\n", strings.Repeat("\x00", 32)} {
		text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims("eve@example.com"))).SignedString([]byte(secret))
		if err == nil {
			forged[fmt.Sprintf("secret %q", secret)] = text
		}
	}
	good := tokenOf(claims("eve@example.com"))
	head, rest, _ := strings.Cut(good, ".")
	_, signature, _ := strings.Cut(rest, ".")
	forged["another payload"] = head + "." + base64.RawURLEncoding.EncodeToString([]byte(payload+" ")) + "." + signature
	forged["no signature"] = head + "." + rest[:len(rest)-len(signature)]
	forged["short signature"] = good[:len(good)-4]
	forged["padded"] = good + "="
	for _, h := range []map[string]any{
		{"crit": []string{"exp"}}, {"b64": false}, {"zip": "DEF"}, {"cty": "JWT"}, {"typ": "logout+jwt"}, {"crit": []string{}},
	} {
		forged[fmt.Sprint("header ", h)] = tokenOf(claims("eve@example.com"), h)
	}
	return forged
}

func TestAbuse01ForgedTokens(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	var text string
	for name, token := range forgeries() {
		for place, how := range map[string]with{"cookie": bearing(token), "header": header("Authorization", "Bearer "+token)} {
			got := s.visit(t, "/upgrade", how, header("Accept", "application/json"))
			s.denied(t, name+" in "+place, got, http.StatusUnauthorized)
			if text == "" {
				text = got.body
			}
			if got.body != text && name != "JSON form" { // which is no cookie either, so nobody has signed in
				t.Errorf("%s: the answer is %q, and to another forgery %q", name, got.body, text)
			}
		}
	}
	s.wantCalls(t, 0)
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", as(ann)))
}

func TestAbuse02ExpiredTokens(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", as(ann)))
	for name, change := range map[string]map[string]any{
		"expired beyond the leeway": {"exp": time.Now().Add(-31 * time.Second).Unix()},
		"no exp":                    {"exp": nil},
		"exp as text":               {"exp": "4102444800"},
		"exp in milliseconds":       {"exp": time.Now().Add(time.Hour).UnixMilli()},
		"not yet valid":             {"nbf": time.Now().Add(time.Minute).Unix()},
		"from the future":           {"iat": time.Now().Add(time.Minute).Unix()},
	} { // her link is cached, which helps none of them
		s.denied(t, name, s.visit(t, "/upgrade", bearing(tokenOf(claims(ann, change)))), http.StatusUnauthorized)
	}
	s.wantCalls(t, 1)
}

func TestAbuse03TokensForOtherPurposes(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for name, change := range map[string]map[string]any{
		"another app": {"aud": "another"}, "nobody": {"aud": nil}, "a number": {"aud": 1}, "part of the name": {"aud": "sho"},
		"other letters": {"aud": "Shop"}, "an object": {"aud": map[string]any{"shop": 1}}, "another issuer": {"iss": "https://id.example.com/"},
		"no issuer": {"iss": nil},
	} {
		s.denied(t, name, s.visit(t, "/upgrade", bearing(tokenOf(claims(ann, change)))), http.StatusUnauthorized)
	}
	for _, typ := range []string{"logout+jwt", "secevent+jwt", "dpop+jwt", "JWE"} {
		s.denied(t, typ, s.visit(t, "/upgrade", bearing(tokenOf(claims(ann), map[string]any{"typ": typ}))), http.StatusUnauthorized)
	}
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", bearing(tokenOf(claims(ann, map[string]any{"aud": []string{"x", "shop"}})))))
	s.wantCalls(t, 1)
}

func TestAbuse04HugeTokens(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	wide, deep := strings.Repeat("x", 9000), strings.Repeat("[", 4000)+strings.Repeat("]", 4000)
	for name, token := range map[string]string{
		"9 KB of a claim": tokenOf(claims(ann, map[string]any{"x": wide})), "dots": strings.Repeat(".", 15_000),
		"deep": tokenOf(claims(ann, map[string]any{"x": json.RawMessage(deep[3000:5000])})),
	} {
		s.denied(t, name, s.visit(t, "/upgrade", bearing(token)), http.StatusUnauthorized)
	}
	s.wantCalls(t, 0)
}

// What no server lets through costs nothing either.
func TestAbuse04MegabytesOfToken(t *testing.T) {
	a := mustAuth(t, auth.Config{Secrets: []string{jwtSecret}})
	signed := tokenOf(claims(ann, map[string]any{"x": strings.Repeat("[", 500_000)}))
	for _, token := range []string{signed, strings.Repeat(".", 1_000_000), strings.Repeat("A", 1<<20)} {
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

func mustAuth(t *testing.T, cfg auth.Config) *auth.Authenticator {
	t.Helper()
	cfg.From = []auth.Source{{In: "cookie", Name: "session"}}
	a, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// While forgers hammer, a real user is served as ever, and nothing of them is kept.
func TestAbuse05FloodOfForgedTokens(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	forged, workers := 3000, 6
	if raceEnabled {
		forged = 300
	}
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for i := range forged / workers {
				token := tokenOf(claims(person(worker*forged + i)))
				got, err := s.try(t, "/upgrade", bearing(token[:len(token)-5]+"AAAAA"))
				if err != nil || got.StatusCode != http.StatusUnauthorized {
					t.Errorf("a forged token got %v, %v", got.Response, err)
					return
				}
			}
		})
	}
	for range 50 {
		s.wantLinkOf(t, ann, s.visit(t, "/upgrade", as(ann)))
	}
	all.Wait()
	s.wantCalls(t, 1)
	s.wantSum(t, "caddy_checkout_token_refusals_total", `rule="signature"`, float64(forged))
}

func TestAbuse10UnverifiedAddress(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for _, no := range []any{false, "false", 0, 1, nil2{}, "yes"} {
		token := tokenOf(claims("victim@example.com", map[string]any{"email_verified": no, "sub": "4711"}))
		s.denied(t, fmt.Sprint("email_verified ", no), s.visit(t, "/upgrade", bearing(token)), http.StatusForbidden)
	}
	s.wantCalls(t, 0)
	verified := tokenOf(claims(ann, map[string]any{"email_verified": true}))
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", bearing(verified)))
}

// nil2 is a claim that is there and null.
type nil2 struct{}

func (nil2) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func TestAbuse11ClaimsOfAnotherType(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for _, email := range []any{[]string{ann}, map[string]any{"value": ann}, true, 5550100, 1e300, []any{}} {
		token := tokenOf(claims("", map[string]any{"email": email}))
		s.denied(t, fmt.Sprintf("%v as e-mail", email), s.visit(t, "/upgrade", bearing(token)), http.StatusForbidden)
	}
	for _, sub := range []string{"9007199254740993", "905551234567", "[1]", "{}", "true"} {
		token := tokenOf(claims("", map[string]any{"email": nil, "sub": json.RawMessage(sub)}))
		s.denied(t, sub+" as sub", s.visit(t, "/upgrade", bearing(token)), http.StatusForbidden)
	}
	s.wantCalls(t, 0)
}

func TestAbuse12OddAddresses(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for _, email := range []string{
		"a@b@example.com", "ann@", "@example.com", "ann", "ann @example.com", "Ann <ann@example.com>", `"a b"@example.com`, "ann@example.com,eve@example.com",
		"аnn@example.com", "ann@exämple.com", "ann@example.com\r\nBcc: eve@example.com", "ann\x00@example.com", "a&b@example.com", "a`b@example.com",
		strings.Repeat("a", 250) + "@example.com",
	} {
		token := tokenOf(claims(email))
		s.denied(t, fmt.Sprintf("%q", email), s.visit(t, "/upgrade", bearing(token)), http.StatusForbidden)
	}
	s.wantCalls(t, 0)
	// The local part is sent as it is; only comparing goes without case.
	s.wantLinkOf(t, "Ann.B+x@Example.com", s.visit(t, "/upgrade", as("Ann.B+x@Example.com")))
}

func TestAbuse58Clocks(t *testing.T) {
	issued := time.Date(2037, 12, 1, 0, 0, 0, 0, time.UTC)
	expires := time.Date(2038, 2, 1, 0, 0, 0, 0, time.UTC) // beyond what 32 bits can count
	token := tokenOf(map[string]any{"email": ann, "iat": issued.Unix(), "nbf": issued.Unix(), "exp": expires.Unix()})
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
		a := mustAuth(t, auth.Config{Secrets: []string{jwtSecret}, Now: func() time.Time { return c.now }})
		if _, err := a.Verify(t.Context(), token); (err == nil) != c.good {
			t.Errorf("at %s: %v", c.now, err)
		}
	}
	// A clock that goes back does not bring an expired token to life, nor a remembered one beyond its end.
	now := expires.Add(time.Hour)
	a := mustAuth(t, auth.Config{Secrets: []string{jwtSecret}, Now: func() time.Time { return now }})
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

// yes is a signing method that another plugin may put in the place of a real one.
type yes struct{}

func (yes) Verify(string, []byte, any) error { return nil }
func (yes) Sign(string, any) ([]byte, error) { return nil, errors.New("nothing to sign with") }
func (yes) Alg() string                      { return "HS256" }
func register(name string, method jwt.SigningMethod) {
	jwt.RegisterSigningMethod(name, func() jwt.SigningMethod { return method })
}

func TestAbuse68HostilePlugin(t *testing.T) { // not parallel: it changes the library that tests sign with
	hash := jwt.SigningMethodHS256.Hash
	good := tokenOf(claims(ann))
	a := mustAuth(t, auth.Config{Secrets: []string{jwtSecret}})
	t.Cleanup(func() {
		jwt.SigningMethodHS256.Hash = hash
		register("HS256", jwt.SigningMethodHS256)
		register("none", jwt.SigningMethodNone)
	})
	jwt.SigningMethodHS256.Hash = crypto.SHA512
	register("HS256", yes{})
	register("none", yes{})
	if _, err := a.Verify(t.Context(), good); err != nil {
		t.Errorf("a good token: %v", err)
	}
	for _, token := range []string{good[:len(good)-5] + "AAAAA", unsigned(`{"alg":"none"}`, `{"exp":4000000000}`, "")} {
		if _, err := a.Verify(t.Context(), token); err == nil {
			t.Errorf("%s was accepted", token)
		}
	}
}
