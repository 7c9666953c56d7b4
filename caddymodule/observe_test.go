package caddymodule_test

import (
	"net/http"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/sandbox"
)

// TestOnlyShoppersWhoSeeThePageAreExposed: monitors and preflights met a variant that nobody saw.
func TestOnlyShoppersWhoSeeThePageAreExposed(t *testing.T) {
	srv := openServer(t, meteredServer)
	ann := by("ann@example.com")
	before := srv.scraped()
	exposed := func() float64 {
		return srv.scraped().moved(before).total("caddy_checkout_exposures_total", "at=offer")
	}
	srv.click("/plans", ann, method(http.MethodHead))
	srv.click("/plans", ann, method(http.MethodOptions))
	srv.click("/plans", ann, header("Sec-Purpose", "prefetch"))
	srv.writesExposures(meteredServer)
	if got := exposed(); got != 0 {
		t.Errorf("%v exposures, and nobody has seen the page", got)
	}
	for range 2 {
		srv.click("/plans", ann)
	}
	srv.writesExposures(meteredServer)
	srv.click("/plans", ann) // it is remembered by the ledger, too
	srv.writesExposures(meteredServer)
	if got := exposed(); got != 1 {
		t.Errorf("%v exposures of one shopper who saw the page", got)
	}
}

// TestOneBadTokenIsOneRefusal: the page's offer and its link each counted it.
func TestOneBadTokenIsOneRefusal(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, `checkout_offer pro
	checkout_link /u pro {
		anonymous next
	}
	respond "page"`))
	before := srv.scraped()
	for range 2 {
		srv.click("/u", holding("a.b.c"))
	}
	if got := srv.scraped().moved(before).total("caddy_checkout_token_refusals_total"); got != 2 {
		t.Errorf("%v refusals of two requests", got)
	}
}

// TestAnonymousClicksCountWhereNoTokenWas: a wrong name of a cookie left no trace.
func TestAnonymousClicksCountWhereNoTokenWas(t *testing.T) {
	srv := openServer(t, serverWith(`		jwt api {
			secret {env.JWT_SECRET}
			from header Authorization
			from cookie session
		}
`+proCampaign, `checkout_offer /plans pro
	checkout_link /twice pro {
		anonymous next
	}
	checkout_link /twice pro
	checkout_link /guest pro {
		anonymous guest
	}
	checkout_link /api pro {
		jwt api
	}
	checkout_link /identity pro {
		identity {http.auth.user.id}
	}
	checkout_link /u pro
	respond "page"`))
	sid := header("Cookie", "sid="+token(jwt.MapClaims{"email": "ann@example.com"}))
	for name, row := range map[string]struct {
		path    string
		options []func(*request)
		rule    string
	}{
		"a wrong cookie":       {"/u", []func(*request){sid}, "no_cookie"},
		"a guest":              {"/guest", nil, "no_cookie"},
		"two directives":       {"/twice", nil, "no_cookie"},
		"a header comes first": {"/api", nil, "no_header"},
		"a page":               {"/plans", nil, ""},
		"another handler's":    {"/identity", nil, ""},
		"a prefetch":           {"/u", []func(*request){header("Sec-Purpose", "prefetch")}, ""},
		"a user":               {"/u", []func(*request){by("ann@example.com")}, ""},
	} {
		before := srv.scraped()
		srv.click(row.path, row.options...)
		moved := srv.scraped().moved(before)
		all := moved.total("caddy_checkout_token_refusals_total")
		if row.rule == "" && all != 0 {
			t.Errorf("%s counts %v", name, all)
		}
		if row.rule != "" && (all != 1 ||
			moved.total("caddy_checkout_token_refusals_total", "rule="+row.rule) != 1) {
			t.Errorf("%s does not count %s once, but %v", name, row.rule, moved)
		}
	}
	srv.warns(0, "token refused")
}

func TestFailureLineSaysWhyAndForWhomWithoutNames(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, `checkout_link /u pro {
		fallback /pricing
	}`))
	srv.zotlo.Fail(sandbox.BadRequest(400008))
	srv.click("/u", by("secret.person@example.com"))
	srv.warns(1, "no checkout link: refused", `"error"`, `"outcome":"refused"`,
		`"answer":"fallback"`, `"campaign":"pro"`, `"code":"400008"`,
		`"request_id":"SANDBOX-REQ-`, `"subscriber":"`)
	srv.warns(0, "secret.person")
}
