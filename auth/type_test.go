package auth_test

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

// offers verifies tokens of one type for a day at most, and reads them from nowhere.
func offers(t testing.TB, cfg auth.Config) *auth.Authenticator {
	t.Helper()
	cfg.Type, cfg.MaxLife = offerType, 24*time.Hour
	a, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// offer signs an offer with claims of an hour's validity.
func offer(t testing.TB, more string) string {
	t.Helper()
	return hs256().sign(t, `{"alg":"HS256","typ":"offer+jwt"}`, claims(more))
}

// Each kind of token is refused where the other is wanted, though one secret signs both.
func TestTypeKeepsTokensApart(t *testing.T) {
	sessions, offered := newAuth(t, withSecret()), offers(t, withSecret())
	session := hs256().token(t, claims(ada))
	accepted(t, sessions, session)
	refused(t, offered, session, "typ")
	accepted(t, offered, offer(t, ada))
	refused(t, sessions, offer(t, ada), "typ")
	for _, typ := range []string{"Offer+JWT", "application/offer+jwt", "APPLICATION/OFFER+JWT"} {
		accepted(t, offered, hs256().sign(t, `{"alg":"HS256","typ":"`+typ+`"}`, claims(ada)))
	}
	// The operator is told the same.
	if _, err := offered.ExamineToken(session, time.Now()); err == nil {
		t.Error("a session is explained as an offer")
	}
}

// A genuine header is remembered by its text, of which the type is part.
func TestRememberedHeaderHasItsType(t *testing.T) {
	offered := offers(t, withSecret())
	for range 3 {
		accepted(t, offered, offer(t, ada))
		refused(t, offered, hs256().token(t, claims(ada)), "typ")
	}
}

func TestTypedTokenNeedsNoPlace(t *testing.T) {
	offered := offers(t, withSecret())
	if _, err := offered.Authenticate(request("Cookie: session=" + offer(t, ada))); !errors.Is(err,
		auth.ErrNoToken) {
		t.Errorf("got %v", err)
	}
	if _, err := auth.New(withSecret()); err == nil {
		t.Error("sessions without a place are configured")
	}
}

func TestMaxLife(t *testing.T) {
	cfg, clock := atClock()
	cfg.Leeway = 30 * time.Second
	a := offers(t, cfg)
	sign := func(life time.Duration) string {
		return hs256().sign(t, `{"alg":"HS256","typ":"offer+jwt"}`,
			`{"exp":`+seconds(clock.now().Add(life))+`}`)
	}
	accepted(t, a, sign(24*time.Hour))
	accepted(t, a, sign(24*time.Hour+30*time.Second)) // clocks differ
	late := sign(24*time.Hour + 32*time.Second)
	refused(t, a, late, "max_life")
	clock.advance(2 * time.Second) // it is good once it is near enough
	accepted(t, a, late)
	if _, err := auth.New(auth.Config{
		Secrets: []string{secret}, Type: offerType, MaxLife: -1,
	}); err == nil {
		t.Error("a negative life is configured")
	}
}

// What names whom an offer is for, and which one it is, is a text or not there: a number that is
// passed over would make the offer one for everybody, and for ever.
func TestTypedTokenNamesInText(t *testing.T) {
	a := offers(t, withSecret())
	for _, name := range []string{"sub", "jti"} {
		for value, rule := range map[string]string{
			`"a"`: "", `null`: "", `""`: "claims_type", `42`: "claims_type", `0`: "claims_type",
			`true`: "claims_type", `["a"]`: "claims_type", `{}`: "claims_type", `[]`: "claims_type",
		} {
			token := offer(t, `"`+name+`":`+value)
			if rule == "" {
				accepted(t, a, token)
			} else {
				refused(t, a, token, rule)
			}
			// A session's sub may be a number, as ever.
			accepted(t, newAuth(t, withSecret()), hs256().token(t, claims(`"`+name+`":`+value)))
		}
	}
}

func TestSharesKey(t *testing.T) {
	const another = "another secret, of more than thirty-two bytes"
	p256, rsa := publicPEM(p256Key()), publicPEM(rsaKey())
	for name, test := range map[string]struct {
		sessions, offers auth.Config
		want             bool
	}{
		"one secret":       {withSecret(), withSecret(), true},
		"another secret":   {withSecret(), auth.Config{Secrets: []string{another}}, false},
		"text and base64":  {withSecret(), auth.Config{Secrets: []string{inBase64(secret)}}, true},
		"second of two":    {withSecret(), auth.Config{Secrets: []string{another, secret}}, true},
		"one key":          {pemConfig(p256), pemConfig(p256), true},
		"text and file":    {pemConfig(p256), pemConfig(file(t, "k.pem", p256)), true},
		"another kind":     {pemConfig(p256), pemConfig(rsa), false},
		"secret and key":   {withSecret(), pemConfig(rsa), false},
		"key set and text": {setConfig(t), pemConfig(p256), true},
		"key set, another": {setConfig(t), pemConfig(rsa), false},
	} {
		t.Run(name, func(t *testing.T) {
			sessions, offered := newAuth(t, test.sessions), offers(t, test.offers)
			if sessions.SharesKey(offered) != test.want || offered.SharesKey(sessions) != test.want {
				t.Errorf("want %v", test.want)
			}
		})
	}
}

func pemConfig(key string) auth.Config { return auth.Config{PublicKeys: []string{key}} }

// setConfig has one P-256 key, in the file of a key set.
func setConfig(t testing.TB) auth.Config {
	set := jwks(jwk(p256Key(), map[string]any{"kid": "a"}))
	return auth.Config{JWKS: file(t, "jwks.json", set), Audience: []string{"any"}}
}

// An offer is remembered as a session is.
func TestOfferIsRemembered(t *testing.T) {
	cfg, clock := atClock()
	a := offers(t, cfg)
	token := hs256().sign(t, `{"alg":"HS256","typ":"offer+jwt"}`,
		`{"exp":`+seconds(clock.now().Add(time.Hour))+`}`)
	same(t, a, token, twice(t, a, token))
	holds(t, a, 1, 1)
	clock.advance(2 * time.Hour)
	refused(t, a, token, "expired")
}
