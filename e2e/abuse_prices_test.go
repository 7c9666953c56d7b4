package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

func TestAbuse16VisitorsPrice(t *testing.T) {
	setDocumentedEnv(t)
	const site = `
shop.example.com {
	checkout_link /upgrade example {
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
}
`
	for _, placeholder := range []string{
		"{query.p}", "{header.X-Price}", "{cookie.p}", "{path.0}", "{http.request.uri.query.p}",
		"{http.request.host}", "{vars.p}", "{http.vars.p}",
		"{http.request.header.X-Price}", "{http.regexp.p.1}", "{client_ip}",
		"{http.checkout.claim.price}",
	} {
		for _, option := range []string{
			"link_id %s", "one_time_price %s EUR 1 99", "product_image https://img.example.com/%s",
			"package %s", "theme %s", "layout %s", "field x %s",
		} {
			line := fmt.Sprintf(option, `"`+placeholder+`"`)
			name, _, _ := strings.Cut(line, " ")
			refusesToLoad(t, fragment("campaign", line)+site, name)
		}
	}
}

// What is configured is sold, whatever the visitor adds.
func TestAbuse16VisitorsQuery(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, shoptest.Selling, "HOOK_TOKEN="+shoptest.HookToken)
	s.WantLinkOf(t, ann,
		s.Click(t, ann,
			"/lifetime?price=0.01&customPrice=0.01&link_id=999&checkoutLinkId=999"+
				"&customCurrency=TRY&variant=cheaper"))
	link := s.Zotlo.Links()[0]
	if link.CheckoutLinkID != "123" || link.CustomCurrency != "EUR" ||
		link.CustomPrice != "19.99" && link.CustomPrice != "14.99" {
		t.Errorf("sold %s for %s %s", link.CheckoutLinkID, link.CustomPrice, link.CustomCurrency)
	}
}

func TestAbuse18InvalidPrices(t *testing.T) {
	setDocumentedEnv(t)
	for _, price := range []string{
		"1e2 EUR", "-1 EUR", "NaN EUR", "Inf EUR", "1,00 EUR", "０.５ EUR",
		strings.Repeat("9", 40) + " EUR", "0 EUR", "0.00 EUR", "1.999 EUR", "+1 EUR", ".5 EUR",
		"1. EUR", "0x10 EUR", "1_0 EUR", `"1 0" EUR`, "9.99", "9.99 EURO", "9.99 eur", "9.99 XXX",
		"9.99 EUR 1", "EUR 9.99",
		"{http.reverse_proxy.header.X-Price} EUR", "{http.reverse_proxy.header.X-Price} EUR 99 1",
	} {
		refusesToLoad(t, fragment("campaign", "one_time_price "+price), "one_time_price")
	}
	refusesToLoad(t, fragment("campaign", "field customPrice 0.01"), "customPrice")
	if err := loads(fragment("campaign", "one_time_price 9.99 EUR")); err != nil {
		t.Error(err)
	}
}

// With a price set, Zotlo sells a one-time payment. One that comes back as a subscription is
// noticed.
func TestAbuse19PriceOnASubscription(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	s.Zotlo.HoldWebhooks()
	s.Pay(t, s.Sold(t, ann, "/lifetime"))
	body := strings.Replace(string(s.Event(t, sandbox.KindPayment).Body),
		`"payment_type":"consumable"`, `"payment_type":"subscription"`, 1)
	if !strings.Contains(body, "subscription") {
		t.Fatalf("no payment_type in %s", body)
	}
	s.PostHook(t, body, http.StatusOK)
	s.WantSum(t, "caddy_checkout_mismatches_total", `campaign="lifetime",kind="payment_type"`, 1)
	s.WantSum(t, "caddy_checkout_mismatches_total", "", 1)
}
