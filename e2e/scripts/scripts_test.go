package scripts_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

const scriptsPage = "docs/scripts.md"

// TestAButtonOfEachFramework presses the button of each page, signed in, as an anonymous visitor,
// and while Zotlo fails.
func TestAButtonOfEachFramework(t *testing.T) {
	s := openSite(t, scriptsPage, "Scripts, frameworks and apps")
	s.vendor(t)
	for _, page := range []string{"fetch", "htmx", "turbo", "inertia"} {
		t.Run(page, func(t *testing.T) {
			b := s.sits(t, page+"@example.com")
			b.open(s.url + "/" + page + ".html")
			b.press("Upgrade")
			s.arrivesAtCheckout(b, page+"@example.com")

			b = s.sits(t, "")
			b.open(s.url + "/" + page + ".html")
			b.press("Upgrade")
			b.arrives(s.url + "/login?next=%2Fupgrade")
		})
	}
}

// TestAButtonWithoutALink leads to the fallback.
func TestAButtonWithoutALink(t *testing.T) {
	s := openSite(t, scriptsPage, "Scripts, frameworks and apps")
	s.vendor(t)
	s.Zotlo.Fail(badRequest)
	for _, page := range []string{"fetch", "htmx", "turbo", "inertia"} {
		t.Run(page, func(t *testing.T) {
			b := s.sits(t, page+"@example.com")
			b.open(s.url + "/" + page + ".html")
			b.press("Upgrade")
			b.arrives(s.url + "/pricing")
		})
	}
}

// TestAPageOfAnotherOriginWithAToken: the browser asks first.
func TestAPageOfAnotherOriginWithAToken(t *testing.T) {
	s := openSite(t, scriptsPage, "A page of another origin")
	b := s.sits(t, "")
	b.open(s.app + "/token.html")
	js[any](b, `sessionStorage.setItem("token", "`+shoptest.Session(ann)+`"), 1`)
	b.press("Upgrade")
	s.arrivesAtCheckout(b, ann)
	if !s.saw("OPTIONS", "/upgrade") || !s.saw("GET", "/upgrade") {
		t.Errorf("no preflight in the log:\n%s", s.Log)
	}

	b = s.sits(t, "")
	b.open(s.app + "/token.html")
	b.press("Upgrade")
	b.sees("please sign in again") // the problem document is read, too
}

// TestAPageOfAnotherOriginWithTheCookie: what it asks is simple, so the browser does not ask first.
func TestAPageOfAnotherOriginWithTheCookie(t *testing.T) {
	s := openBeside(t, "localhost", scriptsPage, "A page of another origin", nil)
	b := s.sits(t, ann)
	b.open(s.app + "/cookie.html")
	b.press("Upgrade")
	s.arrivesAtCheckout(b, ann)
	if s.saw("OPTIONS", "/upgrade") {
		t.Error("the browser asked first")
	}
}

// TestTheCookieOfAnotherSiteIsBlocked in a private window: the page says what it is told.
func TestTheCookieOfAnotherSiteIsBlocked(t *testing.T) {
	s := openSite(t, scriptsPage, "A page of another origin")
	b := s.sits(t, ann)
	b.open(s.app + "/cookie.html")
	b.press("Upgrade")
	b.sees("please sign in first")
}

// TestAPageThatTheSiteDoesNotName reads nothing, and gets no link.
func TestAPageThatTheSiteDoesNotName(t *testing.T) {
	s := openSite(t, scriptsPage, "A page of another origin",
		"https://app.example.com", "https://other.example.com")
	b := s.sits(t, ann)
	b.open(s.app + "/token.html")
	js[any](b, `sessionStorage.setItem("token", "`+shoptest.Session(ann)+`"), 1`)
	b.press("Upgrade")
	if !s.Logged(`"method":"OPTIONS"`) {
		t.Fatal("the browser did not ask")
	}
	if s.saw("GET", "/upgrade") || !strings.HasSuffix(js[string](b, "location.href"), "/token.html") {
		t.Errorf("it went on, to %s", b.state())
	}
}

// TestAnApp asks as the snippets do, and finds what makes its universal link.
func TestAnApp(t *testing.T) {
	s := openSite(t, scriptsPage, "iOS and Android")
	asks := func(token string) shoptest.Reply {
		return shoptest.Ask(t, s.Client, s.url+"/api/upgrade", func(r *http.Request) {
			r.Header.Set("Accept", "application/json")
			r.Header.Set("Authorization", "Bearer "+token)
		})
	}
	answer := asks(shoptest.Session(ann))
	link, ok := s.Zotlo.Link(member(t, answer, "url"))
	if answer.StatusCode != http.StatusOK || !ok || link.SubscriberID != ann {
		t.Fatalf("%d %s", answer.StatusCode, answer.Text)
	}
	if answer := asks("an.old.token"); answer.StatusCode != http.StatusUnauthorized ||
		member(t, answer, "detail") != "please sign in again" {
		t.Errorf("without a good token: %d %s", answer.StatusCode, answer.Text)
	}
	s.Pay(t, link)
	if to := member(t, asks(shoptest.Session(ann)), "url"); to != s.url+"/app/paid" {
		t.Errorf("after the payment the button leads to %q", to)
	}
	if back := shoptest.Ask(t, s.Client, s.url+"/app/paid"); !strings.Contains(back.Text,
		"Open the app") {
		t.Errorf("without the app they see %q", back.Text)
	}
	for _, file := range []string{"apple-app-site-association", "assetlinks.json"} {
		got := shoptest.Ask(t, s.Client, s.url+"/.well-known/"+file)
		if got.StatusCode != http.StatusOK ||
			got.Header.Get("Content-Type") != "application/json" || !isJSON(got.Text) {
			t.Errorf("%s: %d %s %s", file, got.StatusCode, got.Header.Get("Content-Type"), got.Text)
		}
	}
}

func TestThePriceAsJSON(t *testing.T) {
	s := openSite(t, scriptsPage, "The price as JSON")
	b := s.sits(t, ann)
	b.open(s.url + "/price.html")
	b.sees("Pro, 9.99 EUR a month")
	s.WantCalls(t, 0)
	got := shoptest.Ask(t, s.Client, s.url+"/offer.json")
	if got.Header.Get("Content-Type") != "application/json" ||
		got.Header.Get("Cache-Control") != "private, no-cache" || member(t, got, "campaign") != "pro" {
		t.Errorf("%v %s", got.Header, got.Text)
	}
}
