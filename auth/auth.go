// Package auth answers one question of a web server: who is this shopper?
//
// It finds the signed token (JWT, RFC 7519) that the site already uses, verifies it, and reads from
// its claims the e-mail address, phone number or UUID that a payment link will be made for. A link
// in the wrong name is the worst that can happen here, so whatever two readers could understand
// differently is refused.
//
//	users, err := auth.New(auth.Config{
//		Issuer:   "https://id.example.com", // keys by OpenID Connect discovery
//		Audience: []string{"shop"},
//		From:     []auth.Source{{In: "cookie", Name: "session"}},
//	})
//	…
//	go users.Run(ctx)                     // keeps the keys fresh
//	user, err := users.Authenticate(r)    // in every handler
//
// # Keys
//
// Keys are local (Secrets, PublicKeys, a key set in a file) or remote (a key set at a URL, or found
// by discovery). Remote ones are fetched in the background and never while a request waits, except
// for the very first set; see RemoteKeys. A key server that is down neither keeps New from working
// nor lets anybody in: Authenticate says ErrKeysUnavailable until there are keys.
//
// # What is refused
//
// The order is: bytes, header, signature, claims. Nothing is decoded before its size and its bytes
// are known to be right, no claim is read before the signature is verified, and a token costs one
// signature check at most (with several local keys, one for each that fits). RefusedError names the
// rule:
//
//   - more than 8 KiB; bytes outside of the compact form; not three parts; base64url that is not
//     canonical
//   - an algorithm that the config does not allow. The config chooses, never the token; "none"
//     cannot be chosen
//   - crit, b64, zip, a cty that announces a token inside, a typ other than JWT or at+jwt (RFC 8725
//     section 3.11), or other than Config.Type
//   - in a key set: no kid where several keys fit, an unknown kid, a key for another use or
//     algorithm. jku, x5u, jwk and x5c are not read. A key that stands there twice is one key
//   - JSON with a member twice, with names that differ from a registered one only in case, with
//     invalid UTF-8 or half surrogate pairs, with anything behind it, or nested more than 32 deep
//   - no exp; exp, nbf or iat that is no number, or more than ten years ahead; an exp that is further
//     ahead than Config.MaxLife; another issuer or audience
//
// JSON null says what absence says, everywhere: serializers write it for what is not there. Where a
// value is required, null is the same as none. Only email_verified and its like are there if they
// are null, and are no yes.
//
// # Whose token
//
// The first place of Config.From that holds a token decides. Two different values at one place are
// refused rather than tried in turn, because a neighbouring host can set cookies of any name. A
// cookie without a value, an Authorization header of another scheme, and an empty Bearer hold no
// token.
//
// A token may stand behind the Bearer scheme in any place, since frameworks write it there. A
// cookie that is absent but for its pieces, name.0, name.1 and so on, is joined from them; a whole
// one wins.
//
// # Whose name
//
// Config.SubscriberID lists the claims that may name the subscriber, and the first usable one does.
// A claim that says by its kind what it holds is read in the forms that providers write: a list of
// one, a phone with blanks and brackets. A numeric id never becomes a phone by its shape. An
// address that is said not to be verified is passed over; User.Unconfirmed tells that from no
// address.
//
// Claims keep their type for expressions: see User.Value, and User.ClaimIs for comparisons.
//
// # Tokens that are no sessions
//
// With Config.Type an Authenticator verifies tokens for another purpose, such as an offer in a link:
// by the same rules, and remembered likewise. The type keeps them apart. A session is refused here,
// and such a token signs nobody in. Keys must differ all the same; see SharesKey.
//
// # What is remembered
//
// Verified tokens are remembered for a minute at most, and 32,768 of them. Most never come again,
// so of one that was seen once there are at most 88 bytes. One that comes a second time is
// remembered with its user, and from then on gives the same *User, which may carry what callers
// made of it; for tokens of one kilobyte that is some 75 MB at most. A token of a shared secret is
// checked that second time again: it costs a microsecond. Expiry is checked by the clock each time,
// and a changed key set forgets them all. Refusals are not remembered. A user who signs out at the
// provider stays known until the token expires: that is the nature of signed tokens, and the reason
// to keep them short-lived.
//
// # What it is not
//
// It signs nobody in, makes no sessions, decrypts nothing, and asks no provider about a token (RFC
// 7662). It writes no log: errors say which rule was broken and hold nothing of the token.
package auth

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Authenticator reads users from requests. Its configuration never changes, and it is safe for
// concurrent use. One takes about 520 KB, most of it the table of remembered tokens.
type Authenticator struct {
	// cache remembers what was verified. It stands here and not behind a pointer: one allocation.
	// And it stands first: there the hashes of a set lie in one line of the processor's cache.
	cache cache
	// from are the places that may hold a token, in order, checked and in canonical form.
	from []Source
	// keys verify; header says which algorithms and which typ a token may name.
	keys   keySource
	header headerRules
	// rules judge the registered claims, subscriber chooses whom a link is for.
	rules      claimRules
	subscriber *subscriberRules
	// trusted are the TrustedClaims, as they are written.
	trusted []string
	now     func() time.Time
	// genuine is the last header of a genuine token: all tokens of a key have the same.
	genuine atomic.Pointer[joseHeader]
}

// New checks cfg and makes an Authenticator. It reads key files, and makes no network connection.
// An error names the option that is wrong, and the fix.
func New(cfg Config) (*Authenticator, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	a := &Authenticator{trusted: slices.Clone(cfg.TrustedClaims), now: cfg.Now}
	a.cache.seed = maphash.MakeSeed()
	if a.now == nil {
		a.now = time.Now
	}
	var err error
	if a.keys, err = keysOf(cfg); err != nil {
		return nil, err
	}
	a.header.typ = mediaType(cfg.Type)
	if a.header.algorithms, err = allowedAlgorithms(cfg, a.keys); err != nil {
		return nil, err
	}
	if a.rules, err = claimRulesOf(cfg); err != nil {
		return nil, err
	}
	if a.from, err = sourcesOf(cfg.From); err != nil {
		return nil, err
	}
	if a.subscriber, err = newSubscriberRules(cfg.SubscriberID, cfg.VerifiedContact); err != nil {
		return nil, err
	}
	if slices.Contains(a.trusted, "") {
		return nil, errors.New("trusted_claims names an empty claim; " +
			"write `trusted_claims plan`, for example")
	}
	return a, nil
}

// Run keeps remote keys fresh until ctx ends. With local keys it returns at once. Run need not have
// been called for Authenticate to work: the first request that needs keys fetches them, and later
// ones begin the refreshes. But only Run sees to it that no fetch outlives ctx.
func (a *Authenticator) Run(ctx context.Context) {
	if remote, ok := a.keys.(*RemoteKeys); ok {
		remote.Run(ctx)
	}
}

// Authenticate finds the token of r, verifies it and reads its claims.
// Its errors are ErrNoToken, ErrKeysUnavailable, or a *RefusedError.
// A good token without a usable subscriber gives a User whose Subscriber is zero, and no error.
//
// No request waits for the network, with one exception: while no key set has ever been fetched, up
// to three seconds or until the request ends.
func (a *Authenticator) Authenticate(r *http.Request) (*User, error) {
	for _, source := range a.from {
		token, err := source.token(r.Header)
		if err != nil {
			return nil, err
		}
		if token != "" {
			return a.Verify(r.Context(), token)
		}
	}
	return nil, ErrNoToken
}

// Verify is Authenticate for a token already at hand. A token that is remembered, verified less
// than a minute ago and by the keys that are valid now, costs a comparison; the second time its
// claims are read again. Any other costs a signature check.
func (a *Authenticator) Verify(ctx context.Context, token string) (*User, error) {
	if len(token) > maxToken {
		return nil, refused(ruleSize)
	}
	now := a.now()
	hash := a.cache.hash(token)
	keys, usable := a.keys.peek(now)
	var known *cached
	if usable {
		if known = a.cache.get(hash, token, keys, now); known != nil && known.user != nil {
			return known.user, nil
		}
	}
	var opened opened
	var err error
	if known != nil {
		opened, err = openAgain(token, keys)
	} else {
		opened, err = a.open(ctx, token)
	}
	if err != nil {
		return nil, err
	}
	claims, err := parseClaims(opened.payload)
	if err != nil {
		return nil, err
	}
	if !usable {
		now = a.now() // open may have waited for keys
	}
	valid, err := a.rules.check(claims, now)
	if err != nil {
		return nil, err
	}
	seen := cached{token: token, keys: opened.keys, user: a.user(claims, valid.expires)}
	seen.checked = now.UnixNano()
	seen.notAfter = min(valid.notAfter.UnixNano(), now.Add(cacheTime).UnixNano())
	if known != nil { // its signature was checked then
		seen.checked, seen.notAfter = known.checked, known.notAfter
	}
	return a.cache.put(hash, seen, now, opened.cheap), nil
}

// VerifyCompact checks signature and JOSE rules only and returns the payload, of any bytes. Its
// errors are ErrKeysUnavailable or a *RefusedError. It knows no claims, so it does not say that a
// token is still good, or for whom it is: use it to check a library against test vectors, or for
// payloads that are no claims.
func (a *Authenticator) VerifyCompact(ctx context.Context, token string) ([]byte, error) {
	opened, err := a.open(ctx, token)
	return opened.payload, err
}

// opened is what a genuine token held.
type opened struct {
	payload []byte
	keys    *keySet // that verified it
	cheap   bool    // to check its signature costs no more than to remember it
}

// open checks the signature of a token, and everything that comes before.
func (a *Authenticator) open(ctx context.Context, token string) (opened, error) {
	known := a.genuine.Load()
	c, err := parseCompact(token, a.header, known)
	if err != nil {
		return opened{}, err
	}
	keys, err := a.keys.wait(ctx)
	if err != nil {
		return opened{}, err
	}
	if rule := keys.verify(&c); rule != "" {
		// A forged token, or one of a key that the provider has published since the last fetch.
		a.keys.outdated()
		return opened{}, refused(rule)
	}
	if c.joseHeader != known {
		// The token is genuine, so nobody else can fill the place. Its text must not hold all of it.
		a.genuine.Store(&joseHeader{strings.Clone(c.text), c.alg, c.kid})
	}
	payload, err := decodePayload(c.payload)
	return opened{payload, keys, c.alg.family == familyHMAC}, err
}

// openAgain is open for a token that these keys have verified before.
func openAgain(token string, keys *keySet) (opened, error) {
	_, payload, _, err := split(token)
	if err != nil {
		return opened{}, err
	}
	data, err := decodePayload(payload)
	return opened{data, keys, false}, err
}

// user reads the claims that every caller wants. It asks of none of them whether the token is good:
// its callers have done so, or say in their name that they have not.
func (a *Authenticator) user(claims object, expires time.Time) *User {
	issuer, _ := claims.text("iss")
	subscriber, unconfirmed := a.subscriber.choose(claims, nil)
	return &User{
		Subscriber:  subscriber,
		Unconfirmed: unconfirmed,
		Issuer:      issuer,
		Expires:     expires,
		claims:      claims,
		rules:       a.subscriber,
	}
}

// Trusts reports whether the claim at path is one of TrustedClaims. Paths are compared as they are
// written: that user_metadata.plan is trusted says nothing about user_metadata.
func (a *Authenticator) Trusts(path string) bool { return slices.Contains(a.trusted, path) }

// SharesKey reports whether a key that verifies tokens here verifies those of other as well, as far
// as the keys are at hand. Tokens for two purposes should have a key for each: the typ alone keeps
// them apart then, and not every library that signs or verifies looks at it (RFC 8725 section 3.12).
func (a *Authenticator) SharesKey(other *Authenticator) bool {
	mine, ok := a.keys.held(a.now())
	theirs, known := other.keys.held(other.now())
	return ok && known && mine.overlaps(theirs)
}
