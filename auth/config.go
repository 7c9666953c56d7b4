package auth

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// Config says where tokens come from, which keys verify them, and which claims name the subscriber.
// Exactly one kind of key must be set: Secrets, PublicKeys, JWKS, or Issuer alone (OpenID Connect
// discovery).
type Config struct {
	// Secrets are HMAC keys, as text or as "base64:" followed by the key. Any of them verifies. A
	// text that begins with "base64:" or "text:" itself is written behind "text:". Each must be at
	// least as long as the hash: 32 bytes for HS256, 48 for HS384, 64 for HS512.
	Secrets []string
	// PublicKeys are PEM texts or paths of PEM files: RSA of 2048 to 8192 bits, ECDSA P-256 or
	// P-384, Ed25519. Any of them verifies.
	PublicKeys []string
	// JWKS is the URL (https, or http on loopback) or the path of a JSON Web Key Set.
	JWKS string
	// Issuer is the exact `iss`. Alone it also means: find the keys by OpenID Connect discovery.
	Issuer string
	// Audience lists the accepted `aud` values; one match is enough. Required for JWKS and
	// discovery; the single entry "any" opts out.
	Audience []string
	// Algorithms restricts, or for the stronger variants admits, signature algorithms by their JOSE
	// names. Default: HS256 for secrets; RS256, ES256, ES384 or EdDSA for public keys, by their
	// kind; RS256, PS256, ES256, ES384 and EdDSA for JWKS and discovery. By name only: HS384,
	// HS512, RS384, RS512, PS256 (for PublicKeys), PS384, PS512, ES512. "none" never.
	Algorithms []string
	// Type is the only typ that a token may have, such as "offer+jwt", for tokens that are no
	// sessions (RFC 8725 section 3.11). Then sub and jti are non-empty strings where they are there.
	// Default: that of a session, where typ is absent, JWT or at+jwt.
	Type string
	// From lists the places that may hold a token, in order. The first place that holds one decides:
	// a bad token there is not healed by a later place. Required, but for tokens of a Type of their
	// own: without it requests hold none, and Verify is handed what was found elsewhere.
	From []Source
	// SubscriberID lists the claims that may name the subscriber, each "claim" or "claim:kind" with
	// the kind email, phone or uuid. Default: email, phone_number, sub. A claim whose own name ends
	// like a kind needs its kind written as well ("custom:email:email").
	SubscriberID []string
	// VerifiedContact says what an e-mail or phone claim needs beside it: "if_present" (default)
	// passes over one that is said not to be verified, and takes one of which nothing is said;
	// "required" passes over one that is not said to be verified; "ignore" takes any.
	//
	// What speaks of an e-mail is email_verified: beside the claim, at the top, or under the
	// claim's own name with _verified. For a phone it is phone_number_verified. Only true and
	// "true" mean yes, and anything else means no for every e-mail, or phone. A yes means less:
	// email_verified speaks for the claim email beside it, and for another claim only if that
	// holds the same address.
	VerifiedContact string
	// TrustedClaims are the claims that only the site's backend writes, as dotted paths.
	TrustedClaims []string
	// Leeway is the clock skew granted to exp, nbf and iat. Zero means 30 s; at most 5 min;
	// negative means none.
	Leeway time.Duration
	// MaxAge refuses tokens whose iat is older, or missing. Zero means no limit.
	MaxAge time.Duration
	// MaxLife refuses tokens whose exp is further ahead of now. Zero means ten years.
	MaxLife time.Duration
	// Remote is a key set shared with other Authenticators, so that a set fetched before survives.
	// It must have been made for the same JWKS or Issuer; if that is a file, New reads it again.
	// Nil: New makes one when JWKS or Issuer asks for it.
	Remote *RemoteKeys
	// Client fetches key sets and discovery documents. Nil means a client of our own.
	Client *http.Client
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// The values of Config.VerifiedContact.
const (
	contactIfPresent = "if_present"
	contactRequired  = "required"
	contactIgnore    = "ignore"
)

// The defaults and bounds of Config.
const (
	// defaultLeeway and maxLeeway are for clocks that differ; more would keep expired tokens alive.
	defaultLeeway = 30 * time.Second
	maxLeeway     = 5 * time.Minute
	// anyAudience is the entry of Audience that opts out.
	anyAudience = "any"
)

// Check finds options that are missing or exclude each other. It reads no key and no file, so it
// can be asked before the texts of Secrets and PublicKeys are known: a Caddyfile may be adapted on
// another machine than the one that has them. New checks the same, and the rest.
func (c Config) Check() error {
	kinds := c.kinds()
	switch {
	case len(kinds) > 1:
		// A reader of the config could not say which of them a token meets.
		return fmt.Errorf("%s exclude each other: keep one kind of key",
			strings.Join(kinds, " and "))
	case len(kinds) == 0:
		return errors.New("no key: write `secret {env.JWT_SECRET}`, or public_key, jwks or issuer")
	case len(c.From) == 0 && c.Type == "":
		return errors.New("from is missing: where is the token? usually `from cookie <name>`")
	case len(c.Audience) == 0 && len(c.Secrets)+len(c.PublicKeys) == 0:
		// A secret of one's own signs for nobody else.
		return errors.New("audience is missing: an issuer signs tokens for other apps too; " +
			"write `audience <name>`, or `audience any` to accept them all")
	}
	return nil
}

// CheckVerifiedContact refuses a text that is no value of Config.VerifiedContact. New checks the
// same; an empty text is the default for New, and no value here.
func CheckVerifiedContact(text string) error {
	switch text {
	case contactIfPresent, contactRequired, contactIgnore:
		return nil
	}
	return fmt.Errorf("verified_contact: unknown value %q: write %s, %s or %s", text,
		contactIfPresent, contactRequired, contactIgnore)
}

// kinds are the kinds of keys that are configured, in the words of the Caddyfile. An issuer is one
// only where it stands alone.
func (c Config) kinds() (kinds []string) {
	if len(c.Secrets) > 0 {
		kinds = append(kinds, "secret")
	}
	if len(c.PublicKeys) > 0 {
		kinds = append(kinds, "public_key")
	}
	if c.JWKS != "" || c.Remote != nil {
		kinds = append(kinds, "jwks")
	}
	if len(kinds) == 0 && c.Issuer != "" {
		kinds = append(kinds, "issuer")
	}
	return kinds
}

// keysOf makes the source of keys that cfg asks for.
func keysOf(cfg Config) (keySource, error) {
	switch {
	case len(cfg.Secrets) > 0:
		return localKeysOf("secret", cfg.Secrets, func(text string) ([]key, error) {
			k, err := parseSecret(text)
			return []key{k}, err
		})
	case len(cfg.PublicKeys) > 0:
		return localKeysOf("public_key", cfg.PublicKeys, parsePublicKeys)
	case cfg.Remote != nil:
		return cfg.Remote, checkShared(cfg)
	case cfg.JWKS != "":
		return NewRemoteKeys(RemoteConfig{URL: cfg.JWKS, Client: cfg.Client, Now: cfg.Now})
	}
	return NewRemoteKeys(RemoteConfig{Issuer: cfg.Issuer, Client: cfg.Client, Now: cfg.Now})
}

// keyParser reads the keys of one text of the config.
type keyParser func(text string) ([]key, error)

// localKeysOf reads all keys of one option.
func localKeysOf(option string, texts []string, parse keyParser) (keySource, error) {
	local := &localKeys{}
	for i, text := range texts {
		keys, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s %d: %w", option, i+1, err)
		}
		local.set.keys = append(local.set.keys, keys...)
	}
	return local, nil
}

// checkShared refuses a shared key set that belongs to another provider: its keys would verify
// tokens of theirs as ours. A file is read again, so that a mistake in it is a mistake of this
// config, and a new key is known at once.
func checkShared(cfg Config) error {
	shared := cfg.Remote.cfg
	if shared.URL != cfg.JWKS || shared.Issuer != "" && shared.Issuer != cfg.Issuer {
		return errors.New("the shared key set was made for another jwks or issuer")
	}
	if cfg.Remote.isFile() {
		return cfg.Remote.readNow()
	}
	return nil
}

// allowedAlgorithms works out which algorithms a token may name, and checks keys against them.
// Without a list in the config they follow from the keys, never from a token (RFC 8725 section
// 3.1).
func allowedAlgorithms(cfg Config, keys keySource) (algorithmSet, error) {
	local, isLocal := keys.(*localKeys)
	wanted := cfg.Algorithms
	if len(wanted) == 0 && !isLocal {
		wanted = remoteAlgorithms
	}
	if len(wanted) == 0 {
		defaults := map[string]bool{}
		for _, k := range local.set.keys {
			if k.family == familyP521 {
				return nil, errors.New("public_key: a P-521 key verifies only ES512; " +
					"write `algorithms ES512`")
			}
			defaults[defaultAlgorithms[k.family]] = true
		}
		wanted = slices.Sorted(maps.Keys(defaults))
	}
	var allowed algorithmSet
	for _, name := range wanted {
		alg := algorithms.find(name)
		switch {
		case alg == nil:
			return nil, fmt.Errorf("algorithms %q: unknown or never accepted; write some of %s",
				name, algorithms.names())
		case !isLocal && alg.family == familyHMAC:
			return nil, fmt.Errorf("algorithms %s: a key set has public keys only; "+
				"write some of %s", name, strings.Join(remoteAlgorithms, " "))
		}
		if !slices.Contains(allowed, alg) {
			allowed = append(allowed, alg)
		}
	}
	if isLocal {
		return allowed, checkLocal(local.set.keys, allowed)
	}
	return allowed, nil
}

// checkLocal wants every algorithm to have a key and every key an algorithm: the rest is a mistake.
func checkLocal(keys []key, allowed algorithmSet) error {
	used := map[*algorithm]bool{}
	for i := range keys {
		fits := false
		for _, alg := range allowed {
			if !keys[i].fits(alg) {
				continue
			}
			fits, used[alg] = true, true
			if hmac, ok := keys[i].public.(*hmacSecret); ok {
				if err := checkSecret(hmac.secret, alg); err != nil {
					return fmt.Errorf("secret %d: %w", i+1, err)
				}
			}
		}
		if !fits {
			return fmt.Errorf("key %d is %s and verifies none of the algorithms; "+
				"add one to `algorithms`, or leave the key out", i+1, keys[i].family)
		}
	}
	for _, alg := range allowed {
		if !used[alg] {
			return fmt.Errorf("algorithms %s: needs %s; leave it out, or write the key",
				alg.name, alg.family)
		}
	}
	return nil
}

// claimRulesOf checks and completes what cfg says about the registered claims.
func claimRulesOf(cfg Config) (claimRules, error) {
	rules := claimRules{
		issuer:   cfg.Issuer,
		audience: slices.Clone(cfg.Audience),
		leeway:   cfg.Leeway,
		maxAge:   cfg.MaxAge,
		maxLife:  cfg.MaxLife,
		typed:    cfg.Type != "",
	}
	switch {
	case slices.Contains(cfg.Audience, ""):
		return rules, errors.New("audience is empty; write `audience shop` or `audience any`")
	case len(cfg.Audience) > 1 && slices.Contains(cfg.Audience, anyAudience):
		return rules, errors.New("audience any stands alone; " +
			"write the accepted audiences or `audience any`")
	case cfg.Leeway > maxLeeway:
		return rules, fmt.Errorf("leeway %s is more than %s; write `leeway 30s`", cfg.Leeway,
			maxLeeway)
	case cfg.MaxAge < 0:
		return rules, fmt.Errorf("max_age %s is negative; "+
			"write `max_age 12h`, or leave it out for no limit", cfg.MaxAge)
	case cfg.MaxLife < 0:
		return rules, fmt.Errorf("the longest life %s is negative", cfg.MaxLife)
	}
	if len(cfg.Audience) == 1 && cfg.Audience[0] == anyAudience {
		rules.audience = nil
	}
	switch {
	case cfg.Leeway == 0:
		rules.leeway = defaultLeeway
	case cfg.Leeway < 0:
		rules.leeway = 0
	}
	return rules, nil
}

// sourcesOf checks the places and brings their names into the form in which net/http keeps them.
func sourcesOf(from []Source) ([]Source, error) {
	sources := make([]Source, 0, len(from))
	for _, source := range from {
		if err := source.check(); err != nil {
			return nil, err
		}
		if source.In == "header" {
			// As net/http keeps it, so that a look-up costs nothing per request.
			source.Name = textproto.CanonicalMIMEHeaderKey(source.Name)
		}
		if slices.Contains(sources, source) {
			return nil, fmt.Errorf("from %s %s is there twice; write it once", source.In,
				source.Name)
		}
		sources = append(sources, source)
	}
	return sources, nil
}
