package caddymodule

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/caddy-checkout/checkout/auth"
)

// forExplaining finds an identity by name. Without a name it is the default one, or the only one that any route has. Where no route
// reads a token, it is one that another handler verified.
func (ids *identities) forExplaining(name string) (identifier, error) {
	if name == "" && ids.named[defaultJWT] == nil {
		switch len(ids.all) {
		case 0:
			return placeholderIdentifier{}, nil
		case 1:
			return tokenIdentifier{ids.all[0]}, nil
		}
		return nil, adminError(http.StatusBadRequest, "jwt: there are %d identities and none is the default: write the name of one%s", len(ids.all), ids.names())
	}
	authenticator, err := ids.lookup(name)
	if err != nil {
		return nil, adminError(http.StatusNotFound, "jwt: no identity has that name%s", ids.names())
	}
	return tokenIdentifier{authenticator}, nil
}

func (ids *identities) names() string {
	if len(ids.named) == 0 {
		return "; none has a name: write `jwt <name> {` in the global checkout option"
	}
	return fmt.Sprintf("; defined are: %v", slices.Sorted(maps.Keys(ids.named)))
}

// user is whom the claims describe; nil is a stranger.
func (q *explainQuestion) user(id identifier) (*auth.User, error) {
	if len(q.Claims) == 0 || bytes.Equal(q.Claims, []byte("null")) {
		return nil, nil
	}
	token, ok := id.(tokenIdentifier)
	if !ok {
		return q.verifiedUser()
	}
	user, err := token.UserFromClaims(q.Claims)
	if err != nil {
		return nil, adminError(http.StatusBadRequest, "claims: %w", err)
	}
	return user, nil
}

// verifiedUser is one whom another handler has verified. The claims name him and no more: a click brings no others, and a variant that
// was chosen by them would not be his.
func (q *explainQuestion) verifiedUser() (*auth.User, error) {
	rules, err := defaultRules()
	if err != nil {
		return nil, err
	}
	user, err := rules.UserFromClaims(q.Claims)
	if err != nil {
		return nil, adminError(http.StatusBadRequest, "claims: %w", err)
	}
	return &auth.User{Subscriber: user.Subscriber}, nil
}

// defaultRules reads claims as a jwt block does that says nothing of them. Nobody holds its key, and no request meets it.
var defaultRules = sync.OnceValues(func() (*auth.Authenticator, error) {
	return auth.New(auth.Config{Secrets: []string{rand.Text() + rand.Text()}, From: []auth.Source{{In: "cookie", Name: "none"}}})
})
