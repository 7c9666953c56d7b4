package caddymodule_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/ledger"
)

// partnerShop sells by partners. {$PARTNERS} is the table.
const partnerShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		partners {env.PARTNERS} {
			from query ref
			from path 1
			remember 30d {http.request.cookie.consent}
		}
		limits {
			per_subscriber 1000/1m
		}
		campaign mira {
			link_id {http.checkout.partner.link}
			partner mira10
			custom_parameter sent_by {http.checkout.partner}
		}
		campaign any-partner {
			link_id 200
			partner
		}
		campaign everybody {
			link_id 300
		}
	}
}

http:// {
	checkout_link /upgrade* mira any-partner everybody {
		anonymous redirect /login
	}
	checkout_offer /page everybody
	respond /page "{http.checkout.partner} {http.checkout.partner.name} {http.checkout.partner.nobody}"
	respond /attribution "-"
	header /guests Cache-Control "public, max-age=600"
	checkout_link /guests everybody {
		anonymous next
	}
	respond /guests "please sign in"
	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
	}
}
`

const partnerTable = "code,name,link,share,until\n" +
	"MIRA10,Mira,110,10,\n" +
	"ben & co,Ben,120,20.5,\n" +
	"old,Old,130,50,2020-01-01T00:00:00Z\n"

// partnersFile writes a table, and says where it is.
func partnersFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "partners.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PARTNERS", path)
	return path
}

func openPartnerShop(t testing.TB) *shop {
	t.Setenv("HOOK_TOKEN", hookToken)
	partnersFile(t, partnerTable)
	return openShop(t, strings.Replace(partnerShop, "{http.checkout.partner.nobody}", "", 1))
}

// orders is what the API was asked for by a click, its attribution read.
func (s *shop) orders(path string, with ...func(*request)) (linkID string, by ledger.Attribution) {
	s.t.Helper()
	res := s.click(path, with...)
	link, ok := s.zotlo.Link(res.Header.Get("Location"))
	if !ok {
		s.t.Fatalf("%s leads to %d %s", path, res.StatusCode, res.Header.Get("Location"))
	}
	text, _ := link.CustomParameters["checkout"].(string)
	by, err := ledger.ParseAttribution(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return link.CheckoutLinkID, by
}

func TestEveryCampaignsLinkCarriesThePartner(t *testing.T) {
	s := openPartnerShop(t)
	ann := by("ann@example.com")
	for range 2 { // the second time out of the cache
		for _, c := range []struct{ path, link, partner string }{
			{"/upgrade", "300", ""},
			{"/upgrade?ref=nobody", "300", ""},
			{"/upgrade?ref=old", "300", ""},
			{"/upgrade?ref=MIRA10", "110", "MIRA10"},
			{"/upgrade?ref=mIrA10", "110", "MIRA10"},
			{"/upgrade/mira10", "110", "MIRA10"},
			{"/upgrade?ref=ben+%26+co", "200", "ben & co"},
			{"/upgrade/mira10?ref=ben+%26+co", "200", "ben & co"},
			{"/upgrade/mira10?ref=old", "110", "MIRA10"},
		} {
			link, by := s.orders(c.path, ann)
			if link != c.link || by.Partner != c.partner {
				t.Errorf("%s: link %s for %q, want %s for %q", c.path, link, by.Partner, c.link, c.partner)
			}
		}
	}
}

// TestLinksOfPartnersAreNeverShared: an order is remembered for a returning shopper, and must not be
// another partner's.
func TestLinksOfPartnersAreNeverShared(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("code\n")
	for i := range 50 {
		fmt.Fprintf(&rows, "p%d\n", i)
	}
	t.Setenv("HOOK_TOKEN", hookToken)
	partnersFile(t, rows.String())
	s := openShop(t, strings.NewReplacer("{http.checkout.partner.nobody}", "",
		"{http.checkout.partner.name}", "", "link_id {http.checkout.partner.link}\n\t\t\tpartner mira10",
		"link_id 110\n\t\t\tpartner p1").Replace(partnerShop))
	ann := by("ann@example.com")
	seen := map[string]string{}
	for round := range 3 {
		for i := range 50 {
			code := fmt.Sprintf("p%d", i)
			res := s.click("/upgrade?ref="+code, ann)
			to := res.Header.Get("Location")
			if other, known := seen[to]; known && other != code || !known && round > 0 {
				t.Fatalf("round %d: the link of %s is that of %q", round, code, other)
			}
			seen[to] = code
			s.click("/upgrade", ann)
		}
	}
	if n := s.zotlo.Calls(); n != 51 {
		t.Errorf("%d calls for 50 partners and nobody", n)
	}
}

func TestPagesShowThePartner(t *testing.T) {
	s := openPartnerShop(t)
	for path, want := range map[string]string{
		"/page": "", "/page?ref=mira10": "MIRA10 Mira", "/page?ref=BEN+%26+CO": "ben & co Ben",
		"/page?ref=old": "", "/page?ref=nobody": "",
	} {
		res := s.click(path)
		if body, _ := io.ReadAll(res.Body); strings.TrimSpace(string(body)) != want {
			t.Errorf("%s shows %q, want %q", path, body, want)
		}
	}
}

// cookies is what the answer to a request sets.
func (s *shop) cookies(path string, with ...func(*request)) string {
	s.t.Helper()
	return strings.Join(s.click(path, with...).Header["Set-Cookie"], "\n")
}

const miraCookie = "checkout_partner=MIRA10; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax"

// says adds cookies to a request.
func says(cookies string) func(*request) {
	return func(r *request) { r.Header.Add("Cookie", cookies) }
}

func TestTheFirstPartnerIsRememberedWithConsent(t *testing.T) {
	s := openPartnerShop(t)
	yes := says("consent=1")
	for _, c := range []struct {
		path string
		with []func(*request)
		want string
	}{
		{"/page?ref=mira10", nil, ""},
		{"/page?ref=mira10", []func(*request){says("consent=0")}, ""},
		{"/page?ref=mira10", []func(*request){says("consent=false")}, ""},
		{"/page?ref=mira10", []func(*request){says("consent=")}, ""},
		{"/page?ref=mira10", []func(*request){yes}, miraCookie},
		{"/upgrade?ref=mira10", []func(*request){yes}, miraCookie}, // an anonymous visitor, who is sent to sign in
		{"/upgrade?ref=mira10", []func(*request){yes, by("ann@example.com")}, miraCookie},
		{"/page", []func(*request){yes}, ""},
		{"/page?ref=old", []func(*request){yes}, ""},
		{"/page?ref=nobody", []func(*request){yes}, ""},
		{"/page?ref=mira10", []func(*request){yes, says("checkout_partner=ben+%26+co")}, ""},
		{"/page?ref=mira10", []func(*request){yes, says("checkout_partner=made-up")}, miraCookie},
		{"/page?ref=mira10", []func(*request){yes, header("Sec-Purpose", "prefetch")}, ""},
		{"/upgrade?ref=mira10", []func(*request){yes, header("Sec-Purpose", "prefetch")}, ""},
		{"/upgrade?ref=mira10", []func(*request){yes, header("Sec-Fetch-Dest", "image")}, ""},
		{"/page?ref=mira10", []func(*request){yes, method(http.MethodHead)}, ""},
		{"/upgrade?ref=mira10", []func(*request){yes, method(http.MethodHead)}, ""},
		{"/upgrade?ref=mira10", []func(*request){yes, method(http.MethodDelete)}, ""},
	} {
		if got := s.cookies(c.path, c.with...); got != c.want {
			t.Errorf("%s sets %q, want %q", c.path, got, c.want)
		}
	}
	// Where the request names nobody, the cookie does; it is looked up again each time.
	ann := by("ann@example.com")
	for cookie, want := range map[string]string{
		"MIRA10": "MIRA10", "mira10": "MIRA10", "ben+%26+co": "ben & co", "old": "", "made-up": "",
		url.QueryEscape("<script>"): "",
	} {
		if _, by := s.orders("/upgrade", ann, says("checkout_partner="+cookie)); by.Partner != want {
			t.Errorf("the cookie %s is %q", cookie, by.Partner)
		}
	}
	_, by := s.orders("/upgrade?ref=mira10", ann, says("checkout_partner=ben+%26+co"))
	if by.Partner != "MIRA10" {
		t.Errorf("a request that names a partner is %q's", by.Partner)
	}
}

// A cache that visitors share would hand a cookie on to those who have not agreed to it.
func TestAPageThatRemembersAPartnerIsNotShared(t *testing.T) {
	s := openPartnerShop(t)
	const shared = "public, max-age=600"
	for _, c := range []struct{ path, cookies, cookie, cache string }{
		{"/guests?ref=mira10", "consent=1", miraCookie, "private, no-cache"},
		{"/guests?ref=mira10", "consent=0", "", shared},
		{"/guests", "consent=1", "", shared},
	} {
		h := s.click(c.path, says(c.cookies)).Header
		if h.Get("Set-Cookie") != c.cookie || h.Get("Cache-Control") != c.cache {
			t.Errorf("%s with %s: %q, %q", c.path, c.cookies, h["Set-Cookie"], h["Cache-Control"])
		}
	}
}

func TestCodesAreCounted(t *testing.T) {
	s := openPartnerShop(t)
	count := func(from, result string) float64 {
		var m dto.Metric
		if err := metrics.PartnerCodes.WithLabelValues(from, result).Write(&m); err != nil {
			t.Fatal(err)
		}
		return m.GetCounter().GetValue()
	}
	unknown, active, cookie := count("query", "unknown"), count("query", "active"), count("cookie", "unknown")
	s.click("/page?ref=nobody")
	s.click("/upgrade?ref=nobody", header("Sec-Purpose", "prefetch")) // nobody came
	s.click("/page?ref=mira10", says("checkout_partner=made-up"))
	if count("query", "unknown") != unknown+1 || count("query", "active") != active+1 ||
		count("cookie", "unknown") != cookie+1 {
		t.Errorf("counted %v unknown, %v active, %v cookies", count("query", "unknown")-unknown,
			count("query", "active")-active, count("cookie", "unknown")-cookie)
	}
}
