// Whole-binary tests: the production binary as a process, Caddyfiles as operators write them, and HTTP.
package checkout_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// private keeps a test's Caddy to itself, and lets it log all it can; surroundings also leads it to the stand-in.
// A real site needs neither.
const (
	private = `
	debug
	admin unix/{$DIR}/admin.sock
	http_port {$HTTP_PORT}
	https_port {$HTTPS_PORT}
	default_bind 127.0.0.1
	skip_install_trust
`
	surroundings = "{" + private + "\tcheckout {\n\t\tapi_url {$API}\n\t}\n}\n"
)

// smallest is the smallest useful site.
const smallest = surroundings + `
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
const dressed = surroundings + `
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

func TestSmallestSite(t *testing.T) {
	t.Parallel()
	s := openShop(t, smallest)

	if got := s.click(t, "", "/"); got.body != "the shop" {
		t.Errorf("the rest of the site answers %q", got.body)
	}
	stranger := s.click(t, "", "/upgrade?from=footer")
	if want := "/login?next=" + url.QueryEscape("/upgrade?from=footer"); stranger.StatusCode != http.StatusSeeOther || stranger.Header.Get("Location") != want {
		t.Errorf("a stranger got %s to %q, want 303 to %q", stranger.Status, stranger.Header.Get("Location"), want)
	}
	s.wantCalls(t, 0)

	s.wantLinkOf(t, ann, s.click(t, ann, "/upgrade"))
	s.wantLinkOf(t, ann, s.click(t, ann, "/upgrade"))
	s.wantCalls(t, 1) // the second click needed none
	s.wantLinkOf(t, ben, s.click(t, ben, "/upgrade"))
	s.wantCalls(t, 2)

	s.mustReload(t, smallest)
	s.wantLinkOf(t, ann, s.click(t, ann, "/upgrade"))
	s.wantCalls(t, 2) // nor does one after a reload

	s.zotlo.Fail(sandbox.ServerError())
	if got := s.click(t, "cyd@example.com", "/upgrade"); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/pricing" {
		t.Errorf("while the API is down a shopper got %s to %q, want the fallback", got.Status, got.Header.Get("Location"))
	}
}

func TestRejectedReloadChangesNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t, smallest)
	s.wantLinkOf(t, ann, s.click(t, ann, "/upgrade"))
	calls := 1

	for _, mistake := range []struct{ name, caddyfile, says string }{
		{"found while reading", strings.Replace(smallest, "link_id 123", "link_ids 123", 1), "link_ids"},
		{"found while loading", strings.Replace(smallest, "JWT_SECRET", "JWT_SECERT", 1), "JWT_SECERT"},
		// All of ours is made and started by then; this one fails when the servers start.
		{"of somebody else", smallest + "\nhttp://other.example.com:{$HTTP_PORT} {\n\tbind 192.0.2.1\n}\n", "192.0.2.1"},
	} {
		t.Run(mistake.name, func(t *testing.T) {
			err := s.reload(mistake.caddyfile)
			if err == nil || !strings.Contains(err.Error(), mistake.says) {
				t.Fatalf("reload: %v, want an error that names %s", err, mistake.says)
			}
			s.wantLinkOf(t, ann, s.click(t, ann, "/upgrade")) // what was kept is still there
			s.wantCalls(t, calls)
			newcomer := strings.ReplaceAll(mistake.name, " ", "-") + "@example.com"
			s.wantLinkOf(t, newcomer, s.click(t, newcomer, "/upgrade")) // and so is all that makes new ones
			calls++
			s.wantCalls(t, calls)
		})
	}
}

func TestConcurrentClicksShareOneCall(t *testing.T) {
	t.Parallel()
	s := openShop(t, smallest)
	release := s.holdAPI(t)
	wait := s.clickAtOnce(t, 200, ann, "/upgrade")
	release()
	for _, got := range wait() {
		s.wantLinkOf(t, ann, got)
	}
	s.wantCalls(t, 1)
}

func TestConfigurationsHoldNoSecret(t *testing.T) {
	t.Parallel()
	s := openShop(t, smallest)
	s.mustReload(t, smallest)

	adapted, err := s.caddy("adapt", "--config", s.caddyfile(), "--adapter", "caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{
		"the adapted JSON": adapted,
		"/config/":         s.admin(t, "/config/"),
		"autosave.json":    read(t, filepath.Join(s.dir, "config", "caddy", "autosave.json")),
		"the log":          s.log.String(),
	} {
		wantNone(t, where, text, secrets()...)
		if where != "the log" && (!json.Valid([]byte(text)) || !strings.Contains(text, "{env.JWT_SECRET}")) {
			t.Errorf("%s is not the configuration:\n%s", where, text)
		}
	}
}

// The Caddyfile that the project ships logs accesses and errors, but neither whom a link is for nor the link.
func TestExampleLogsNothingPersonal(t *testing.T) {
	t.Parallel()
	example := read(t, "Caddyfile.example")
	for was, is := range map[string]string{
		"{\n":           "{" + private,
		"checkout {\n":  "checkout {\n\t\tapi_url {$API}\n",
		"\n" + shopHost: "\nhttp://" + shopHost,
	} {
		example = strings.Replace(example, was, is, 1)
	}
	s := openShop(t, example)

	got := s.click(t, ann, "/upgrade?token=of-a-mail")
	s.wantLinkOf(t, ann, got)
	s.zotlo.Fail(sandbox.BadRequest(sandbox.CodeSubscriberID))
	s.click(t, ben, "/upgrade")
	for _, line := range []string{`"checkout_outcome":"link"`, `"checkout_outcome":"refused"`} {
		if !s.logged(line) {
			t.Errorf("%s is not in the log:\n%s", line, s.log)
		}
	}
	link := strings.TrimPrefix(got.Header.Get("Location"), payURL)
	jwtHeader, _, _ := strings.Cut(session(ann), ".")
	wantNone(t, "the log", s.log.String(), append(secrets(), ann, ben, link, jwtHeader, "of-a-mail")...)
}

func TestErrorPagesAreTheSites(t *testing.T) {
	t.Parallel()
	s := openShop(t, dressed)
	s.zotlo.Fail(sandbox.BadRequest(sandbox.CodeSubscriberID))
	for _, c := range []struct {
		email  string
		status int
		page   string
	}{
		{"", http.StatusUnauthorized, "<h1>401</h1> please sign in first (anonymous)"},
		{ann, http.StatusBadGateway, "<h1>502</h1> the checkout could not be opened (refused)"},
	} {
		got := s.click(t, c.email, "/upgrade")
		if got.StatusCode != c.status || got.body != c.page {
			t.Errorf("%q got %s %q, want %d %q", c.email, got.Status, got.body, c.status, c.page)
		}
		wantPrivate(t, got)
	}
}

// A site without handle_errors would show its shoppers a white page.
func TestErrorIsASentenceWhereTheSiteHasNoPages(t *testing.T) {
	t.Parallel()
	s := openShop(t, strings.Replace(smallest, "\t\tanonymous redirect /login?next={http.checkout.return_to}\n", "", 1))
	got := s.click(t, "", "/upgrade")
	if got.StatusCode != http.StatusUnauthorized || got.body != "please sign in first\n" || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("got %s %q", got.Status, got.body)
	}
	wantPrivate(t, got)
}

func TestCountsSurviveReloads(t *testing.T) {
	t.Parallel()
	s := openShop(t, smallest)
	const links = `caddy_checkout_requests_total{answer="link",campaign="link-123",outcome="link"}`
	s.click(t, ann, "/upgrade")
	s.wantMetric(t, links, "1")
	s.mustReload(t, smallest)
	s.wantMetric(t, links, "1")
	s.click(t, ann, "/upgrade")
	s.wantMetric(t, links, "2")
	if err := s.reload(dressed + "}"); err == nil {
		t.Fatal("a Caddyfile with a brace too many loads")
	}
	s.click(t, ann, "/upgrade")
	s.wantMetric(t, links, "3")
}

// Neither a reload nor the end of the process breaks off a click that has begun.
func TestClicksUnderWayAreAnswered(t *testing.T) {
	t.Parallel()
	s := openShop(t, smallest)

	release := s.holdAPI(t)
	wait := s.clickAtOnce(t, 3, ann, "/upgrade")
	s.waitAsked(t)
	s.mustReload(t, smallest)
	release()
	for _, got := range wait() {
		s.wantLinkOf(t, ann, got)
	}
	s.wantCalls(t, 1)

	release = s.holdAPI(t)
	wait = s.clickAtOnce(t, 1, ben, "/upgrade")
	s.waitAsked(t)
	s.terminate()
	if !s.logged("servers shutting down") {
		t.Fatalf("Caddy ended without waiting:\n%s", s.log)
	}
	release()
	for _, got := range wait() {
		s.wantLinkOf(t, ben, got)
	}
	s.wantCalls(t, 2)
}
