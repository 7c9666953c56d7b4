package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

// shopRules asks for everything that claims may say of a token.
func shopRules() auth.Config {
	return auth.Config{
		Secrets: []string{secret}, Issuer: "https://id.example.com", Audience: []string{"shop"},
		MaxAge: time.Hour,
	}
}

func TestCheckClaimsHoldsThemToWhatTheySay(t *testing.T) {
	a, now := newAuth(t, shopRules()), time.Now()
	ago, ahead := now.Add(-2*time.Hour).Unix(), now.Add(time.Minute+time.Second).Unix()
	for text, rule := range map[string]string{
		`{}`:                                good,
		`{"email":"ada@example.com"}`:       good,
		`{"exp":null}`:                      good,
		`{"iss":"https://id.example.com"}`:  good,
		`{"iss":"https://id.example.com/"}`: "issuer",
		`{"aud":["blog","shop"]}`:           good,
		`{"aud":"blog"}`:                    "audience",
		`{"aud":7}`:                         "claims_type",
		fmt.Sprintf(`{"exp":%d}`, ahead):    good,
		fmt.Sprintf(`{"exp":%d}`, ago):      "expired",
		fmt.Sprintf(`{"nbf":%d}`, ago):      good,
		fmt.Sprintf(`{"nbf":%d}`, ahead):    "not_yet",
		fmt.Sprintf(`{"iat":%d}`, ahead):    "issued_at",
		fmt.Sprintf(`{"iat":%d}`, ago):      "max_age",
		`{"exp":"soon"}`:                    "claims_type",
		`{"a":1,"a":2}`:                     "claims_duplicate",
	} {
		err := a.CheckClaims([]byte(text), now)
		if rule != good {
			wantRule(t, err, rule)
		} else if err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := a.CheckClaims(fmt.Appendf(nil, `{"exp":%d}`, ago), now.Add(-3*time.Hour)); err != nil {
		t.Errorf("an expired token at an instant when it was good: %v", err)
	}
}

func TestExamineSaysWhatAuthenticateWould(t *testing.T) {
	a, now := newAuth(t, withSecret()), time.Now()
	token := hs256().token(t, claims(ada))
	r, err := http.NewRequest(http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Examine(r, now); !errors.Is(err, auth.ErrNoToken) {
		t.Errorf("without a token: %v", err)
	}
	r.AddCookie(&http.Cookie{Name: "session", Value: token})
	user, err := a.Examine(r, now)
	if err != nil || user.Subscriber.ID != "ada@example.com" || user.Expires.IsZero() {
		t.Errorf("with a token: %v, %v", user, err)
	}
	_, err = a.Examine(r, now.Add(2*time.Hour))
	wantRule(t, err, "expired")
	if _, err := a.ExamineToken("Bearer "+token, now); err != nil {
		t.Errorf("behind its scheme: %v", err)
	}
	_, err = a.ExamineToken(token+"A", now)
	wantRule(t, err, "signature")
	_, err = a.ExamineToken("a.b", now)
	wantRule(t, err, "parts")
	r.AddCookie(&http.Cookie{Name: "session", Value: token + "A"})
	_, err = a.Examine(r, now)
	wantRule(t, err, "ambiguous")
	if places := a.Places(); len(places) != 1 || places[0] != fromCookie[0] {
		t.Errorf("places %v", places)
	}
}

// TestExamineAsksNobody: a question of the operator fetches no keys, and a token that no key
// verifies brings no fetch forward.
func TestExamineAsksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{body: jwks(jwkOf(es256("a")))}
		a, _ := over(t, server, nil)
		token := longToken(t, es256("a"))
		_, err := a.ExamineToken(token, time.Now())
		if !errors.Is(err, auth.ErrKeysUnavailable) || len(server.times()) != 0 {
			t.Errorf("before the first fetch: %v, %d fetches", err, len(server.times()))
		}
		accepted(t, a, token)
		time.Sleep(time.Minute)
		if _, err := a.ExamineToken(token, time.Now()); err != nil {
			t.Error(err)
		}
		_, err = a.ExamineToken(longToken(t, es256("new")), time.Now())
		wantRule(t, err, "kid")
		time.Sleep(20 * time.Minute)
		if _, err := a.ExamineToken(token, time.Now()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if fetches := len(server.times()); fetches != 1 {
			t.Errorf("%d fetches, want the first token's alone", fetches)
		}
	})
}
