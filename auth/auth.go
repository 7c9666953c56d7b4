package auth

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Config says where tokens come from, which keys verify them, and which claims name the subscriber.
// Exactly one kind of key must be set: Secrets, PublicKeys, JWKS, or Issuer alone (OpenID Connect discovery).
type Config struct {
	// Secrets are HMAC keys, as text or as "base64:" followed by the key. Any of them verifies.
	Secrets []string
	// PublicKeys are PEM texts or paths of PEM files: RSA, ECDSA P-256 or P-384, Ed25519. Any of them verifies.
	PublicKeys []string
	// JWKS is the URL (https, or http on loopback) or the path of a JSON Web Key Set.
	JWKS string
	// Issuer is the exact `iss`. Alone it also means: find the keys by OpenID Connect discovery.
	Issuer string
	// Audience lists the accepted `aud` values; one match is enough. Required for JWKS and discovery;
	// the single entry "any" opts out.
	Audience []string
	// Algorithms restricts (or, for the stronger variants, admits) signature algorithms by their JOSE names.
	Algorithms []string
	// From lists the places that may hold a token, in order. Required.
	From []Source
	// SubscriberID lists the claims that may name the subscriber, each "claim" or "claim:kind".
	// Default: email, phone_number, sub.
	SubscriberID []string
	// VerifiedContact says what an e-mail or phone needs beside it. Default: ContactIfPresent.
	VerifiedContact Contact
	// TrustedClaims are the claims that only the site's backend writes.
	TrustedClaims []string
	// Leeway is the clock skew granted to exp, nbf and iat. Zero means 30 s; at most 5 min; negative means none.
	Leeway time.Duration
	// MaxAge refuses tokens whose iat is older. Zero means no limit.
	MaxAge time.Duration
	// Remote is a key set shared with other Authenticators, so that a set fetched before survives. Nil: New makes one when JWKS or Issuer asks for it.
	Remote *RemoteKeys
	// Client fetches key sets and discovery documents. Nil means a client of our own.
	Client *http.Client
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Contact says what VerifiedContact asks of an e-mail or phone claim.
type Contact string

// The values of Contact.
const (
	ContactIfPresent Contact = "if_present"
	ContactRequired  Contact = "required"
	ContactIgnore    Contact = "ignore"
)

// Source is one place in a request that may hold a token.
type Source struct {
	// In is "cookie" or "header".
	In string `json:"in"`
	// Name is the cookie's or header's name. From the Authorization header the Bearer scheme is taken.
	Name string `json:"name"`
}

// Authenticator reads users from requests. It is safe for concurrent use.
type Authenticator struct{ cfg Config }

// New checks cfg and makes an Authenticator. It makes no network connection.
func New(cfg Config) (*Authenticator, error) { return nil, errors.New("sketch") }

// Run keeps remote keys fresh until ctx ends. With local keys it returns at once.
// Run need not have been called for Authenticate to work: the first request that needs keys fetches them.
func (a *Authenticator) Run(ctx context.Context) {}

// Authenticate finds the token of r, verifies it and reads its claims.
// Its errors are ErrNoToken, ErrKeysUnavailable, or a *RefusedError.
// A good token without a usable subscriber gives a User whose Subscriber is zero, and no error.
func (a *Authenticator) Authenticate(r *http.Request) (*User, error) { return nil, ErrNoToken }

// Verify is Authenticate for a token already at hand.
func (a *Authenticator) Verify(ctx context.Context, token string) (*User, error) {
	return nil, ErrNoToken
}

// VerifyCompact checks signature and JOSE rules only and returns the payload, of any bytes.
func (a *Authenticator) VerifyCompact(ctx context.Context, token string) ([]byte, error) {
	return nil, ErrNoToken
}

// UserFromClaims makes the User that a token with this claims object would give, without any signature.
// It is for explaining decisions to operators, never for requests.
func (a *Authenticator) UserFromClaims(claims []byte) (*User, error) { return nil, ErrNoToken }

// Trusts reports whether the claim at path is one of TrustedClaims.
func (a *Authenticator) Trusts(path string) bool { return false }

// User is a verified user. It is immutable and shared between requests: the same token gives the same *User
// for as long as it is remembered.
type User struct {
	// Subscriber is zero when no listed claim gave a usable one.
	Subscriber Subscriber
	// Issuer is the verified iss claim; it may be empty.
	Issuer string
	// Expires is the exp claim.
	Expires time.Time
}

// Claim returns the claim at a dotted path as text: strings as they are, numbers in their exact digits,
// booleans as true and false, objects and arrays as JSON. Missing, null and empty claims are not ok.
func (u *User) Claim(path string) (text string, ok bool) { return "", false }

// Kind is the kind of a subscriber id.
type Kind string

// The kinds Zotlo knows.
const (
	Email Kind = "email"
	Phone Kind = "phone"
	UUID  Kind = "uuid"
)

// Subscriber is whom a link is for.
type Subscriber struct {
	Kind Kind
	ID   string
}

// Known reports whether there is a subscriber at all.
func (s Subscriber) Known() bool { return s.ID != "" }

// ParseSubscriber reads text as a subscriber id of the given kind; an empty kind means an e-mail or a UUID by shape, never a phone.
func ParseSubscriber(kind Kind, text string) (Subscriber, error) {
	return Subscriber{}, errors.New("sketch")
}

// RemoteKeys is a key set that is fetched in the background. It is safe for concurrent use and may be shared.
type RemoteKeys struct{}

// RemoteConfig configures RemoteKeys. Exactly one of URL and Issuer is set.
type RemoteConfig struct {
	URL    string // of the key set
	Issuer string // find the key set by OpenID Connect discovery
	Client *http.Client
	Now    func() time.Time
	// OnRefresh, if set, is told the result of each fetch: "ok", or a closed set of failure words.
	OnRefresh func(result string, err error)
}

// NewRemoteKeys makes an empty key set. It makes no network connection.
func NewRemoteKeys(cfg RemoteConfig) (*RemoteKeys, error) { return nil, errors.New("sketch") }

// Run refreshes the keys until ctx ends. Several may run at once; only one fetches.
func (k *RemoteKeys) Run(ctx context.Context) {}

// Sentinel errors of Authenticate and Verify.
var (
	// ErrNoToken means that the request holds no token at any listed place.
	ErrNoToken = errors.New("no token")
	// ErrKeysUnavailable means that no key set could be fetched yet, or that the last good one is too old.
	ErrKeysUnavailable = errors.New("keys unavailable")
	// ErrRefused is what every *RefusedError is.
	ErrRefused = errors.New("token refused")
)

// RefusedError says which rule refused a token. Its text holds nothing of the token.
type RefusedError struct {
	// Rule is one of Rules.
	Rule string
}

func (e *RefusedError) Error() string        { return "token refused: " + e.Rule }
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// Rules lists every rule that can refuse a token: a closed set, for metrics.
func Rules() []string { return nil }
