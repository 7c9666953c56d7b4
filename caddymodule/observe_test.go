package caddymodule_test

import (
	"net/http"
	"testing"

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
