package caddymodule

import (
	"encoding/json"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-checkout/checkout/auth"
)

// parseJWTBlock reads an identity; the dispenser stands before its opening brace:
//
//	jwt [<name>] {
//		secret <secret>            (may be repeated)
//		public_key <file or PEM>   (may be repeated)
//		jwks <url or file>
//		issuer <issuer>
//		audience <audience>...
//		algorithms <algorithm>...
//		from cookie|header <name>  (may be repeated)
//		subscriber_id <claim[:kind]>...
//		verified_contact if_present|required|ignore
//		trusted_claims <claim>...
//		leeway <duration>
//		max_age <duration>
//	}
func parseJWTBlock(d *caddyfile.Dispenser) (*JWT, error) {
	at := placeOf(d)
	j := new(JWT)
	b := newBlock(d, "jwt")
	err := b.read(words{
		"secret":           func() error { return b.moreAtLoad(&j.Secrets) },
		"public_key":       func() error { return b.moreAtLoad(&j.PublicKeys) },
		"jwks":             func() error { return b.atLoad(&j.JWKS) },
		"issuer":           func() error { return b.atLoad(&j.Issuer) },
		"audience":         func() error { return b.listAtLoad(&j.Audience) },
		"algorithms":       func() error { return b.names(&j.Algorithms) },
		"from":             func() error { return parseFrom(b, j) },
		"subscriber_id":    func() error { return b.names(&j.SubscriberID) },
		"verified_contact": func() error { return parseContact(b, j) },
		"trusted_claims":   func() error { return b.names(&j.TrustedClaims) },
		"leeway": func() error {
			j.Leeway = new(caddy.Duration)
			return b.durationOrZero(j.Leeway)
		},
		"max_age": func() error { return b.duration(&j.MaxAge) },
	})
	if err != nil {
		return nil, err
	}
	secretPlaces.note("jwt", j.fingerprint(), at)
	return j, j.checkBlock(at)
}

// fingerprint tells one jwt block from another; secrets stand in it as they were written.
func (j *JWT) fingerprint() string {
	text, _ := json.Marshal(j) // plain strings and numbers
	return string(text)
}

// checkBlock refuses what can be seen to be wrong without reading a secret.
func (j *JWT) checkBlock(at place) error {
	var kinds []string
	if len(j.Secrets) > 0 {
		kinds = append(kinds, "secret")
	}
	if len(j.PublicKeys) > 0 {
		kinds = append(kinds, "public_key")
	}
	if j.JWKS != "" {
		kinds = append(kinds, "jwks")
	}
	switch {
	case len(kinds) > 1:
		return at.errorf("jwt: %s exclude each other: keep one kind of key", strings.Join(kinds, " and "))
	case len(kinds) == 0 && j.Issuer == "":
		return at.errorf("jwt: no key: write `secret {env.JWT_SECRET}`, or public_key, jwks or issuer")
	case len(j.From) == 0:
		return at.errorf("jwt: from is missing: where is the token? usually `from cookie <name>`")
	case len(j.Audience) == 0 && (j.JWKS != "" || len(kinds) == 0):
		return at.errorf("jwt: audience is missing: an issuer signs tokens for other apps too; write `audience <name>`, or `audience any` to accept them all")
	}
	if j.complete() {
		if _, err := auth.New(j.config()); err != nil {
			return at.errorf("jwt: %w", err)
		}
	}
	return nil
}

// complete reports whether the block can be checked as it stands. Files and placeholders are read when the configuration is
// loaded, which may be on another machine.
func (j *JWT) complete() bool {
	isFile := j.JWKS != "" && !strings.Contains(j.JWKS, "://")
	return len(j.Secrets)+len(j.PublicKeys) == 0 && !isFile && !hasPlaceholder(j.JWKS, j.Issuer) && !hasPlaceholder(j.Audience...)
}

func parseFrom(b *block, j *JWT) error {
	args := b.RemainingArgs()
	if len(args) != 2 || args[0] != "cookie" && args[0] != "header" {
		return b.Err("from takes a place and a name: write `from cookie <name>` or `from header Authorization`")
	}
	j.From = append(j.From, auth.Source{In: args[0], Name: args[1]})
	return b.check("from", checkNames("from "+args[0], args[1:]))
}

func parseContact(b *block, j *JWT) error {
	var text string
	if err := b.text(&text); err != nil {
		return err
	}
	switch contact := auth.Contact(text); contact {
	case auth.ContactIfPresent, auth.ContactRequired, auth.ContactIgnore:
		j.VerifiedContact = contact
		return nil
	}
	return b.Errf("verified_contact: unknown value %q: write if_present, required or ignore", text)
}
