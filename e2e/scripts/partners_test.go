package scripts_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

const campaignsPage = "docs/campaigns.md"

// pricing is the page of the recipe's shop: who recommended it, the field for spoken codes, the
// button, and a banner that asks for consent.
const pricing = `<!DOCTYPE html><title>Prices</title>
<p>%s</p>
<form action="/pricing"><label>Code <input name="ref" maxlength="64"></label>
<button>Use the code</button></form>
<a href="/upgrade?ref=%s">Upgrade</a>
<button onclick="document.cookie='consent=all; path=/; max-age=31536000'; location.reload()">Allow cookies</button>`

// openShop is the shop's own application: its prices, and a sign-in as whoever the next visitor is.
func openShop(t *testing.T, visitor *string) *httptest.Server {
	t.Helper()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pricing":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			says := "Our prices."
			if partner := r.Header.Get("X-Offer-Partner"); partner != "" {
				says = "Recommended by " + html.EscapeString(partner) + "."
			} else if r.URL.Query().Has("ref") {
				says = "We know no such code."
			}
			fmt.Fprintf(w, pricing, says, url.QueryEscape(r.Header.Get("X-Offer-Code")))
		case "/login":
			http.SetCookie(w, &http.Cookie{
				Name: "session", Value: shoptest.Session(*visitor), Path: "/", HttpOnly: true,
			})
			http.Redirect(w, r, r.URL.Query().Get("next"), http.StatusSeeOther)
		default:
			_, _ = io.WriteString(w, "the shop")
		}
	}))
	t.Cleanup(shop.Close)
	return shop
}

// openPartners opens the recipe's site with its table, its own application, and somebody in between
// who writes down the webhooks that are sent.
func openPartners(t *testing.T, visitor *string) (*site, *recorder) {
	t.Helper()
	_, text, _ := strings.Cut(shoptest.Read(t, campaignsPage), "```csv\n")
	text, _, _ = strings.Cut(text, "```")
	table := filepath.Join(t.TempDir(), "partners.csv")
	if err := os.WriteFile(table, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openSite(t, campaignsPage, "From the table to the monthly payout",
		"/etc/caddy/partners.csv", table,
		"app:3000", openShop(t, visitor).Listener.Addr().String())
	heard := record(t, s)
	s.Zotlo.SetWebhooks(sandbox.WebhooksTo(heard.url))
	return s, heard
}

// TestFromAPartnersLinkToThePayout is a whole sale: a first visit by a partner's link, consent, a
// sign-in when the link's code is long gone, the purchase on Zotlo's page; then somebody who heard a
// code, and somebody whom nobody sent. The accountant's table is held against the webhooks that were
// sent. No clock of a real process can be turned: what stands for the week is the cookie's end, which the
// browser knows.
func TestFromAPartnersLinkToThePayout(t *testing.T) {
	visitor := ann
	s, heard := openPartners(t, &visitor)
	b := s.sits(t, "")
	b.open(s.url + "/pricing?ref=mira10")
	b.sees("Recommended by Mira.")
	if code, _ := b.cookie(s.url); code != "" {
		t.Fatalf("without consent the browser keeps %q", code)
	}
	b.press("Allow cookies")
	b.until("the cookie of consent", `document.cookie.includes("consent=all")`)
	b.sees("Recommended by Mira.")
	b.remembers(s.url, "MIRA10")

	b.open(s.url + "/pricing?ref=ben") // by another partner: the first one stays
	b.sees("Recommended by Ben and Co.")
	b.remembers(s.url, "MIRA10")
	b.open(s.url + "/pricing")
	b.sees("Recommended by Mira.")
	b.press("Upgrade")
	s.buys(b, ann, "4711")

	visitor = shoptest.Ben
	b = s.sits(t, "")
	b.open(s.url + "/pricing")
	b.types("ben10")
	b.press("Use the code")
	b.sees("We know no such code.")
	b.types(" ben ")
	b.press("Use the code")
	b.sees("Recommended by Ben and Co.")
	b.press("Upgrade")
	s.buys(b, shoptest.Ben, "4712")

	visitor = "cleo@example.com"
	b = s.sits(t, "")
	b.open(s.url + "/pricing")
	b.sees("Our prices.")
	b.press("Upgrade")
	s.buys(b, visitor, "110")

	s.changesLater(t)
	heard.agreesWith(t, s.payout(t), map[string]share{
		ann: {"MIRA10", "0.125"}, shoptest.Ben: {"BEN", "0.1"}, visitor: {},
	})
}
