// The shortest tour through the whole: the production binary as a process, Caddyfiles as operators
// write them, and HTTP. More such tests are in package e2e.
package checkout_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

const (
	ann = shoptest.Ann
	ben = shoptest.Ben
)

// options lead a test's Caddy to the stand-in for Zotlo, and keep it to itself. A real site needs
// neither.
const options = "{" + shoptest.Private + "\tcheckout {\n\t\tapi_url {$API}\n\t}\n}\n"

// smallest is the smallest useful site.
const smallest = options + `
http://shop.example.com {
	checkout_link /upgrade {
		link_id 123
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		anonymous redirect /login?next={http.checkout.return_to}
		fallback /pricing
	}
	metrics /metrics
	respond / "the shop"
}
`

// dressed is a site with an error page of its own.
const dressed = options + `
http://shop.example.com {
	checkout_link /upgrade {
		link_id 123
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
	handle_errors {
		respond "<h1>{err.status_code}</h1> {err.message} ({http.checkout.outcome})"
	}
}
`

func TestMain(m *testing.M) { os.Exit(shoptest.Main(m)) }

func TestSmallestSite(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, smallest)

	if got := s.Click(t, "", "/"); got.Text != "the shop" {
		t.Errorf("the rest of the site answers %q", got.Text)
	}
	visitor := s.Click(t, "", "/upgrade?from=footer")
	want := "/login?next=" + url.QueryEscape("/upgrade?from=footer")
	if visitor.StatusCode != http.StatusSeeOther || visitor.Header.Get("Location") != want {
		t.Errorf("an anonymous visitor got %s to %q, want 303 to %q", visitor.Status,
			visitor.Header.Get("Location"), want)
	}
	s.WantCalls(t, 0)

	s.WantLinkOf(t, ann, s.Click(t, ann, "/upgrade"))
	s.WantLinkOf(t, ann, s.Click(t, ann, "/upgrade"))
	s.WantCalls(t, 1) // the second click needed none
	s.WantLinkOf(t, ben, s.Click(t, ben, "/upgrade"))
	s.WantCalls(t, 2)

	s.MustReload(t, smallest)
	s.WantLinkOf(t, ann, s.Click(t, ann, "/upgrade"))
	s.WantCalls(t, 2) // nor does one after a reload

	s.Zotlo.Fail(sandbox.ServerError())
	got := s.Click(t, "cyd@example.com", "/upgrade")
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/pricing" {
		t.Errorf("while the API is down a shopper got %s to %q, want the fallback", got.Status,
			got.Header.Get("Location"))
	}
}

func TestRejectedReloadChangesNothing(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, smallest)
	s.WantLinkOf(t, ann, s.Click(t, ann, "/upgrade"))
	calls := 1

	instead := func(was, is string) string { return strings.Replace(smallest, was, is, 1) }
	const elsewhere = "\nhttp://other.example.com:{$HTTP_PORT} {\n\tbind 192.0.2.1\n}\n"
	for _, mistake := range []struct{ name, caddyfile, says string }{
		{"found while reading", instead("link_id 123", "link_ids 123"), "link_ids"},
		{"found while loading", instead("JWT_SECRET", "JWT_SECERT"), "JWT_SECERT"},
		// All of ours is provisioned and started by then; this one fails when the servers start.
		{"of somebody else", smallest + elsewhere, "192.0.2.1"},
	} {
		t.Run(mistake.name, func(t *testing.T) {
			err := s.Reload(mistake.caddyfile)
			if err == nil || !strings.Contains(err.Error(), mistake.says) {
				t.Fatalf("reload: %v, want an error that names %s", err, mistake.says)
			}
			s.WantLinkOf(t, ann, s.Click(t, ann, "/upgrade")) // what was cached is still there
			s.WantCalls(t, calls)
			newcomer := strings.ReplaceAll(mistake.name, " ", "-") + "@example.com"
			// And so is all that fetches new ones.
			s.WantLinkOf(t, newcomer, s.Click(t, newcomer, "/upgrade"))
			calls++
			s.WantCalls(t, calls)
		})
	}
}

func TestConcurrentClicksShareOneCall(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, smallest)
	release := s.HoldAPI(t)
	wait := s.ClickAtOnce(t, 200, ann, "/upgrade")
	release()
	for _, got := range wait() {
		s.WantLinkOf(t, ann, got)
	}
	s.WantCalls(t, 1)
}

func TestConfigurationsHoldNoSecret(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, smallest)
	s.MustReload(t, smallest)

	adapted, err := s.Exec("adapt", "--config", s.Caddyfile(), "--adapter", "caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{
		"the adapted JSON": adapted,
		"/config/":         s.Admin(t, "/config/"),
		"autosave.json": shoptest.Read(t,
			filepath.Join(s.Dir, "config", "caddy", "autosave.json")),
		"the log": s.Log.String(),
	} {
		shoptest.WantNone(t, where, text, shoptest.Secrets()...)
		if where != "the log" &&
			(!json.Valid([]byte(text)) || !strings.Contains(text, "{env.JWT_SECRET}")) {
			t.Errorf("%s is not the configuration:\n%s", where, text)
		}
	}
}

// The Caddyfile that the project ships logs accesses and errors, but neither whom a link is for nor
// the link.
func TestExampleLogsNothingPersonal(t *testing.T) {
	t.Parallel()
	example := shoptest.Read(t, "Caddyfile.example")
	for was, is := range map[string]string{
		"{\n":                "{" + shoptest.Private,
		"checkout {\n":       "checkout {\n\t\tapi_url {$API}\n",
		"\n" + shoptest.Host: "\nhttp://" + shoptest.Host,
	} {
		example = strings.Replace(example, was, is, 1)
	}
	s := shoptest.Open(t, example)

	got := s.Click(t, ann, "/upgrade?token=of-a-mail")
	s.WantLinkOf(t, ann, got)
	s.Zotlo.Fail(sandbox.BadRequest(sandbox.CodeSubscriberID))
	s.Click(t, ben, "/upgrade")
	for _, line := range []string{`"checkout_outcome":"link"`, `"checkout_outcome":"refused"`} {
		if !s.Logged(line) {
			t.Errorf("%s is not in the log:\n%s", line, s.Log)
		}
	}
	link := strings.TrimPrefix(got.Header.Get("Location"), shoptest.PayURL)
	jwtHeader, _, _ := strings.Cut(shoptest.Session(ann), ".")
	shoptest.WantNone(t, "the log", s.Log.String(),
		append(shoptest.Secrets(), ann, ben, link, jwtHeader, "of-a-mail")...)
}

func TestErrorPagesAreTheSites(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, dressed)
	s.Zotlo.Fail(sandbox.BadRequest(sandbox.CodeSubscriberID))
	for _, c := range []struct {
		email  string
		status int
		page   string
	}{
		{"", http.StatusUnauthorized, "<h1>401</h1> please sign in first (anonymous)"},
		{ann, http.StatusBadGateway, "<h1>502</h1> the checkout could not be opened (refused)"},
	} {
		got := s.Click(t, c.email, "/upgrade")
		if got.StatusCode != c.status || got.Text != c.page {
			t.Errorf("%q got %s %q, want %d %q", c.email, got.Status, got.Text, c.status, c.page)
		}
		shoptest.WantPrivate(t, got)
	}
}

// A site without handle_errors would show its shoppers a white page.
func TestErrorIsASentenceWhereTheSiteHasNoPages(t *testing.T) {
	t.Parallel()
	const login = "\t\tanonymous redirect /login?next={http.checkout.return_to}\n"
	s := shoptest.Open(t, strings.Replace(smallest, login, "", 1))
	got := s.Click(t, "", "/upgrade")
	if got.StatusCode != http.StatusUnauthorized || got.Text != "please sign in first\n" ||
		!strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("got %s %q", got.Status, got.Text)
	}
	shoptest.WantPrivate(t, got)
}

func TestCountsSurviveReloads(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, smallest)
	const links = `caddy_checkout_requests_total{answer="link",campaign="link-123",outcome="link"}`
	s.Click(t, ann, "/upgrade")
	s.WantMetric(t, links, "1")
	s.MustReload(t, smallest)
	s.WantMetric(t, links, "1")
	s.Click(t, ann, "/upgrade")
	s.WantMetric(t, links, "2")
	if err := s.Reload(dressed + "}"); err == nil {
		t.Fatal("a Caddyfile with a brace too many loads")
	}
	s.Click(t, ann, "/upgrade")
	s.WantMetric(t, links, "3")
}

// Neither a reload nor the end of the process breaks off a click that has begun.
func TestClicksUnderWayAreAnswered(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, smallest)

	release := s.HoldAPI(t)
	wait := s.ClickAtOnce(t, 3, ann, "/upgrade")
	s.WaitAsked(t)
	s.MustReload(t, smallest)
	release()
	for _, got := range wait() {
		s.WantLinkOf(t, ann, got)
	}
	s.WantCalls(t, 1)

	release = s.HoldAPI(t)
	wait = s.ClickAtOnce(t, 1, ben, "/upgrade")
	s.WaitAsked(t)
	s.Terminate()
	if !s.Logged("servers shutting down") {
		t.Fatalf("Caddy ended without waiting:\n%s", s.Log)
	}
	release()
	for _, got := range wait() {
		s.WantLinkOf(t, ben, got)
	}
	s.WantCalls(t, 2)
}
