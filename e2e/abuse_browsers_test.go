package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

func TestAbuse61Prefetch(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for name, values := range map[string][]string{
		"Sec-Purpose": {"prefetch", "prefetch;prerender", "prefetch; anonymous-client-ip"},
		"Purpose":     {"prefetch", "preview"},
		"X-Moz":       {"prefetch"}, "X-Purpose": {"preview"},
	} {
		for _, value := range values {
			s.Denies(t, name+": "+value, http.StatusForbidden, "/upgrade", header(name, value),
				as(ann))
		}
	}
	for _, bot := range []string{
		"facebookexternalhit/1.1", "Slackbot-LinkExpanding 1.0", "Barracuda Sentinel",
	} {
		s.Denies(t, bot, http.StatusUnauthorized, "/upgrade", header("User-Agent", bot))
	}
	s.WantCalls(t, 0)
}

// Another site's page can make a browser ask, but not for a link.
func TestAbuse62ForcedCheckout(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for _, dest := range []string{
		"image", "script", "style", "font", "audio", "video", "track", "worker", "manifest",
		"report", "xslt", "fencedframe",
	} {
		s.Denies(t, dest, http.StatusForbidden, "/upgrade", header("Sec-Fetch-Dest", dest),
			header("Sec-Fetch-Site", "cross-site"), as(ann))
	}
	s.Denies(t, "no-cors", http.StatusForbidden, "/upgrade", header("Sec-Fetch-Dest", "empty"),
		header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "no-cors"), as(ann))
	s.WantCalls(t, 0)
	// A link from elsewhere is a click. It leaves one cached link behind and buys nothing.
	for range 5 {
		got := s.Send(t, "/upgrade", header("Sec-Fetch-Dest", "document"),
			header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate"), as(ann))
		s.WantLinkOf(t, ann, got)
	}
	s.WantCalls(t, 1)
	if n := len(s.Zotlo.Payments()); n != 0 {
		t.Errorf("%d payments", n)
	}
}

func TestAbuse63Framing(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for _, dest := range []string{"iframe", "frame", "embed", "object"} {
		for _, site := range []string{"same-origin", "same-site", "cross-site", "none"} {
			s.Denies(t, dest+" "+site, http.StatusForbidden, "/upgrade",
				header("Sec-Fetch-Dest", dest), header("Sec-Fetch-Site", site),
				header("Sec-Fetch-Mode", "navigate"), as(ann))
		}
	}
	s.WantCalls(t, 0)
}

// A cache on the way finds nothing to keep, whatever it takes the path for.
func TestAbuse64CachedRedirect(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for _, path := range []string{
		"/upgrade/x.css", "/upgrade;.js", "/upgrade%2e.js", "/upgrade/..%2fx.css",
		"/upgrade%00.css", "/upgrade.css",
	} {
		if got := s.Send(t, path, as(ann)); got.Header.Get("Location") != "" {
			t.Errorf("%s got a link", path)
		}
	}
	s.WantCalls(t, 0)
	for _, path := range []string{
		"/upgrade", "/upgrade?x.css", "/%75pgrade", "/UPGRADE", "//upgrade",
	} {
		got := s.Send(t, path, as(ann))
		if got.Header.Get("Location") != "" {
			s.WantLinkOf(t, ann, got)
		}
		if got.StatusCode == http.StatusMovedPermanently ||
			got.StatusCode == http.StatusPermanentRedirect {
			t.Errorf("%s got %s, which is kept for ever", path, got.Status)
		}
	}
	for name, got := range map[string]shoptest.Reply{
		"JSON":  s.Send(t, "/upgrade", as(ann), header("Accept", "application/json")),
		"guest": s.Send(t, "/guest"), "login": s.Send(t, "/login-first"),
		"denied": s.Send(t, "/upgrade"), "HEAD": s.Send(t, "/upgrade", method("HEAD")),
		"PUT":      s.Send(t, "/upgrade", method("PUT")),
		"problem":  s.Send(t, "/upgrade", header("Accept", "application/json")),
		"prefetch": s.Send(t, "/upgrade", header("Sec-Purpose", "prefetch")),
	} {
		t.Log(name, got.Status)
		shoptest.WantPrivate(t, got)
	}
}

func TestAbuse65ForgedHosts(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	forged := func(r *http.Request) {
		r.Host = "evil.example"
		for _, name := range []string{
			"X-Forwarded-Host", "X-Original-Host", "X-Host", "X-Rewrite-Url", "X-Original-Url",
		} {
			r.Header.Set(name, "evil.example")
		}
		r.Header.Set("X-Forwarded-Proto", "javascript")
		r.Header.Set("Forwarded", "host=evil.example;proto=https")
		r.Header.Set("Referer", "https://evil.example/")
	}
	for _, path := range []string{
		"/login-first", "/login-first?a=https://evil.example/", "//evil.example/../login-first",
	} {
		got := s.Send(t, path, forged)
		location := got.Header.Get("Location")
		if location != "" &&
			(!strings.HasPrefix(location, "/login?next=%2F") ||
				strings.HasPrefix(location, "/login?next=%2F%2F")) {
			t.Errorf("%s leads to %q", path, location)
		}
	}
	got := s.Send(t, "/login-first?a=b", forged).Header.Get("Location")
	if got != "/login?next=%2Flogin-first%3Fa%3Db" {
		t.Errorf("login is at %q", got)
	}
	s.WantLinkOf(t, ann, s.Send(t, "/upgrade", forged, as(ann)))
}
