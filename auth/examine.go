package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// This file answers operators, who ask what a token or claims would come to. It leaves no trace:
// no key set is fetched or waited for, no fetch is brought forward, and nothing is remembered.

// Places are where a request's token is looked for, in order.
func (a *Authenticator) Places() []Source { return slices.Clone(a.from) }

// Examine is Authenticate at the instant at, by the keys that are at hand now.
func (a *Authenticator) Examine(r *http.Request, at time.Time) (*User, error) {
	for _, source := range a.from {
		token, err := source.token(r.Header)
		if err != nil {
			return nil, err
		}
		if token != "" {
			return a.ExamineToken(token, at)
		}
	}
	return nil, ErrNoToken
}

// ExamineToken is Examine for a token already at hand, which may stand behind the Bearer scheme.
func (a *Authenticator) ExamineToken(token string, at time.Time) (*User, error) {
	token = bare(token)
	if len(token) > maxToken {
		return nil, refused(ruleSize)
	}
	// The steps are those of Verify, in their order, but for the table of remembered tokens: what
	// it holds was judged at another instant.
	c, err := parseCompact(token, a.header, nil)
	if err != nil {
		return nil, err
	}
	// The keys of now: what a set will hold at another instant, nobody knows.
	keys, ok := a.keys.held(a.now())
	if !ok {
		return nil, fmt.Errorf("%w: none are at hand", ErrKeysUnavailable)
	}
	if rule := keys.verify(&c); rule != "" {
		return nil, refused(rule)
	}
	payload, err := base64url.DecodeString(c.payload)
	if err != nil {
		return nil, refused(ruleEncoding)
	}
	claims, err := parseClaims(payload)
	if err != nil {
		return nil, err
	}
	valid, err := a.rules.check(claims, at)
	if err != nil {
		return nil, err
	}
	return a.user(claims, valid.expires), nil
}

// UnverifiedUser makes the User that a token with this claims object would give, without any
// signature, and without asking whether the token would be expired, or for somebody else: that is
// CheckClaims. It is for explaining decisions to operators, never for requests. Its errors are
// *RefusedErrors.
func (a *Authenticator) UnverifiedUser(claims []byte) (*User, error) {
	object, err := parseClaims(bytes.Clone(claims))
	if err != nil {
		return nil, err
	}
	expires, err := instant(object, "exp", latest(a.now()))
	if err != nil {
		return nil, err
	}
	return a.user(object, expires), nil
}

// CheckClaims says which rule would refuse, at the instant at, a token with this claims object. A
// registered claim that is absent breaks no rule, because claims without exp describe a person and
// not a token. Its errors are *RefusedErrors.
func (a *Authenticator) CheckClaims(claims []byte, at time.Time) error {
	object, err := parseClaims(bytes.Clone(claims))
	if err != nil {
		return err
	}
	// What an absent claim would break does not count: each rule that asks for one is put aside.
	rules := a.rules
	if _, there := object.get("iss"); !there {
		rules.issuer = ""
	}
	if _, there := object.get("aud"); !there {
		rules.audience = nil
	}
	if _, there := object.get("iat"); !there {
		rules.maxAge = 0
	}
	if _, there := object.get("exp"); !there {
		if object, err = withExpiry(claims, at.Add(time.Hour)); err != nil {
			return err
		}
	}
	_, err = rules.check(object, at)
	return err
}

// withExpiry are the claims with an expiry in place of one that is null or absent.
func withExpiry(claims []byte, expiry time.Time) (object, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(claims, &members); err != nil {
		return object{}, refused(ruleClaimsJSON)
	}
	members["exp"] = json.RawMessage(strconv.FormatInt(expiry.Unix(), 10))
	text, err := json.Marshal(members)
	if err != nil {
		return object{}, refused(ruleClaimsJSON)
	}
	return parseClaims(text)
}
