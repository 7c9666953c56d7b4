package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"time"
)

// key is one key that verifies signatures.
type key struct {
	family family
	// public is what golang-jwt's Verify takes: []byte, *rsa.PublicKey, *ecdsa.PublicKey or
	// ed25519.PublicKey.
	public any
	kid    string // empty: it has none
	alg    string // the only algorithm it may be used with; empty: any of its family
}

func (k *key) fits(alg *algorithm) bool {
	return k.family == alg.family && (k.alg == "" || k.alg == alg.name)
}

// newKey finds the family of a public key and refuses weak ones.
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

// choose finds the one key that may verify c: the one that it names, or, if it names none, the only
// one there is for its algorithm (RFC 7515 section 4.1.4, RFC 8725 section 3.1).
func (s *keySet) choose(c *compact) (chosen *key, rule string) {
	for i := range s.keys {
		k := &s.keys[i]
		if c.kid != "" {
			if k.kid != c.kid {
				continue
			}
			if !k.fits(c.alg) {
				return nil, ruleKey
			}
			return k, ""
		}
		if !k.fits(c.alg) {
			continue
		}
		if chosen != nil {
			return nil, ruleKid
		}
		chosen = k
	}
	switch {
	case chosen != nil:
		return chosen, ""
	case c.kid != "":
		return nil, ruleKid
	}
	return nil, ruleKey
}

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
	// wait returns the keys, or ErrKeysUnavailable after a bounded wait.
	wait(ctx context.Context) (*keySet, error)
	// unknownKey is told of a kid that the set does not hold.
	unknownKey()
}

// localKeys are keys from the config.
type localKeys struct{ set keySet }

func (l *localKeys) peek(time.Time) (*keySet, bool)        { return &l.set, true }
func (l *localKeys) wait(context.Context) (*keySet, error) { return &l.set, nil }
func (l *localKeys) unknownKey()                           {}
