package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// offerSecret signs the offers of the tests, and nothing else.
const offerSecret = "what the tests' offers are signed with, 32+"

// offerOf signs an offer; without exp it is good for a day.
func offerOf(claims map[string]any) string {
	all := jwt.MapClaims{"exp": time.Now().Add(24 * time.Hour).Unix()}
	maps.Copy(all, claims)
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, all)
	token.Header["typ"] = "offer+jwt"
	text, err := token.SignedString([]byte(offerSecret))
	if err != nil {
		panic(err)
	}
	return text
}

// offering is a click on a link that holds an offer.
func offering(token string) []with {
	return []with{func(r *http.Request) { r.URL.RawQuery = "offer=" + url.QueryEscape(token) }}
}
