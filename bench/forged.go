package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/auth"
)

// refusalBar is what a refusal may cost beyond the bare signature check, and all that one of a huge
// token may cost.
const refusalBar = 100 * time.Microsecond

var errAccepted = errors.New("a bad token was accepted")

// measureForged compares the refusal of a token that somebody else's signature was put under with
// that signature check alone. It needs no server: package auth refuses in this process.
func measureForged(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: "CPU per refused token, and per bare signature check",
		head:  []string{"token", "refusal", "signature check", "beyond it", "bar", ""},
	}
	n := max(l.requests/5, 1)
	for _, alg := range []string{"HS256", "RS256", "ES256", "ES384", "EdDSA"} {
		refuse, check, err := l.forged(ctx, alg)
		if err != nil {
			return nil, err
		}
		c, err := compare(ctx, refuse, check, l.pairs, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", alg, err)
		}
		ours, bare := c.each()
		t.add("forged, "+alg, micros(ours), micros(bare), micros(ours-bare),
			"≤ "+micros(refusalBar), verdict(ours-bare <= refusalBar))
	}
	huge, err := l.hugeRefusal(ctx)
	if err != nil {
		return nil, err
	}
	c, err := compare(ctx, huge, huge, l.pairs, n)
	if err != nil {
		return nil, err
	}
	each, _ := c.each()
	t.add("of 1 MiB", micros(each), "", "", "≤ "+micros(refusalBar), verdict(each <= refusalBar))
	t.note("%d turns of %d tokens each; means over all turns.", l.pairs, n)
	return []table{t}, nil
}

// forged puts one shopper's signature under the claims of another. check is the bare check of that
// signature.
func (l *lab) forged(ctx context.Context, alg string) (refuse, check work, err error) {
	var tokens [2][]string
	for i := range tokens {
		token, err := l.keys.token(alg, i)
		if err != nil {
			return nil, nil, err
		}
		tokens[i] = strings.Split(token, ".")
	}
	signed := tokens[0][0] + "." + tokens[0][1]
	if refuse, err = l.refusal(ctx, alg, signed+"."+tokens[1][2]); err != nil {
		return nil, nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(tokens[1][2])
	if err != nil {
		return nil, nil, err
	}
	method, key := jwt.GetSigningMethod(alg), l.keys.public(alg)
	return refuse, func() error {
		if method.Verify(signed, signature, key) == nil {
			return errAccepted
		}
		return nil
	}, nil
}

// refusal is what it takes to refuse a token.
func (l *lab) refusal(ctx context.Context, alg, token string) (work, error) {
	users, err := l.authenticator(alg)
	if err != nil {
		return nil, err
	}
	return refused(func() error {
		_, err := users.Verify(ctx, token)
		return err
	})
}

// hugeRefusal is what it takes to find a token of 1 MiB in its cookie and to refuse it.
func (l *lab) hugeRefusal(ctx context.Context) (work, error) {
	users, err := l.authenticator("HS256")
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://shop.example.com"+oursPath,
		nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Cookie", "theme=dark; session="+strings.Repeat("x", 1<<20))
	return refused(func() error {
		_, err := users.Authenticate(r)
		return err
	})
}

// refused makes an error of a token that is not refused.
func refused(try func() error) (work, error) {
	if err := try(); !errors.As(err, new(*auth.RefusedError)) {
		return nil, errAccepted
	}
	return func() error {
		if try() == nil {
			return errAccepted
		}
		return nil
	}, nil
}

func (l *lab) authenticator(alg string) (*auth.Authenticator, error) {
	cfg := auth.Config{From: []auth.Source{{In: "cookie", Name: "session"}}}
	if alg == "HS256" {
		cfg.Secrets = []string{l.keys.secret}
		return auth.New(cfg)
	}
	text, err := os.ReadFile(l.keys.file(alg))
	if err != nil {
		return nil, err
	}
	cfg.PublicKeys = []string{string(text)}
	return auth.New(cfg)
}
