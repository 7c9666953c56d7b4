package caddymodule_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// manyCampaigns is a server of n campaigns, each behind an expression; the last one takes
// everybody.
func manyCampaigns(n int) string {
	var campaigns strings.Builder
	for i := range n {
		match := fmt.Sprintf("\t\t\tmatch {\n\t\t\t\texpression `{http.checkout.claim.plan} == "+
			"\"%d\" && {query.x} != \"%d\"`\n\t\t\t}\n", i, i)
		if i == n-1 {
			match = ""
		}
		fmt.Fprintf(&campaigns,
			"\t\tcampaign c%03d {\n\t\t\tlink_id %d\n%s\t\t\tpackage_name \"Pro for "+
				"{http.checkout.claim.given_name}\"\n\t\t}\n", i, i+1, match)
	}
	return `{` + serverOptions + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
` + campaigns.String() + `	}
}

http:// {` + serverSite + `
	checkout_link /upgrade c000
	checkout_link /other c001
}
`
}

// BenchmarkExplain measures an answer about 200 campaigns, Caddy's admin server apart. It must stay
// below 50 ms.
func BenchmarkExplain(b *testing.B) {
	openServer(b, manyCampaigns(200))
	handler := adminRoute(b, "/checkout/explain")
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/checkout/explain",
			strings.NewReader(`{"claims":`+annsClaims+`}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if err := handler.ServeHTTP(w, r); err != nil {
			b.Fatal(err)
		}
	}
}

// adminRoute is a handler of the admin module, as Caddy finds it.
func adminRoute(t testing.TB, pattern string) caddy.AdminHandler {
	t.Helper()
	info, err := caddy.GetModule("admin.api.checkout")
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range info.New().(caddy.AdminRouter).Routes() {
		if route.Pattern == pattern {
			return route.Handler
		}
	}
	t.Fatalf("no admin route %s", pattern)
	return nil
}

func TestExplainAsksAllOf200Campaigns(t *testing.T) {
	srv := openServer(t, manyCampaigns(200))
	e := srv.explain(`{"claims":` + annsClaims + `}`)
	if len(e.Rules) != 200 || e.Campaign != "c199" {
		t.Errorf("%d rules, campaign %q", len(e.Rules), e.Campaign)
	}
}
