package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
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
	at := block.PlaceOf(d)
	j := new(JWT)
	b := block.New(d, "jwt")
	names := func(to *[]string) func() error {
		return func() error {
			option := b.Val()
			if err := b.List(to); err != nil {
				return err
			}
			return b.Check(option, j.check())
		}
	}
	err := b.Read(block.Options{
		"secret":           func() error { return b.MoreAtLoad(&j.Secrets) },
		"public_key":       func() error { return b.MoreAtLoad(&j.PublicKeys) },
		"jwks":             func() error { return b.TextAtLoad(&j.JWKS) },
		"issuer":           func() error { return b.TextAtLoad(&j.Issuer) },
		"audience":         func() error { return b.ListAtLoad(&j.Audience) },
		"algorithms":       names(&j.Algorithms),
		"from":             func() error { return parseFrom(b, j) },
		"subscriber_id":    names(&j.SubscriberID),
		"verified_contact": func() error { return parseContact(b, j) },
		"trusted_claims":   names(&j.TrustedClaims),
		"leeway": func() error {
			j.Leeway = new(caddy.Duration)
			return b.DurationOrZero(j.Leeway)
		},
		"max_age": func() error { return b.Duration(&j.MaxAge) },
	})
	if err != nil {
		return nil, err
	}
	block.Note("jwt", j.fingerprint(), at)
	return j, checkJWTBlock(j, at)
}

// checkJWTBlock refuses what can be seen to be wrong without reading a secret.
func checkJWTBlock(j *JWT, at block.Place) error {
	cfg := j.config()
	cfg.Secrets, cfg.PublicKeys = j.Secrets, j.PublicKeys
	if err := cfg.Check(); err != nil {
		return at.Errorf("jwt: %w", err)
	}
	if isComplete(j) {
		if _, err := auth.New(cfg); err != nil {
			return at.Errorf("jwt: %w", err)
		}
	}
	return nil
}

// isComplete reports whether the block can be checked as it stands. Files and placeholders are read
// when the configuration is loaded, which may be on another machine.
func isComplete(j *JWT) bool {
	isFile := j.JWKS != "" && !strings.Contains(j.JWKS, "://")
	return len(j.Secrets)+len(j.PublicKeys) == 0 && !isFile &&
		!placeholder.In(j.JWKS, j.Issuer) && !placeholder.In(j.Audience...)
}

func parseFrom(b *block.Block, j *JWT) error {
	args := b.RemainingArgs()
	if len(args) != 2 || args[0] != "cookie" && args[0] != "header" {
		return b.Err("from takes a place and a name: write `from cookie <name>` or " +
			"`from header Authorization`")
	}
	j.From = append(j.From, auth.Source{In: args[0], Name: args[1]})
	return b.Check("from", j.check())
}

func parseContact(b *block.Block, j *JWT) error {
	if err := b.Text(&j.VerifiedContact); err != nil {
		return err
	}
	return b.Check("verified_contact", auth.CheckVerifiedContact(j.VerifiedContact))
}

// parseOffers reads the keys of signed offers:
//
//	offers {
//		secret <secret>            (may be repeated)
//		public_key <file or PEM>   (may be repeated)
//		max_age <duration>
//	}
func parseOffers(b *block.Block, to **Offers) error {
	if err := b.Once(); err != nil {
		return err
	}
	if b.NextArg() {
		return b.Err("offers takes no value on its own line: open a block with {")
	}
	at := block.PlaceOf(b.Dispenser)
	cfg := new(Offers)
	inner := b.Inner("offers")
	err := inner.Read(block.Options{
		"secret":     func() error { return inner.MoreAtLoad(&cfg.Secrets) },
		"public_key": func() error { return inner.MoreAtLoad(&cfg.PublicKeys) },
		"max_age":    func() error { return inner.Duration(&cfg.MaxAge) },
	})
	if err != nil {
		return err
	}
	if err := cfg.check(); err != nil {
		return at.Errorf("offers: %w", err)
	}
	*to = cfg
	return nil
}
