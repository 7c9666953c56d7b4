package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"slices"
	"time"
)

// key is one key that verifies signatures.
type key struct {
	family family
	// public is what the method's Verify takes: *hmacSecret, *rsa.PublicKey, *ecdsa.PublicKey or
	// ed25519.PublicKey.
	public any
	kid    string // empty: it has none
	alg    string // the only algorithm it may be used with; empty: any of its family
}

// fits reports whether k may verify signatures of that algorithm.
func (k *key) fits(alg *algorithm) bool {
	return k.family == alg.family && (k.alg == "" || k.alg == alg.name)
}

// same reports whether both verify the same signatures: one key may stand in a set several times,
// for several algorithms or under several names.
func (k *key) same(other *key) bool {
	public, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(other.public)
}

// overlaps reports whether a key stands in both sets.
func (s *keySet) overlaps(other *keySet) bool {
	return slices.ContainsFunc(s.keys, func(k key) bool {
		return slices.ContainsFunc(other.keys, func(o key) bool { return k.same(&o) })
	})
}

// clashes reports whether a token could name k and mean other.
func (k *key) clashes(other key) bool {
	return k.kid != "" && k.kid == other.kid && k.family == other.family &&
		(k.alg == "" || other.alg == "" || k.alg == other.alg) && !k.same(&other)
}

// newKey finds the family of a public key and refuses weak ones. An error names the kinds that
// would do, or what is weak about the key. Other curves have no algorithm here.
func newKey(public crypto.PublicKey) (key, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return key{family: familyRSA, public: public}, checkRSA(public)
	case ed25519.PublicKey:
		return key{family: familyEd25519, public: public}, nil
	case *ecdsa.PublicKey:
		switch public.Curve.Params().BitSize {
		case 256:
			return key{family: familyP256, public: public}, nil
		case 384:
			return key{family: familyP384, public: public}, nil
		case 521:
			return key{family: familyP521, public: public}, nil
		}
	}
	return key{}, errors.New("not an RSA, P-256, P-384, P-521 or Ed25519 key")
}

// keySet is an unchanging set of keys. Its address stands for its contents: the cache of verified
// tokens compares pointers to learn that the keys have changed.
type keySet struct {
	keys []key
	// named sets choose by kid, as a JSON Web Key Set does. In the others each key that fits is
	// tried.
	named bool
}

// verify checks the signature of c and names the broken rule, or none. With a named set that is one
// check of one signature at most.
func (s *keySet) verify(c *compact) (rule string) {
	if s.named {
		k, rule := s.choose(c)
		if rule != "" {
			return rule
		}
		return check(c, k)
	}
	// Keys of the config have no names, so each that fits is tried: an old and a new one, most
	// often.
	rule = ruleKey
	for i := range s.keys {
		if !s.keys[i].fits(c.alg) {
			continue
		}
		if rule = check(c, &s.keys[i]); rule == "" {
			return ""
		}
	}
	return rule
}

// choose finds the one key that may verify c, by its kid and its algorithm together, or, if it
// names none, the only one there is for its algorithm (RFC 7515 section 4.1.4, RFC 8725 section
// 3.1).
func (s *keySet) choose(c *compact) (chosen *key, rule string) {
	rule = ruleKey
	if c.kid != "" {
		rule = ruleKid // until a key has it
	}
	for i := range s.keys {
		k := &s.keys[i]
		if c.kid != "" && k.kid != c.kid {
			continue
		}
		switch {
		case !k.fits(c.alg):
			rule = ruleKey
		case chosen == nil:
			chosen = k
		case !k.same(chosen):
			return nil, ruleKid
		}
	}
	if chosen != nil {
		return chosen, ""
	}
	return nil, rule
}

// check is the one place where a signature is verified. What was wrong with it is nobody's
// business.
func check(c *compact, k *key) (rule string) {
	if c.alg.method.Verify(c.signed, c.signature, k.public) != nil {
		return ruleSignature
	}
	return ""
}

// keySource is where the keys of an Authenticator come from.
type keySource interface {
	// peek returns the keys if they are at hand. It never waits.
	peek(now time.Time) (*keySet, bool)
	// held returns the keys as peek does, and begins no fetch.
	held(now time.Time) (*keySet, bool)
	// wait returns the keys, or ErrKeysUnavailable after a bounded wait.
	wait(ctx context.Context) (*keySet, error)
	// outdated is told that no key verified a token, so that the keys may have changed.
	outdated()
}

// localKeys are keys from the config. They are always at hand and never change; a new config brings
// new ones.
type localKeys struct{ set keySet }

// The keys of the config are always there: nothing is waited for, and nothing can be outdated.
func (l *localKeys) peek(time.Time) (*keySet, bool)        { return &l.set, true }
func (l *localKeys) held(time.Time) (*keySet, bool)        { return &l.set, true }
func (l *localKeys) wait(context.Context) (*keySet, error) { return &l.set, nil }
func (l *localKeys) outdated()                             {}
