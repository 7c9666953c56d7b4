package checkout_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
)

// A click in QUIC's early data may be a replay, and comes from an address that nobody has checked.
func TestAbuse21EarlyData(t *testing.T) {
	t.Parallel()
	s := openShop(t, overTLS(guarded))
	conf := s.trust(t)
	conf.ClientSessionCache = tls.NewLRUClientSessionCache(10)
	// A CDN that has taken early data says so (RFC 8470).
	click := func(client *http.Client, method string, how ...with) reply {
		r, err := http.NewRequestWithContext(t.Context(), method, "https://"+shopHost+"/upgrade", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range append(how, as(ann)) {
			change(r)
		}
		got, err := do(client, r)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	s.denied(t, "Early-Data: 1", click(browser(t, s.overQUIC(t, conf.Clone())), http.MethodGet, header("Early-Data", "1")), http.StatusTooEarly)
	early := 0
	for range 10 {
		h3 := s.overQUIC(t, conf)
		got := click(browser(t, h3), http3.MethodGet0RTT)
		if got.StatusCode == http.StatusTooEarly {
			early++
		}
		time.Sleep(50 * time.Millisecond) // the ticket for the next connection comes after the answer
		h3.Close()
	}
	if early == 0 {
		t.Error("no click of ten came too early: early data is not refused")
	}
	if n := s.zotlo.Calls(); n > 1 {
		t.Errorf("%d API calls", n)
	}
}

func TestAbuse60Methods(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for _, name := range []string{"PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "PRI", "get", "LINK"} {
		got := s.visit(t, "/upgrade", method(name), as(ann))
		s.denied(t, name, got, http.StatusMethodNotAllowed)
		if allow := got.Header.Get("Allow"); allow != "GET, HEAD, POST" {
			t.Errorf("%s: Allow: %q", name, allow)
		}
	}
	s.denied(t, "HEAD", s.visit(t, "/upgrade", method(http.MethodHead), as(ann)), http.StatusNoContent)
	if got := s.visit(t, "/upgrade", method(http.MethodOptions), as(ann)); got.Header.Get("Location") != "" {
		t.Error("OPTIONS got a link")
	}
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		s.denied(t, name, s.visit(t, "/upgrade", method(http.MethodHead), header(name, "GET"), as(ann)), http.StatusNoContent)
	}
	s.wantCalls(t, 0)
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", method(http.MethodPost), as(ann)))
}

func TestAbuse61Prefetch(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for name, values := range map[string][]string{
		"Sec-Purpose": {"prefetch", "prefetch;prerender", "prefetch; anonymous-client-ip"}, "Purpose": {"prefetch", "preview"},
		"X-Moz": {"prefetch"}, "X-Purpose": {"preview"},
	} {
		for _, value := range values {
			s.denied(t, name+": "+value, s.visit(t, "/upgrade", header(name, value), as(ann)), http.StatusForbidden)
		}
	}
	for _, bot := range []string{"facebookexternalhit/1.1", "Slackbot-LinkExpanding 1.0", "Barracuda Sentinel"} {
		s.denied(t, bot, s.visit(t, "/upgrade", header("User-Agent", bot)), http.StatusUnauthorized)
	}
	s.wantCalls(t, 0)
}

// Another site's page can make a browser ask, but not for a link.
func TestAbuse62ForcedCheckout(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for _, dest := range []string{"image", "script", "style", "font", "audio", "video", "track", "worker", "manifest", "report", "xslt", "fencedframe"} {
		s.denied(t, dest, s.visit(t, "/upgrade", header("Sec-Fetch-Dest", dest), header("Sec-Fetch-Site", "cross-site"), as(ann)), http.StatusForbidden)
	}
	s.denied(t, "no-cors", s.visit(t, "/upgrade", header("Sec-Fetch-Dest", "empty"), header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "no-cors"), as(ann)), http.StatusForbidden)
	s.wantCalls(t, 0)
	for range 5 { // a link from elsewhere is a visit; it leaves one cached link behind and buys nothing
		s.wantLinkOf(t, ann, s.visit(t, "/upgrade", header("Sec-Fetch-Dest", "document"), header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate"), as(ann)))
	}
	s.wantCalls(t, 1)
	if n := len(s.zotlo.Payments()); n != 0 {
		t.Errorf("%d payments", n)
	}
}

func TestAbuse63Framing(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for _, dest := range []string{"iframe", "frame", "embed", "object"} {
		for _, site := range []string{"same-origin", "same-site", "cross-site", "none"} {
			s.denied(t, dest+" "+site, s.visit(t, "/upgrade", header("Sec-Fetch-Dest", dest), header("Sec-Fetch-Site", site), header("Sec-Fetch-Mode", "navigate"), as(ann)), http.StatusForbidden)
		}
	}
	s.wantCalls(t, 0)
}

// A cache on the way finds nothing to keep, whatever it takes the path for.
func TestAbuse64CachedRedirect(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for _, path := range []string{"/upgrade/x.css", "/upgrade;.js", "/upgrade%2e.js", "/upgrade/..%2fx.css", "/upgrade%00.css", "/upgrade.css"} {
		if got := s.visit(t, path, as(ann)); got.Header.Get("Location") != "" {
			t.Errorf("%s got a link", path)
		}
	}
	s.wantCalls(t, 0)
	for _, path := range []string{"/upgrade", "/upgrade?x.css", "/%75pgrade", "/UPGRADE", "//upgrade"} {
		got := s.visit(t, path, as(ann))
		if got.Header.Get("Location") != "" {
			s.wantLinkOf(t, ann, got)
		}
		if got.StatusCode == http.StatusMovedPermanently || got.StatusCode == http.StatusPermanentRedirect {
			t.Errorf("%s got %s, which is kept for ever", path, got.Status)
		}
	}
	for name, got := range map[string]reply{
		"JSON": s.visit(t, "/upgrade", as(ann), header("Accept", "application/json")), "guest": s.visit(t, "/guest"), "login": s.visit(t, "/login-first"),
		"denied": s.visit(t, "/upgrade"), "HEAD": s.visit(t, "/upgrade", method("HEAD")), "PUT": s.visit(t, "/upgrade", method("PUT")),
		"problem": s.visit(t, "/upgrade", header("Accept", "application/json")), "prefetch": s.visit(t, "/upgrade", header("Sec-Purpose", "prefetch")),
	} {
		t.Log(name, got.Status)
		wantPrivate(t, got)
	}
}

func TestAbuse65ForgedHosts(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	forged := func(r *http.Request) {
		r.Host = "evil.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Original-Host", "X-Host", "X-Rewrite-Url", "X-Original-Url"} {
			r.Header.Set(name, "evil.example")
		}
		r.Header.Set("X-Forwarded-Proto", "javascript")
		r.Header.Set("Forwarded", "host=evil.example;proto=https")
		r.Header.Set("Referer", "https://evil.example/")
	}
	for _, path := range []string{"/login-first", "/login-first?a=https://evil.example/", "//evil.example/../login-first"} {
		got := s.visit(t, path, forged)
		location := got.Header.Get("Location")
		if location != "" && (!strings.HasPrefix(location, "/login?next=%2F") || strings.HasPrefix(location, "/login?next=%2F%2F")) {
			t.Errorf("%s leads to %q", path, location)
		}
	}
	if got := s.visit(t, "/login-first?a=b", forged).Header.Get("Location"); got != "/login?next=%2Flogin-first%3Fa%3Db" {
		t.Errorf("login is at %q", got)
	}
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", forged, as(ann)))
}

// The handler reads no body: whoever announces one is answered before he sends it. (Over HTTP/1.1 that cannot be seen, for
// there Caddy's server itself reads on after an answer.)
func TestAbuse66BodiesAreNotRead(t *testing.T) {
	t.Parallel()
	s := openShop(t, overTLS(guarded))
	never, end := io.Pipe()
	defer end.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+shopHost+"/upgrade", never)
	if err != nil {
		t.Fatal(err)
	}
	as(ann)(r)
	got, err := do(s.protocols(t)["HTTP/2.0"], r)
	if err != nil {
		t.Fatal(err)
	}
	s.wantLinkOf(t, ann, got)
	s.wantCalls(t, 1)
}

// Versions below these have known holes in what is theirs to guard.
func TestAbuse66VersionFloor(t *testing.T) {
	mod := read(t, "go.mod")
	for path, floor := range map[string]string{
		"github.com/caddyserver/caddy/v2": "v2.11.5", "github.com/golang-jwt/jwt/v5": "v5.2.2", "github.com/MicahParks/jwkset": "v0.6.0",
		"github.com/redis/go-redis/v9": "v9.7.3",
	} {
		found := regexp.MustCompile(regexp.QuoteMeta(path) + ` (v\S+)`).FindStringSubmatch(mod)
		if found == nil {
			t.Errorf("%s is not in go.mod", path)
			continue
		}
		if older(found[1], floor) {
			t.Errorf("%s is %s, older than %s", path, found[1], floor)
		}
	}
	if line := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(mod); line == nil || older("v"+line[1], "v1.26.0") {
		t.Errorf("the go line is %q", line)
	}
	if strings.Contains(mod, "dgrijalva") {
		t.Error("the abandoned JWT library is among the dependencies")
	}
}

// older compares versions of three numbers.
func older(version, floor string) bool {
	var a, b [3]int
	fmt.Sscanf(version, "v%d.%d.%d", &a[0], &a[1], &a[2])
	fmt.Sscanf(floor, "v%d.%d.%d", &b[0], &b[1], &b[2])
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
