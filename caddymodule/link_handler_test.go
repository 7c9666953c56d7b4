package caddymodule_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestSignedInShopperGetsALinkInTheirName(t *testing.T) {
	s := openShop(t, plainShop)
	res := s.click("/upgrade",
		as(jwt.MapClaims{"email": "ann@example.com", "given_name": "Ann <b>"}))
	link := s.getsLink(res, "ann@example.com")
	if got := link.Fields["packageName"]; got != "Pro, yearly" {
		t.Errorf("packageName %q", got)
	}
	if got := link.Fields["additionalText"]; got != "Welcome back, Ann b" {
		t.Errorf("additionalText %q", got)
	}
}

func TestSecondClickMakesNoCall(t *testing.T) {
	s := openShop(t, plainShop)
	first := s.click("/upgrade", by("ann@example.com"))
	second := s.click("/strict", by("ann@example.com"))
	s.apiCalls(1)
	if first.Header.Get("Location") != second.Header.Get("Location") {
		t.Error("two routes with the same offer gave two links")
	}
	s.getsLink(s.click("/upgrade", by("bob@example.com")), "bob@example.com")
	s.apiCalls(2)
}

func TestLinksSurviveReloadsAndFailedReloads(t *testing.T) {
	s := openShop(t, plainShop)
	s.getsLink(s.click("/upgrade", by("ann@example.com")), "ann@example.com")
	if err := s.reload(plainShop); err != nil {
		t.Fatal(err)
	}
	if err := s.reload("http:// {\n\tcheckout_link /upgrade {\n\t\tlink_id\n\t}\n}\n"); err == nil {
		t.Fatal("a broken configuration was loaded")
	}
	s.getsLink(s.click("/upgrade", by("ann@example.com")), "ann@example.com")
	s.apiCalls(1)
}

func TestAnonymousPolicies(t *testing.T) {
	s := openShop(t, plainShop)
	s.redirects(s.click("/upgrade?plan=pro&x=%2F"),
		"/login?next=%2Fupgrade%3Fplan%3Dpro%26x%3D%252F")
	denied := s.click("/strict")
	s.fails(denied, http.StatusUnauthorized)
	if denied.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Error("WWW-Authenticate is missing")
	}
	s.reachesNext(s.click("/maybe"))
	s.apiCalls(0)
	first := s.getsLink(s.click("/guest"), "")
	second := s.getsLink(s.click("/guest"), "")
	if first.URL == second.URL {
		t.Error("two anonymous visitors share a link")
	}
	s.apiCalls(2)
}

func TestBadTokenIsTreatedAsAnonymous(t *testing.T) {
	s := openShop(t, plainShop)
	forged := header("Authorization",
		"Bearer "+token(jwt.MapClaims{"email": "ann@example.com"})+"x")
	s.fails(s.click("/strict", forged), http.StatusUnauthorized)
	s.fails(s.click("/strict", as(jwt.MapClaims{"email": "ann@example.com", "exp": 1})),
		http.StatusUnauthorized)
	s.apiCalls(0)
}

func TestTokenWithoutSubscriberIsNoLoginLoop(t *testing.T) {
	s := openShop(t, plainShop)
	s.fails(s.click("/upgrade", as(jwt.MapClaims{"sub": "4711"})), http.StatusForbidden)
	s.getsLink(s.click("/guest", as(jwt.MapClaims{"sub": "4711"})), "")
}

// TestListHeadersMayComeInSeveralLines: only the first line was read, and proxies and clients may
// split them (RFC 9110 section 5.3).
func TestListHeadersMayComeInSeveralLines(t *testing.T) {
	s := openShop(t, strings.Replace(benchShop, "api_url", "languages en tr\n\t\tapi_url", 1))
	lines := func(name string, values ...string) func(*request) {
		return func(r *request) { r.Header[name] = values }
	}
	ann := fresh(t, "ann")
	res := s.click("/upgrade", ann, lines("Accept", "text/html;q=0.5", "application/json"))
	if got := res.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("a client that likes JSON best got %q", got)
	}
	for _, tt := range []struct {
		accepted []string
		want     string
	}{{[]string{"de"}, "en"}, {[]string{"de", "tr;q=0.8"}, "tr"}} {
		res := s.click("/upgrade", ann, lines("Accept-Language", tt.accepted...))
		link, _ := s.zotlo.Link(res.Header.Get("Location"))
		if link.Language != tt.want {
			t.Errorf("a reader of %v got %q", tt.accepted, link.Language)
		}
	}
}

// TestLongLanguageListsAreNotKept: one visitor with one token could fill the table of orders with
// megabytes of Accept-Language.
func TestLongLanguageListsAreNotKept(t *testing.T) {
	s := openShop(t, strings.Replace(benchShop, "api_url", "languages en tr\n\t\tapi_url", 1))
	ann := fresh(t, "ann")
	const each, clicks = 500_000, 100
	held := func() uint64 {
		runtime.GC()
		runtime.GC() // the first one only lets go of what pools hold
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	for i := range clicks {
		r := &request{httptest.NewRequest(http.MethodGet, "/upgrade", nil)}
		ann(r)
		r.Header.Set("Accept-Language", fmt.Sprintf("tr,%d%s", i, strings.Repeat("x", each)))
		s.ServeHTTP(httptest.NewRecorder(), r.Request)
	}
	if after := held(); after > before+each*clicks/2 {
		t.Errorf("%d clicks with a list of %d bytes hold %d bytes", clicks, each, after-before)
	}
	s.apiCalls(1)
}

// TestUnconfirmedAddressIsToldSo: an address that is there and not confirmed is not "no address".
func TestUnconfirmedAddressIsToldSo(t *testing.T) {
	s := openShop(t, plainShop)
	const confirm, none = "is not confirmed yet", "has no e-mail address"
	for _, test := range []struct {
		claims jwt.MapClaims
		want   string
	}{
		{jwt.MapClaims{"email": "ann@example.com", "email_verified": false}, confirm},
		{jwt.MapClaims{"phone_number": "+1 (425) 555-1212", "phone_number_verified": nil}, confirm},
		{jwt.MapClaims{"sub": "4711", "email": "ann@example.com", "email_verified": "no"}, confirm},
		{jwt.MapClaims{"sub": "4711"}, none},
		{jwt.MapClaims{"sub": "4711", "email_verified": false}, none},
	} {
		for _, accept := range []string{"text/html", "application/json"} {
			res := s.click("/strict", as(test.claims), header("Accept", accept))
			body, err := io.ReadAll(res.Body)
			said := string(body) + res.Header.Get("X-Error-Message") // the error page says it there
			if err != nil || res.StatusCode != http.StatusForbidden ||
				!strings.Contains(said, test.want) {
				t.Errorf("%v as %s: %d %s, %v; want %q",
					test.claims, accept, res.StatusCode, said, err, test.want)
			}
		}
	}
	s.apiCalls(0)
}

func unescape(t *testing.T, text string) string {
	t.Helper()
	plain, err := url.QueryUnescape(text)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// TestReturnToIsAlwaysAPathOnThisSite sends invalid and misleading paths and checks where the way
// back leads.
func TestReturnToIsAlwaysAPathOnThisSite(t *testing.T) {
	s := openShop(t, `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
}

http:// {
	checkout_link {
		link_id 1
		anonymous redirect /login?next={http.checkout.return_to}
	}
}
`)
	for path, want := range map[string]string{
		"//evil.example/x":        "/evil.example/x",
		"///evil.example":         "/evil.example",
		"/%2F%2Fevil.example":     "/%2F%2Fevil.example",
		"/%5Cevil.example":        "/%5Cevil.example",
		"/x?next=//evil.example":  "/x?next=//evil.example",
		"/x%0d%0aSet-Cookie:a=b":  "/x%0d%0aSet-Cookie:a=b",
		"/a/../b":                 "/a/../b",
		"/?q=%22%3E%3Cscript%3E":  "/?q=%22%3E%3Cscript%3E",
		"/ü":                      "/%C3%BC",
		"/x?a=1&next=/y#fragment": "/x?a=1&next=/y",
	} {
		res := s.click(path)
		location := res.Header.Get("Location")
		if res.StatusCode != http.StatusSeeOther ||
			!strings.HasPrefix(location, "/login?next=%2F") {
			t.Errorf("%s: %d to %q", path, res.StatusCode, location)
			continue
		}
		if got := unescape(t, strings.TrimPrefix(location, "/login?next=")); got != want {
			t.Errorf("%s: the way back is %q, want %q", path, got, want)
		}
	}
}
