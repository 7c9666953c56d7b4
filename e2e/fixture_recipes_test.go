package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// surroundings are what the documentation's Caddyfiles take for granted around them: a backend, an
// identity provider and a folder of pages.
type surroundings struct {
	backend *backend
	id      *provider
	key     pair
	pages   string
	table   string // of partners
}

func openSurroundings(t *testing.T) *surroundings {
	t.Helper()
	here := &surroundings{backend: openBackend(t), key: newPair("provider"), pages: t.TempDir()}
	here.table = tableOf(t, "docs/campaigns.md")
	here.backend.answers(site)
	here.id = openProvider(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/openid-configuration" {
			_ = json.NewEncoder(w).Encode(map[string]string{
				"issuer":   here.id.URL,
				"jwks_uri": here.id.URL + "/jwks",
			})
			return
		}
		keySet(here.key)(w, r)
	})
	for name, text := range map[string]string{
		"index.html": "the app",
		"pricing.html": `the app quotes {{placeholder "http.checkout.price"}} ` +
			`{{placeholder "http.checkout.currency"}}`,
	} {
		if err := os.WriteFile(filepath.Join(here.pages, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return here
}

// site answers as the backend that the recipes describe. It says which of the offer's headers have
// reached it.
func site(w http.ResponseWriter, r *http.Request) {
	price := map[string]string{
		"/invoices/4711/pay": "120.50",
		"/invoices/huge/pay": "900.00",
	}[r.URL.Path]
	if price != "" {
		w.Header().Set("X-Checkout-Campaign", "invoice")
		w.Header().Set("X-Checkout-Price", price)
		w.Header().Set("X-Checkout-Invoice", "4711")
	}
	_, _ = io.WriteString(w, "the site")
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if strings.HasPrefix(name, "X-Offer-") {
			_, _ = fmt.Fprintf(w, ", %s %s", name, r.Header.Get(name))
		}
	}
}

// env is what the Caddyfiles need beside the shop's own variables. Both projects are the stand-in's
// one.
func (here *surroundings) env() []string {
	return []string{
		"ZOTLO_WEBHOOK_TOKEN=" + shoptest.HookToken,
		"EVENTS_TOKEN=" + eventsToken,
		"LEGACY_SECRET=" + shoptest.JWTSecret,
		"OFFER_SECRET=" + offerSecret,
		"PARTNERS_ACCESS_KEY=" + sandbox.DefaultAccessKey,
		"PARTNERS_ACCESS_SECRET=" + sandbox.DefaultAccessSecret,
		"PARTNERS_APPLICATION_KEY=" + sandbox.DefaultApplicationKey,
	}
}

var (
	siteAddress = regexp.MustCompile(`(?m)^\w+\.example\.com \{`)
	projectHead = regexp.MustCompile(`(?m)^(\tcheckout|\t\tproject \w+) \{\n`)
)

// move leads a Caddyfile to them: without certificates, and with the test's addresses in place of
// those of a real site.
func (here *surroundings) move(text string) string {
	if !strings.Contains(text, "\tcheckout {") {
		text = "{\n\tcheckout {\n\t}\n}\n" + text
	}
	text = strings.NewReplacer(
		"partners-app:3000", here.backend.Listener.Addr().String(),
		"app:3000", here.backend.Listener.Addr().String(),
		"https://id.example.com", here.id.URL,
		"https://id.partners.example", here.id.URL,
		"/srv/shop", here.pages,
		tablePath, here.table,
		"api_url http://127.0.0.1:9911\n", "",
		"http://localhost:8080", "http://localhost",
	).Replace(text)
	text = siteAddress.ReplaceAllString(text, "http://$0")
	text = projectHead.ReplaceAllString(text, "$0\t\tapi_url {$$API}\n")
	// The first options are the process's own. Comments may stand before them.
	return strings.Replace(string(caddyfile.Format([]byte(text))), "{\n", "{"+shoptest.Private, 1)
}

// send sends what a visitor asks. A signed-in one carries the shop's cookie and the provider's
// token.
func (here *surroundings) send(t *testing.T, s *shoptest.Shop, v request) shoptest.Reply {
	t.Helper()
	if strings.HasPrefix(v.asks, "/") {
		v.asks = shoptest.Host + v.asks
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+v.asks, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.who != nil {
		all := claims(ann,
			who{"sub": "4711", "iss": here.id.URL, "aud": []string{"shop", "checkout"}}, v.who)
		bearing(tokenOf(all))(r)
		r.Header.Set("Authorization", "Bearer "+here.key.token(all))
	}
	for _, change := range v.how {
		change(r)
	}
	got, err := shoptest.Do(s.Client, r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// plays does what a visitor does, and says what came of it. Beside asking they may pay the link that
// they get, cancel the subscription that they have, or end it. Whoever runs the shop may ask for the
// payout of partners. The backend may tell of what they did,
// some hours ago, or take it back.
func (here *surroundings) plays(t *testing.T, s *shoptest.Shop, v request) string {
	t.Helper()
	path, pays := strings.CutPrefix(v.asks, "pay ")
	switch {
	case strings.HasPrefix(v.asks, "tell "), strings.HasPrefix(v.asks, "take "):
		return tellEvent(t, s, v)
	case v.asks == "payout":
		return payout(t, s)
	case strings.HasPrefix(v.asks, "cancel "):
		sold := s.Zotlo.Subscriptions()
		if err := s.Zotlo.Cancel(sold[len(sold)-1].LastTransactionID); err != nil {
			t.Fatal(err)
		}
		return "cancelled"
	case strings.HasPrefix(v.asks, "end "):
		sold := s.Zotlo.Subscriptions()
		if err := s.Zotlo.CancelNow(sold[len(sold)-1].LastTransactionID); err != nil {
			t.Fatal(err)
		}
		return "ended"
	case !pays:
		return here.describe(t, s, here.send(t, s, v))
	}
	v.asks = path
	got := here.send(t, s, v)
	link, _ := s.Zotlo.Link(got.Header.Get("Location"))
	var options []sandbox.PayOption
	if link.SubscriberID == "" { // a guest says on Zotlo's page who they are
		options = append(options, sandbox.As("guest@example.com"))
	}
	s.Pay(t, link, options...)
	return "paid " + here.describe(t, s, got)
}

// tellEvent has the backend tell of an event of the visitor's, "tell <event> <hours ago> <total>", or
// take one back, "take <event>". It answers the status.
func tellEvent(t *testing.T, s *shoptest.Shop, v request) string {
	t.Helper()
	words := strings.Fields(v.asks)
	method, event := http.MethodDelete, map[string]any{"subscriber": ann, "event": words[1]}
	if email, other := v.who["email"]; other {
		event["subscriber"] = email
	}
	if words[0] == "tell" {
		ago, err := time.ParseDuration(words[2] + "h")
		if err != nil {
			t.Fatal(err)
		}
		method = http.MethodPost
		event["at"] = time.Now().Add(-ago - time.Minute).Format(time.RFC3339)
		event["values"] = map[string]string{"total": words[3], "title": "Three books"}
	}
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method,
		"http://"+shoptest.Host+"/internal/events", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+eventsToken)
	r.Header.Set("Content-Type", "application/json")
	got, err := shoptest.Do(s.Client, r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(fmt.Sprint(got.StatusCode, " ", got.Text))
}

// eventsToken is what the shop's backend brings.
const eventsToken = "what only the backend and this shop know"

// hear has Zotlo's webhooks reach the shop under the name that its Caddyfile answers to.
func hear(t *testing.T, s *shoptest.Shop) {
	t.Helper()
	shop := &url.URL{Scheme: "http", Host: shoptest.Host}
	door := httptest.NewServer(&httputil.ReverseProxy{
		Transport: s.Client.Transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(shop) },
	})
	t.Cleanup(door.Close)
	s.Zotlo.SetWebhooks(sandbox.WebhooksTo(door.URL + shoptest.HookPath +
		url.QueryEscape(shoptest.HookToken)))
}

// describe says in one line what a visitor got: a link and what it sells to whom, or another place,
// or the page.
func (here *surroundings) describe(t *testing.T, s *shoptest.Shop, got shoptest.Reply) string {
	t.Helper()
	var answer struct{ URL, Login string }
	_ = json.Unmarshal([]byte(got.Text), &answer) // a page is no JSON
	to := got.Header.Get("Location")
	link, ours := s.Zotlo.Link(cmp.Or(to, answer.URL))
	switch {
	case ours:
		shoptest.WantPrivate(t, got)
		return describeLink(link, answer.URL != "")
	case to != "":
		return fmt.Sprint(got.StatusCode, " to ", to)
	case answer.URL != "":
		return fmt.Sprint(got.StatusCode, " with ", answer.URL)
	case got.StatusCode != http.StatusOK:
		return fmt.Sprint(got.StatusCode, " with login ", answer.Login)
	}
	return strings.TrimSpace(got.Text) + kept(got.Response)
}

func describeLink(l sandbox.Link, asJSON bool) string {
	parts := []string{
		"link " + l.CheckoutLinkID, l.SubscriberID, l.Language,
		strings.TrimSpace(l.CustomPrice + " " + l.CustomCurrency), l.AdditionalText,
	}
	if asJSON {
		parts = append(parts, "as JSON")
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
}

// allRecipes are the Caddyfiles of the cookbook, the README and Caddyfile.example, by the heading
// above them.
func allRecipes(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"Caddyfile.example": shoptest.Read(t, "Caddyfile.example")}
	for _, file := range []string{"README.md", "docs/campaigns.md"} {
		for _, b := range codeBlocks(t, file, "caddyfile") {
			name := b.heading
			for n := 2; all[name] != ""; n++ {
				name = fmt.Sprint(b.heading, " ", n)
			}
			frame := fragments[strings.TrimPrefix(b.info, "fragment=")]
			all[name] = string(caddyfile.Format(fmt.Appendf(nil, frame, b.text)))
		}
	}
	return all
}
