package caddymodule_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// invoiceShop lets the backend decide: it answers a campaign's name and a price, and the module
// finishes the request.
const invoiceShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign invoice {
			link_id 9
			one_time_price {rp.header.X-Checkout-Price} EUR 1.00 500.00
			package_name "Invoice {rp.header.X-Invoice}"
			fallback /help
		}
		campaign closed {
			link_id 9
			off
		}
	}
}

http:// {
	reverse_proxy /pay/* {$BACKEND} {
		@checkout header X-Checkout-Campaign *
		handle_response @checkout {
			checkout_link {rp.header.X-Checkout-Campaign} {
				fallback /help
			}
			copy_response
		}
	}
}
`

// backend answers a POST with what the site wants sold.
type backend struct{ campaign, price string }

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Set-Cookie", "backend=secret")
	if b.campaign != "" {
		w.Header().Set("X-Checkout-Campaign", b.campaign)
	}
	w.Header().Set("X-Checkout-Price", b.price)
	w.Header().Set("X-Invoice", "4711")
	fmt.Fprint(w, "the backend's own body")
}

func openInvoiceShop(t *testing.T, b *backend) *shop {
	t.Helper()
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	t.Setenv("BACKEND", strings.TrimPrefix(server.URL, "http://"))
	return openShop(t, invoiceShop)
}

func TestBackendFinishesItsRequestWithACheckout(t *testing.T) {
	s := openInvoiceShop(t, &backend{campaign: "invoice", price: "120.50"})
	for _, verb := range []string{http.MethodPost, http.MethodPut, http.MethodGet} {
		res := s.click("/pay/4711", by("ann@example.com"), method(verb))
		link := s.getsLink(res, "ann@example.com")
		if link.Fields["customPrice"] != "120.50" || link.Fields["customCurrency"] != "EUR" ||
			link.Fields["packageName"] != "Invoice 4711" {
			t.Errorf("%s: the link says %v", verb, link.Fields)
		}
		if res.Header.Get("Set-Cookie") != "" || res.Header.Get("X-Checkout-Price") != "" ||
			res.ContentLength > 0 {
			t.Errorf("%s: something of the backend's came along: %v", verb, res.Header)
		}
	}
}

// TestUpstreamHeadersAreReadInAnyCase is the regression test of placeholders that loaded in lower
// case and were always empty.
func TestUpstreamHeadersAreReadInAnyCase(t *testing.T) {
	s := openInvoiceShop(t, &backend{campaign: "invoice", price: "120.50"})
	for _, spell := range []func(string) string{strings.ToLower, strings.ToUpper} {
		config := regexp.MustCompile(`rp\.header\.[\w-]+`).ReplaceAllStringFunc(invoiceShop,
			func(placeholder string) string {
				return "rp.header." + spell(strings.TrimPrefix(placeholder, "rp.header."))
			})
		if err := s.reload(config); err != nil {
			t.Fatal(err)
		}
		link := s.getsLink(s.click("/pay/4711", by("ann@example.com"), method(http.MethodPost)),
			"ann@example.com")
		if link.Fields["customPrice"] != "120.50" || link.Fields["packageName"] != "Invoice 4711" {
			t.Errorf("the link says %v", link.Fields)
		}
	}
}

func TestBackendPriceOutOfBoundsIsNeverSold(t *testing.T) {
	for _, price := range []string{"0.99", "500.01", "1e2", "-5", "", "12,50", "{env.JWT_SECRET}"} {
		s := openInvoiceShop(t, &backend{campaign: "invoice", price: price})
		s.redirects(s.click("/pay/4711", by("ann@example.com"), method(http.MethodPost)), "/help")
		s.apiCalls(0)
	}
}

func TestBackendNamesNoCampaign(t *testing.T) {
	s := openInvoiceShop(t, &backend{campaign: "invoise", price: "12"})
	s.fails(s.click("/pay/4711", by("ann@example.com"), method(http.MethodPost)),
		http.StatusBadGateway)
}

func TestBackendCampaignThatIsOffLeavesTheBackendsAnswer(t *testing.T) {
	s := openInvoiceShop(t, &backend{campaign: "closed", price: "12"})
	res := s.click("/pay/4711", by("ann@example.com"), method(http.MethodPost))
	if res.StatusCode != http.StatusOK || res.Header.Get("Set-Cookie") == "" {
		t.Errorf("got %d %v, want the backend's own answer", res.StatusCode, res.Header)
	}
	s.apiCalls(0)
}

func TestVisitorCannotSendTheBackendsHeaders(t *testing.T) {
	s := openInvoiceShop(t, &backend{price: "300.00"})
	res := s.click("/pay/4711", by("ann@example.com"), method(http.MethodPost),
		header("X-Checkout-Campaign", "invoice"), header("X-Checkout-Price", "1.00"))
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d, want the backend's own answer", res.StatusCode)
	}
	s.apiCalls(0)
	s = openInvoiceShop(t, &backend{campaign: "invoice", price: "300.00"})
	link := s.getsLink(s.click("/pay/4711", by("ann@example.com"), method(http.MethodPost),
		header("X-Checkout-Price", "1.00")), "ann@example.com")
	if link.Fields["customPrice"] != "300.00" {
		t.Errorf("a visitor set the price: %v", link.Fields["customPrice"])
	}
}
