package caddymodule_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// request is a click being put together.
type request struct{ *http.Request }

// as signs the request in.
func as(claims jwt.MapClaims) func(*request) {
	return func(r *request) { r.AddCookie(&http.Cookie{Name: "session", Value: token(claims)}) }
}

// by signs the request in under an e-mail address.
func by(email string) func(*request) {
	return as(jwt.MapClaims{"email": email, "sub": "id-of-" + email})
}

func header(name, value string) func(*request) {
	return func(r *request) { r.Header.Set(name, value) }
}

func method(name string) func(*request) { return func(r *request) { r.Method = name } }

var wantJSON = header("Accept", "application/json")

// token signs claims; without exp it is good for an hour.
func token(claims jwt.MapClaims) string {
	if _, ok := claims["exp"]; !ok {
		claims["exp"] = time.Now().Add(time.Hour).Unix()
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(jwtSecret))
	if err != nil {
		panic(err)
	}
	return text
}

// fresh names a subscriber whom no other test has asked for: what is remembered outlives
// configurations.
func fresh(t *testing.T, who string) func(*request) {
	return by(who + "-" + strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")) + "@example.com")
}

// withBody gives a request a JSON body.
func withBody(text string) func(*request) {
	return func(r *request) {
		r.Body, r.ContentLength = http.NoBody, 0
		if text != "" {
			with := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text))
			r.Body, r.ContentLength = with.Body, with.ContentLength
		}
		r.Header.Set("Content-Type", "application/json")
	}
}

// holding is a request that carries a token.
func holding(token string) func(*request) {
	return func(r *request) { r.AddCookie(&http.Cookie{Name: "session", Value: token}) }
}
