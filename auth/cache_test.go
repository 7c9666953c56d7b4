package auth_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

// twice verifies a token two times, and returns the user who is remembered from then on.
func twice(t testing.TB, a *auth.Authenticator, token string) *auth.User {
	t.Helper()
	accepted(t, a, token)
	return accepted(t, a, token)
}

// holds wants so many tokens to be remembered, and so many of them with their user.
func holds(t testing.TB, a *auth.Authenticator, tokens, users int) {
	t.Helper()
	if n, with := a.RememberedForTest(); n != tokens || with != users {
		t.Errorf("%d tokens are remembered, %d of them with a user; want %d and %d", n, with,
			tokens, users)
	}
}

// same wants the user to be the remembered one.
func same(t testing.TB, a *auth.Authenticator, token string, user *auth.User) {
	t.Helper()
	if accepted(t, a, token) != user {
		t.Error("the token was verified again")
	}
}

// anew wants the token to be verified again.
func anew(t testing.TB, a *auth.Authenticator, token string, user *auth.User) *auth.User {
	t.Helper()
	again := accepted(t, a, token)
	if again == user {
		t.Error("the token was remembered")
	}
	return again
}

// atClock is a config with a clock that stands still.
func atClock() (auth.Config, *clock) {
	c := newClock()
	return auth.Config{Secrets: []string{secret}, Now: c.now, Leeway: -1}, c
}

func TestTokenIsRememberedForAMinute(t *testing.T) {
	cfg, clock := atClock()
	a := newAuth(t, cfg)
	token := hs256().token(t, claims(ada))
	user := twice(t, a, token)
	clock.advance(59 * time.Second)
	same(t, a, token, user)
	clock.advance(2 * time.Second)
	user = anew(t, a, token, user)
	same(t, a, token, user)
	clock.advance(-time.Minute) // the clock was set back
	anew(t, a, token, user)
}

// Most tokens never come again, so of one that came once, and is cheap to check, no user is held.
func TestUserIsRememberedTheSecondTime(t *testing.T) {
	cfg, clock := atClock()
	a := newAuth(t, cfg)
	once, again := hs256().token(t, claims(`"n":1`)), hs256().token(t, claims(`"n":2`))
	accepted(t, a, once)
	accepted(t, a, again)
	holds(t, a, 2, 0)
	clock.advance(30 * time.Second)
	user := accepted(t, a, again)
	holds(t, a, 2, 1)
	// The minute is counted from the last signature check.
	clock.advance(30 * time.Second)
	same(t, a, again, user)
	anew(t, a, again, accepted(t, a, once))
}

// A signature that is dear to check is checked once: a page and the click on it come within a
// minute. That shows in the minute, which is counted from the check.
func TestSignatureOfAKeyPairIsCheckedOnce(t *testing.T) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		clock := newClock()
		cfg, s := configFor(alg)
		cfg.Now = clock.now
		a := newAuth(t, cfg)
		token := s.token(t, claims(ada))
		accepted(t, a, token)
		holds(t, a, 1, 0)
		clock.advance(30 * time.Second)
		user := accepted(t, a, token)
		holds(t, a, 1, 1)
		clock.advance(29 * time.Second)
		same(t, a, token, user)
		clock.advance(2 * time.Second)
		anew(t, a, token, user)
	}
}

// Two tokens may have one hash. Neither is taken for the other, however often one came.
func TestHashIsNoProof(t *testing.T) {
	for _, alg := range []string{"HS256", "RS256"} {
		a, s := authFor(t, alg)
		token, other := s.token(t, claims(ada)), s.token(t, claims(`"email":"bob@example.com"`))
		for range 3 {
			accepted(t, a, token)
			if a.KnownByHashOfForTest(other, token) {
				t.Errorf("%s: a token is known that nobody has verified", alg)
			}
		}
		if !a.KnownByHashOfForTest(token, token) {
			t.Errorf("%s: the token itself is not known", alg)
		}
	}
}

// Two requests that come the second time at once get one user, as all that follow.
func TestRememberedUserIsOne(t *testing.T) {
	a := newAuth(t, withSecret())
	token := hs256().token(t, claims(ada))
	accepted(t, a, token)
	users := make([]*auth.User, 8)
	var all sync.WaitGroup
	for i := range users {
		all.Go(func() { users[i], _ = a.Verify(t.Context(), token) })
	}
	all.Wait()
	for _, user := range users {
		same(t, a, token, user)
	}
}

func TestRememberedTokenExpires(t *testing.T) {
	for name, test := range map[string]struct {
		leeway, maxAge time.Duration
		claims         string // %d is now
		good           time.Duration
		rule           string
	}{
		"exp": {-1, 0, `{"iat":%d,"exp":%d10}`, 10 * time.Second, "expired"},
		"exp and leeway": {
			20 * time.Second, 0, `{"iat":%d,"exp":%d10}`, 30 * time.Second, "expired",
		},
		"max_age": {
			-1, 30 * time.Second, `{"iat":%d,"exp":%d59}`, 30 * time.Second, "max_age",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, clock := atClock()
			cfg.Leeway, cfg.MaxAge = test.leeway, test.maxAge
			a := newAuth(t, cfg)
			now := clock.now().Truncate(100 * time.Second).Add(100 * time.Second)
			clock.advance(now.Sub(clock.now()))
			token := hs256().token(t, fmt.Sprintf(test.claims, now.Unix(), now.Unix()/100))
			once := hs256().token(t, fmt.Sprintf(`{"n":1,`+test.claims[1:], now.Unix(), now.Unix()/100))
			accepted(t, a, once)
			user := twice(t, a, token)
			clock.advance(test.good - time.Nanosecond)
			same(t, a, token, user)
			clock.advance(time.Nanosecond)
			refused(t, a, token, test.rule)
			refused(t, a, once, test.rule)
		})
	}
}

func TestCacheIsBounded(t *testing.T) {
	a := newAuth(t, withSecret())
	for i := range 3 * auth.CacheSizeForTest {
		accepted(t, a, hs256().token(t, claims(fmt.Sprintf(`"n":%d`, i))))
	}
	n, users := a.RememberedForTest()
	if n > auth.CacheSizeForTest || n < auth.CacheSizeForTest*9/10 {
		t.Errorf("%d tokens are remembered, want nearly %d", n, auth.CacheSizeForTest)
	}
	if users != 0 {
		t.Errorf("%d users are remembered who came once", users)
	}
	token := hs256().token(t, claims(ada))
	same(t, a, token, twice(t, a, token))
}

func TestForgedTokensAreNotRemembered(t *testing.T) {
	a := newAuth(t, withSecret())
	for i := range 100 {
		refused(
			t,
			a,
			signer{
				alg:     "HS256",
				private: []byte("another secret of at least 32 bytes"),
			}.token(
				t,
				claims(fmt.Sprintf(`"n":%d`, i)),
			),
			"signature",
		)
		refused(t, a, hs256().token(t, fmt.Sprintf(`{"exp":%d}`, i)), "expired")
	}
	holds(t, a, 0, 0)
}

func TestReturningVisitorAllocatesNothing(t *testing.T) {
	a := newAuth(t, withSecret())
	token := hs256().token(t, claims(ada))
	for _, line := range []string{
		"Cookie: a=b; session=" + token + "; c=d", `Cookie: session="` + token + `"`,
	} {
		r := request(line)
		twice(t, a, token)
		if n := testing.AllocsPerRun(100, func() { _, _ = a.Authenticate(r) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// Two thousand visitors at once see themselves and nobody else.
func TestVisitorsAreNotMixedUp(t *testing.T) {
	a := newAuth(t, withSecret())
	tokens := make([]string, 2000)
	for i := range tokens {
		tokens[i] = hs256().token(t, claims(fmt.Sprintf(`"email":"u%d@example.com"`, i)))
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 3 * len(tokens) {
				n := (i*7 + worker*13) % len(tokens)
				user, err := a.Verify(t.Context(), tokens[n])
				if err != nil || user.Subscriber.ID != fmt.Sprintf("u%d@example.com", n) {
					t.Errorf("visitor %d: %v", n, err)
					return
				}
			}
		})
	}
	all.Wait()
}
