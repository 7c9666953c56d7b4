package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
)

// JWT says where the signed-in user's token is, which keys verify it, and which claims name the
// subscriber. Exactly one kind of key is configured: `secret`, `public_key`, `jwks`, or `issuer`
// alone (OpenID Connect discovery). These four and `audience` may hold `{env.NAME}` and
// `{file./absolute/path}`, which are read when the configuration is loaded.
type JWT struct {
	// Secrets are HMAC keys, each a placeholder such as `{env.JWT_SECRET}`, with `base64:` in front
	// if the key is encoded so. Any of them verifies, so a new key can be rolled in beside the old
	// one. At least 32 bytes for HS256.
	// A text that begins with `base64:` itself is written behind `text:`.
	Secrets []string `json:"secret,omitempty"`
	// PublicKeys are PEM files or PEM texts: RSA (2048 bits or more), ECDSA P-256 or P-384,
	// Ed25519. Any of them verifies.
	PublicKeys []string `json:"public_key,omitempty"`
	// JWKS is the URL or file of a JSON Web Key Set. It is fetched in the background.
	JWKS string `json:"jwks,omitempty"`
	// Issuer is the exact `iss` claim. Without any key it also says where OpenID Connect discovery
	// starts.
	Issuer string `json:"issuer,omitempty"`
	// Audience lists accepted `aud` values; one match is enough. Required for jwks and discovery;
	// `any` opts out.
	Audience []string `json:"audience,omitempty"`
	// Algorithms are the accepted signature algorithms. Default: HS256 for secrets, what fits the
	// key otherwise; never `none`.
	Algorithms []string `json:"algorithms,omitempty"`
	// From lists where a token may be, in order. The first place that holds one decides.
	From []auth.Source `json:"from,omitempty"`
	// SubscriberID lists the claims that may name the subscriber, each `claim` or `claim:kind` with
	// kind email, phone or uuid. Default: `email phone_number sub`. Without a kind, only
	// `phone_number` is ever a phone. A claim whose own name ends like a kind needs its kind, too:
	// `custom:email:email`.
	SubscriberID []string `json:"subscriber_id,omitempty"`
	// VerifiedContact says what an e-mail or phone needs: `if_present` (default) refuses one whose
	// `email_verified` or `phone_number_verified` is not true, `required` wants that claim,
	// `ignore` does not look. For any claim but `email` and `phone_number`, `required` wants the
	// claim's own name with `_verified`, or the same address in the verified `email`, or
	// `phone_number`. Danger: with `ignore` anyone who can write another's address into their
	// profile gets that person's checkout; with `if_present`, too, if the provider says nothing
	// about that claim.
	VerifiedContact string `json:"verified_contact,omitempty"`
	// TrustedClaims are the claims that may stand in prices and other trusted options. List only
	// what your backend alone writes.
	TrustedClaims []string `json:"trusted_claims,omitempty"`
	// Leeway is the clock skew that is forgiven. Default 30s, at most 5m; 0 forgives none.
	Leeway *caddy.Duration `json:"leeway,omitempty"`
	// MaxAge refuses tokens that were issued longer ago. Default: no limit.
	MaxAge caddy.Duration `json:"max_age,omitempty"`
}

// check refuses what can be seen to be wrong without reading a secret.
func (j *JWT) check() error {
	for _, list := range []struct {
		option string
		names  []string
	}{
		{"algorithms", j.Algorithms},
		{"subscriber_id", j.SubscriberID},
		{"trusted_claims", j.TrustedClaims},
	} {
		if err := placeholder.CheckNames(list.option, list.names); err != nil {
			return err
		}
	}
	for _, source := range j.From {
		if err := placeholder.CheckNames("from "+source.In, []string{source.Name}); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint tells one jwt block from another; secrets stand in it as they were written.
func (j *JWT) fingerprint() string {
	text, _ := json.Marshal(j) // plain strings and numbers
	return string(text)
}

// config is the block as it stands, without its secrets and public keys.
func (j *JWT) config() auth.Config {
	return auth.Config{
		JWKS: j.JWKS, Issuer: j.Issuer, Audience: j.Audience, Algorithms: j.Algorithms, From: j.From,
		SubscriberID: j.SubscriberID, VerifiedContact: j.VerifiedContact,
		TrustedClaims: j.TrustedClaims, Leeway: j.leeway(), MaxAge: time.Duration(j.MaxAge),
	}
}

// leeway is the option as package auth wants it, where zero means the default and less means none.
func (j *JWT) leeway() time.Duration {
	switch {
	case j.Leeway == nil:
		return 0
	case *j.Leeway == 0:
		return -1
	}
	return time.Duration(*j.Leeway)
}

// JWTRef is a name, written in JSON as a string, or an identity, written as an object.
type JWTRef struct {
	Name   string
	Inline *JWT
}

// MarshalJSON writes the name or the identity.
func (j JWTRef) MarshalJSON() ([]byte, error) {
	if j.Inline != nil {
		return json.Marshal(j.Inline)
	}
	return json.Marshal(j.Name)
}

// UnmarshalJSON reads a name or an identity. Unknown members are errors, as everywhere in Caddy's
// configuration.
func (j *JWTRef) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &j.Name); err == nil {
		return nil
	}
	return caddy.StrictUnmarshalJSON(text, &j.Inline)
}

// Identity takes the user whom an earlier Caddy authentication handler verified.
type Identity struct {
	// Placeholder is `{http.auth.user.*}` or `{http.reverse_proxy.header.*}`; others are refused,
	// because a visitor could write them.
	Placeholder string `json:"placeholder"`
	// Kind is email, phone or uuid. Default: an e-mail or a UUID by its shape.
	Kind auth.Kind `json:"kind,omitempty"`
}

// identifier says who the shopper of a request is. The errors are those of package auth.
type identifier interface {
	identify(r *http.Request, repl *caddy.Replacer) (*auth.User, error)
	trusts(claim string) bool
}

// tokenIdentifier reads a JWT.
type tokenIdentifier struct{ *auth.Authenticator }

func (t tokenIdentifier) identify(r *http.Request, _ *caddy.Replacer) (*auth.User, error) {
	return t.Authenticate(r)
}

func (t tokenIdentifier) trusts(claim string) bool { return t.Trusts(claim) }

// nobody identifies nobody: the route is for signed offers that anybody may use.
type nobody struct{}

func (nobody) identify(*http.Request, *caddy.Replacer) (*auth.User, error) {
	return nil, auth.ErrNoToken
}

func (nobody) trusts(string) bool { return false }

// The rules for a token that is not there, by the first place that should hold it: a wrong name of
// a cookie is nothing that any token could be refused for.
const (
	ruleNoCookie = "no_cookie"
	ruleNoHeader = "no_header"
)

// missingRule is what an anonymous click counts, or empty where no token is looked for.
func missingRule(id identifier) string {
	token, ok := id.(tokenIdentifier)
	if !ok {
		return ""
	}
	if token.Places()[0].In == "header" {
		return ruleNoHeader
	}
	return ruleNoCookie
}

// placeholderIdentifier believes an earlier handler.
type placeholderIdentifier struct {
	key  string
	kind auth.Kind
}

// newPlaceholderIdentifier refuses placeholders that a visitor can write.
func newPlaceholderIdentifier(cfg Identity) (placeholderIdentifier, error) {
	key, ok := placeholder.Sole(cfg.Placeholder)
	if !ok || !placeholder.IsVerifiedUser(key) {
		return placeholderIdentifier{}, fmt.Errorf("identity: %q is not a user that Caddy "+
			"verified: "+
			"write `identity {http.auth.user.id}` or "+
			"`identity {http.reverse_proxy.header.Remote-Email}`", cfg.Placeholder)
	}
	if cfg.Kind != "" &&
		!slices.Contains([]auth.Kind{auth.Email, auth.Phone, auth.UUID}, cfg.Kind) {
		return placeholderIdentifier{}, fmt.Errorf(
			"identity: unknown kind %q: write email, phone or uuid", cfg.Kind)
	}
	return placeholderIdentifier{key: key, kind: cfg.Kind}, nil
}

func (p placeholderIdentifier) identify(_ *http.Request, repl *caddy.Replacer) (*auth.User, error) {
	text, _ := repl.GetString(p.key)
	if text == "" {
		return nil, auth.ErrNoToken
	}
	sub, err := auth.ParseSubscriber(p.kind, text)
	if err != nil {
		return new(auth.User), nil // somebody is signed in, but Zotlo has no id for them
	}
	return &auth.User{Subscriber: sub}, nil
}

func (placeholderIdentifier) trusts(string) bool { return false }

// defaultJWT is the name of the identity that routes use when they name none.
const defaultJWT = "default"

var (
	errTwoIdentities = errors.New("jwt and identity exclude each other: keep one")
	errNoIdentity    = errors.New("who the shopper is, is not configured: write a `jwt` block " +
		"here or in the global checkout option")
)

// errUnknownJWT is the error about a name that no identity has.
func errUnknownJWT(name string) error {
	if name == defaultJWT {
		return errNoIdentity
	}
	return fmt.Errorf("jwt %q is not defined: write `jwt %s {` in the global checkout option", name,
		name)
}

// remoteSource says where cfg fetches its keys; it is empty when they are at hand.
func remoteSource(cfg auth.Config) string {
	switch {
	case cfg.JWKS != "":
		return "jwks " + cfg.JWKS
	case cfg.Issuer != "" && len(cfg.Secrets) == 0 && len(cfg.PublicKeys) == 0:
		return "issuer " + cfg.Issuer
	}
	return ""
}
