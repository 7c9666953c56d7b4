package scripts_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testneed"
	"github.com/caddy-checkout/checkout/sandbox"
)

const ann = shoptest.Ann

// site is a site of the documentation under http://localhost, its pages, and another origin that
// serves the same pages under 127.0.0.1, as the stand-in for Zotlo does.
type site struct {
	*shoptest.Shop
	url   string
	app   string // the other origin
	pages string
}

var block = regexp.MustCompile("(?ms)^```([a-z]+)(?: file=(\\S+))?\n(.*?)^```$")

// openSite starts the first Caddyfile below a heading of a page of the documentation. changes are
// old and new texts, in Caddyfile and pages.
func openSite(t *testing.T, document, heading string, changes ...string) *site {
	t.Helper()
	return openBeside(t, "127.0.0.1", document, heading, changes)
}

// openBeside is openSite with another host of the other origin. localhost is the same site, as
// app.example.com is beside shop.example.com.
func openBeside(t *testing.T, host, document, heading string, changes []string) *site {
	t.Helper()
	text := shoptest.Read(t, document)
	_, below, found := strings.Cut(text, "# "+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", document, heading)
	}
	s := &site{pages: t.TempDir()}
	app := httptest.NewServer(http.FileServer(http.Dir(s.pages)))
	t.Cleanup(app.Close)
	s.app = strings.Replace(app.URL, "127.0.0.1", host, 1)
	config := ""
	for _, m := range block.FindAllStringSubmatch(below, -1) {
		if m[1] == "caddyfile" {
			config = m[3]
			break
		}
	}
	s.Shop = shoptest.OpenReachable(t, s.move(t, config, changes),
		"ZOTLO_WEBHOOK_TOKEN="+shoptest.HookToken)
	s.url = "http://localhost:" + shoptest.Port(s.HTTP)
	s.Zotlo.SetWebhooks(sandbox.WebhooksTo(s.url + shoptest.HookPath +
		url.QueryEscape(shoptest.HookToken)))
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		if m[2] != "" {
			s.write(t, m[2], strings.NewReplacer(append(changes,
				"https://shop.example.com", s.url,
				"/zotlo/", s.APIURL()+sandbox.SDKPath)...).Replace(m[3]))
		}
	}
	return s
}

// elsewhere are the pages that a button may lead to.
const elsewhere = `
respond /login "sign in"
respond /pricing "the prices"
respond /account "your account"
`

// move leads a Caddyfile here, without certificates, and lets it log who asks.
func (s *site) move(t *testing.T, config string, changes []string) string {
	t.Helper()
	config = strings.NewReplacer(append(changes,
		"https://shop.example.com", "http://localhost:{$HTTP_PORT}",
		"shop.example.com {", "http://localhost {\nlog"+elsewhere,
		"https://app.example.com", s.app,
		"/srv/shop", s.pages,
		"\tcheckout {\n", "\tcheckout {\n\t\tapi_url {$API}\n")...).Replace(config)
	return strings.Replace(string(caddyfile.Format([]byte(config))), "{\n", "{"+shoptest.Private, 1)
}

// write makes a page.
func (s *site) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(s.pages, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// vendor puts the frameworks beside the pages, as npm ci has installed them.
func (s *site) vendor(t *testing.T) {
	t.Helper()
	modules, err := filepath.Abs(testneed.NodeModules(t, "e2e/scripts"))
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{
		"htmx.min.js":         "htmx.org/dist/htmx.min.js",
		"turbo.es2017-umd.js": "@hotwired/turbo/dist/turbo.es2017-umd.js",
	} {
		text, err := os.ReadFile(filepath.Join(modules, from))
		if err != nil {
			t.Fatal(err)
		}
		s.write(t, "vendor/"+name, string(text))
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(modules, ".bin/esbuild"),
		filepath.Join(s.pages, "inertia.js"), "--bundle", "--format=iife",
		"--outfile="+filepath.Join(s.pages, "vendor/inertia.js"))
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("esbuild: %v\n%s", err, out)
	}
}

// sits opens a browser in which a user of the site is signed in; an empty address is nobody.
func (s *site) sits(t *testing.T, email string) *tab {
	t.Helper()
	b := sit(t)
	if email != "" {
		b.signIn(s.url, shoptest.Session(email))
	}
	return b
}

// arrivesAtCheckout waits until the browser shows a personal link, and checks whose it is.
func (s *site) arrivesAtCheckout(b *tab, subscriber string) {
	b.t.Helper()
	b.arrives(s.APIURL() + "/pay/")
	link, ok := s.Zotlo.Link(js[string](b, "location.href"))
	if !ok || link.SubscriberID != subscriber {
		b.t.Errorf("the link is for %q, want %q", link.SubscriberID, subscriber)
	}
}

// saw reports whether the site has logged such a request.
func (s *site) saw(method, path string) bool {
	return regexp.MustCompile(`"handled request"[^\n]*"method":"` + method +
		`",[^\n]*"uri":"` + path + `["?]`).MatchString(s.Log.String())
}
