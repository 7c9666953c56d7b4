package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types/ref"
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
)

// ClaimMatcher matches requests by verified claims of their user. All listed claims must hold. A
// request without a user, or with a token that is refused, does not match; it is no error.
//
// In a campaign's `match` the user is the one whom the route's directive knows. Elsewhere it is the
// one of the last checkout directive that ran; before any of them ran, it is the user of the
// checkout app's default identity, whose token is verified on the spot.
//
// In an `expression` it is a function over a map of paths, with all values as strings:
// `checkout_claim({'custom:plan': ['free', 'trial'], 'premium': ['true']})`.
type ClaimMatcher struct {
	// Claims must all hold. One claim may be listed several times.
	Claims []ClaimCondition `json:"claims,omitempty"`

	reader *claimReader
}

// ClaimCondition says which values a claim may have.
type ClaimCondition struct {
	// Path reaches the claim: dotted, as in `org.plan`. A claim of exactly that name wins, such as
	// `custom:plan` or `https://shop.example.com/plan`. Placeholders are refused.
	Path string `json:"path"`
	// Values are those that the claim may have; one is enough, and of a list any element counts.
	// `true`, `false` and numbers are written as in JSON. Placeholders are refused.
	Values []string `json:"values"`
}

// CaddyModule returns the Caddy module information.
func (*ClaimMatcher) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.matchers.checkout_claim",
		New: func() caddy.Module { return new(ClaimMatcher) },
	}
}

// Provision checks the claims and finds who is asked where no directive has run.
func (m *ClaimMatcher) Provision(ctx caddy.Context) error {
	if err := m.check(); err != nil {
		return err
	}
	for _, c := range m.Claims {
		written := append([]string{c.Path}, c.Values...)
		if err := placeholder.CheckNames("checkout_claim", written); err != nil {
			return err
		}
	}
	if ctx.Value(insideCampaign{}) != nil {
		return nil // a directive that decides has a user, or knows that there is none
	}
	app, err := checkoutApp(ctx)
	if err != nil {
		return err
	}
	m.reader = newClaimReader(ctx, app)
	app.needsDirective = app.needsDirective || m.reader.identity == nil
	return nil
}

// check refuses a matcher that asks for nothing.
func (m *ClaimMatcher) check() error {
	if len(m.Claims) == 0 {
		return errors.New("checkout_claim names no claim: " + claimSyntax)
	}
	for _, c := range m.Claims {
		if c.Path == "" || len(c.Values) == 0 {
			return fmt.Errorf("checkout_claim %s: %s", c.Path, claimSyntax)
		}
	}
	return nil
}

const claimSyntax = "write `checkout_claim <path> <value>...`"

// UnmarshalCaddyfile reads lines of the form
//
//	checkout_claim <path> <value>...
func (m *ClaimMatcher) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	for d.Next() {
		args := d.RemainingArgs()
		if len(args) < 2 {
			return d.Err("checkout_claim: " + claimSyntax)
		}
		if d.NextBlock(0) {
			return d.Err("checkout_claim has no block: " + claimSyntax)
		}
		m.Claims = append(m.Claims, ClaimCondition{Path: args[0], Values: args[1:]})
	}
	return nil
}

// CELLibrary makes the matcher a function of expressions. Caddy asks for it at every expression of
// the configuration, so nothing is looked up before one is found that calls it.
func (*ClaimMatcher) CELLibrary(ctx caddy.Context) (cel.Library, error) {
	reader := sync.OnceValue(func() *claimReader {
		if ctx.Value(insideCampaign{}) != nil {
			return nil
		}
		// It may be asked during a request, which must not make an app. One that is not configured
		// has no default identity.
		app, _ := ctx.AppIfConfigured("checkout")
		known, _ := app.(*App)
		return newClaimReader(ctx, known)
	})
	return caddyhttp.CELMatcherImpl("checkout_claim", "checkout_claim_request_map",
		[]*cel.Type{caddyhttp.CELTypeJSON},
		func(data ref.Val) (caddyhttp.RequestMatcherWithError, error) {
			claims, err := caddyhttp.CELValueToMapStrList(data)
			if err != nil {
				return nil, fmt.Errorf("checkout_claim: %w", err)
			}
			m := &ClaimMatcher{reader: reader()}
			for _, path := range slices.Sorted(maps.Keys(claims)) {
				m.Claims = append(m.Claims, ClaimCondition{path, claims[path]})
			}
			return m, m.check()
		})
}

// MatchWithError reports whether all claims hold. It fails for nobody.
func (m *ClaimMatcher) MatchWithError(r *http.Request) (bool, error) {
	user := m.user(r)
	if user == nil {
		return false, nil
	}
	for _, c := range m.Claims {
		if !user.ClaimIs(c.Path, c.Values...) {
			return false, nil
		}
	}
	return true, nil
}

// user is whose claims are read; nil is nobody.
func (m *ClaimMatcher) user(r *http.Request) *auth.User {
	if state, ok := caddyhttp.GetVar(r.Context(), stateVar).(*requestState); ok {
		return state.decisions[len(state.decisions)-1].user
	}
	if m.reader == nil {
		return nil
	}
	return m.reader.user(r)
}

// claimReader reads the user of requests that no checkout directive has seen yet.
type claimReader struct {
	identity *auth.Authenticator // the default one; nil: there is none
	log      *zap.Logger
	told     sync.Once
}

// newClaimReader reads with the default identity of app, which may be nil.
func newClaimReader(ctx caddy.Context, app *App) *claimReader {
	reader := &claimReader{log: ctx.Logger()}
	if app != nil {
		reader.identity = app.ids.named[defaultJWT]
	}
	return reader
}

// user verifies the request's token. Why it was refused is counted by the directives alone, so that
// a request counts once.
func (c *claimReader) user(r *http.Request) *auth.User {
	if c.identity == nil {
		c.told.Do(func() {
			c.log.Warn("checkout_claim was asked before any checkout directive ran, and there " +
				"is no default identity, so it does not match: write a `jwt` block in the global " +
				"checkout option, or put the directive before it, in a `route` block")
		})
		return nil
	}
	user, err := c.identity.Authenticate(r)
	if err != nil {
		return nil
	}
	return user
}

// Interface guards
var (
	_ caddy.Provisioner                 = (*ClaimMatcher)(nil)
	_ caddyfile.Unmarshaler             = (*ClaimMatcher)(nil)
	_ caddyhttp.RequestMatcherWithError = (*ClaimMatcher)(nil)
	_ caddyhttp.CELLibraryProducer      = (*ClaimMatcher)(nil)
)
