package checkout_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-checkout/checkout/sandbox"
)

// town is what the documentation's Caddyfiles take for granted around them: a backend, an identity provider and a folder
// of pages.
type town struct {
	backend *backend
	id      *provider
	key     pair
	pages   string
}

func openTown(t *testing.T) *town {
	t.Helper()
	there := &town{backend: openBackend(t), key: newPair("town"), pages: t.TempDir()}
	there.backend.answers(site)
	there.id = openProvider(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/openid-configuration" {
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": there.id.URL, "jwks_uri": there.id.URL + "/jwks"})
			return
		}
		keySet(there.key)(w, r)
	})
	for name, text := range map[string]string{
		"index.html":   "the app",
		"pricing.html": `the app quotes {{placeholder "http.checkout.price"}} {{placeholder "http.checkout.currency"}}`,
	} {
		if err := os.WriteFile(filepath.Join(there.pages, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return there
}

// site answers as the backend that the recipes describe. It says which of the offer's headers have reached it.
func site(w http.ResponseWriter, r *http.Request) {
	price := map[string]string{"/invoices/4711/pay": "120.50", "/invoices/huge/pay": "900.00"}[r.URL.Path]
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

// env is what the Caddyfiles need beside the shop's own variables. Both projects are the stand-in's one.
func (there *town) env() []string {
	return []string{
		"ZOTLO_WEBHOOK_TOKEN=a-token-that-opens-nothing", "PARTNERS_ACCESS_KEY=" + sandbox.DefaultAccessKey,
		"PARTNERS_ACCESS_SECRET=" + sandbox.DefaultAccessSecret, "PARTNERS_APPLICATION_KEY=" + sandbox.DefaultApplicationKey,
	}
}

var (
	siteAddress = regexp.MustCompile(`(?m)^\w+\.example\.com \{`)
	projectHead = regexp.MustCompile(`(?m)^(\tcheckout|\t\tproject \w+) \{\n`)
)

// move brings a Caddyfile here: without certificates, and with the town's addresses in place of those of a real site.
func (there *town) move(text string) string {
	if !strings.Contains(text, "\tcheckout {") {
		text = "{\n\tcheckout {\n\t}\n}\n" + text
	}
	text = strings.NewReplacer(
		"partners-app:3000", there.backend.Listener.Addr().String(),
		"app:3000", there.backend.Listener.Addr().String(),
		"https://id.example.com", there.id.URL,
		"https://id.partners.example", there.id.URL,
		"/srv/shop", there.pages,
		"api_url http://127.0.0.1:9911\n", "",
		"http://localhost:8080", "http://localhost",
	).Replace(text)
	text = siteAddress.ReplaceAllString(text, "http://$0")
	text = projectHead.ReplaceAllString(text, "$0\t\tapi_url {$$API}\n")
	// The first options are the process's own. Comments may stand before them.
	return strings.Replace(string(caddyfile.Format([]byte(text))), "{\n", "{"+private, 1)
}

// visit sends what a visitor asks. A signed-in one carries the shop's cookie and the provider's token.
func (there *town) visit(t *testing.T, s *shop, v visit) reply {
	t.Helper()
	if strings.HasPrefix(v.asks, "/") {
		v.asks = shopHost + v.asks
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+v.asks, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.who != nil {
		all := claims(ann, who{"sub": "4711", "iss": there.id.URL, "aud": []string{"shop", "checkout"}}, v.who)
		bearing(tokenOf(all))(r)
		r.Header.Set("Authorization", "Bearer "+there.key.token(all))
	}
	for _, change := range v.how {
		change(r)
	}
	got, err := do(s.client, r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// tell says in one line what a visitor got: a link and what it sells to whom, or another place, or the page.
func (there *town) tell(t *testing.T, s *shop, got reply) string {
	t.Helper()
	var answer struct{ URL, Login string }
	_ = json.Unmarshal([]byte(got.body), &answer) // a page is no JSON
	to := got.Header.Get("Location")
	link, ours := s.zotlo.Link(cmp.Or(to, answer.URL))
	switch {
	case ours:
		wantPrivate(t, got)
		return tellLink(link, answer.URL != "")
	case to != "":
		return fmt.Sprint(got.StatusCode, " to ", to)
	case got.StatusCode != http.StatusOK:
		return fmt.Sprint(got.StatusCode, " with login ", answer.Login)
	}
	return strings.TrimSpace(got.body)
}

func tellLink(l sandbox.Link, asJSON bool) string {
	words := []string{"link " + l.CheckoutLinkID, l.SubscriberID, l.Language, strings.TrimSpace(l.CustomPrice + " " + l.CustomCurrency), l.AdditionalText}
	if asJSON {
		words = append(words, "as JSON")
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

// allRecipes are the Caddyfiles of the cookbook, the README and Caddyfile.example, by the heading above them.
func allRecipes(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"Caddyfile.example": read(t, "Caddyfile.example")}
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
