package caddymodule

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/linkgen"
)

func TestMakePrivate(t *testing.T) {
	for _, tt := range []struct {
		given []string
		want  string
	}{
		{nil, "private"},
		{[]string{"public"}, "private"},
		{[]string{"public, max-age=60, s-maxage=600"}, "max-age=60, private"},
		{[]string{"public", "max-age=60"}, "max-age=60, private"},
		{[]string{"PUBLIC, S-MaxAge=1"}, "private"},
		{[]string{"private, max-age=60"}, "max-age=60, private"},
		{[]string{"no-store"}, "no-store, private"},
		{[]string{"public, no-store, s-maxage=600"}, "no-store, private"},
		{[]string{"no-store", "public"}, "no-store, private"},
		{[]string{"no-cache"}, "no-cache, private"},
		{[]string{`no-cache="set-cookie, public", public`}, `no-cache="set-cookie, public", private`},
		{[]string{`ext="a\"b, public", s-maxage=9`}, `ext="a\"b, public", private`},
		{[]string{""}, "private"},
	} {
		h := http.Header{}
		if tt.given != nil {
			h["Cache-Control"] = tt.given
		}
		makePrivate(h)
		if got := strings.Join(h["Cache-Control"], ", "); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.given, got, tt.want)
		}
	}
}

func TestWhoeverWaitsForAFetchThatAReloadEndedHasNotLeft(t *testing.T) {
	ended := fmt.Errorf("%w: %w", auth.ErrKeysUnavailable, context.Canceled)
	gone, leave := context.WithCancel(t.Context())
	if got := identityOutcome(gone, ended); got != outcomeKeysUnavailable {
		t.Errorf("outcome %q of a shopper who waits", got)
	}
	leave()
	if got := identityOutcome(gone, ended); got != outcomeLeft {
		t.Errorf("outcome %q of a shopper who left", got)
	}
}

func TestSharable(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "private": false, "max-age=60, private": false, `no-cache="public"`: false, "Public": true, "max-age=1, S-MaxAge=600": true,
		"no-store": false, "public, no-store": false, "No-Store, s-maxage=600": false,
	} {
		if got := sharable(http.Header{"Cache-Control": {value}}); got != want {
			t.Errorf("%q: %t, want %t", value, got, want)
		}
	}
	if sharable(http.Header{"Cache-Control": {"public", "no-store"}}) {
		t.Error("no-store on another line was not read")
	}
}

func TestParseTarget(t *testing.T) {
	for text, good := range map[string]bool{
		"/pricing": true, "/pricing?a={query.a}": true, "/pricing?a=%7Bb": true, "/login?next={http.checkout.return_to": false, "https://shop.example.com": true, "https://shop.example.com/x?y=1": true, "http://localhost:8080/": true,
		"": false, "pricing": false, "//evil.example": false, "/\\evil.example": false, "/a\nb": false, "javascript:alert(1)": false, "ftp://x/": false,
		"https://user:pw@shop.example.com/": false, "/{path.1}": false, "https://{host}/x": false, "/%zz": false, "https:///x": false, "?x=1": false, "mailto:a@b": false,
		"/a/../loop": false, "/..": false, "/./x": false, "/a/%2e%2E/loop": false, "/a/.%2e": false, "https://shop.example.com/a/../loop": false, "/a/...": true, "/.well-known/x..y": true, "/a?b=/../c": true,
	} {
		if _, err := parseTarget(text); (err == nil) != good {
			t.Errorf("%q: %v, want good %t", text, err, good)
		}
	}
}

// TestTargetLeadsBackHoweverItIsWritten: a browser arrives where it was from targets that are spelled in another way.
func TestTargetLeadsBackHoweverItIsWritten(t *testing.T) {
	for _, tt := range []struct {
		target, request string
		back            bool
	}{
		{"/loop", "http://shop.example.com/loop?x=1", true},
		{"/loop?again={query.a}", "https://shop.example.com/loop", true},
		{"/lo%6fp", "http://shop.example.com/loop", true},
		{"/other", "http://shop.example.com/loop", false},
		{"http://shop.example.com/loop", "http://shop.example.com/loop", true},
		{"http://SHOP.example.com:80/loop", "http://shop.example.com/loop", true},
		{"http://shop.example.com:080/loop", "http://shop.example.com/loop", true},
		{"http://shop.example.com:/loop", "http://Shop.example.com:80/loop", true},
		{"https://shop.example.com:443/loop", "https://shop.example.com/loop", true},
		{"https://shop.example.com/loop", "http://shop.example.com:443/loop", true}, // TLS ended before us
		{"https://[2001:db8::1]:443/loop", "https://[2001:db8::1]/loop", true},
		{"http://shop.example.com:8080/loop", "http://shop.example.com:8080/loop", true},
		{"http://shop.example.com:8080/loop", "http://shop.example.com/loop", false},
		{"http://shop.example.com:443/loop", "http://shop.example.com/loop", false},
		{"http://shop.example.com:443/loop", "http://shop.example.com:443/loop", true},
		{"https://other.example.com/loop", "https://shop.example.com/loop", false},
	} {
		target, err := parseTarget(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		if got := target.leadsBack(httptest.NewRequest(http.MethodGet, tt.request, nil)); got != tt.back {
			t.Errorf("%s from %s: %t, want %t", tt.target, tt.request, got, tt.back)
		}
	}
}

func TestTargetIsRenderedEscaped(t *testing.T) {
	target, err := parseTarget("/login?next={http.checkout.return_to}&ad={q}&x={unknown}")
	if err != nil {
		t.Fatal(err)
	}
	repl := caddy.NewEmptyReplacer()
	repl.Set("q", "a&b=c#d\r\n{env.HOME}")
	got := target.render(httptest.NewRequest(http.MethodGet, "/up?x=1&y=2", nil), repl)
	if want := "/login?next=%2Fup%3Fx%3D1%26y%3D2&ad=a%26b%3Dc%23d%0D%0A%7Benv.HOME%7D&x="; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestReturnToIsAPathWhateverIsAsked puts odd pieces together in every order. (It is no fuzz target, because fuzzing this package would
// instrument all of Caddy.)
func TestReturnToIsAPathWhateverIsAsked(t *testing.T) {
	pieces := []string{"/", "//", "\\", "%2f", "%5C", "evil.example", "?", "#", "@", ":", "..", ".", "\t", "%09", "a", "*", "http:"}
	for _, a := range pieces {
		for _, b := range pieces {
			for _, c := range pieces {
				for _, d := range pieces {
					target := a + b + c + d
					u, err := url.ParseRequestURI(target)
					if err != nil {
						continue
					}
					back := returnTo(&http.Request{URL: u})
					path, _, _ := strings.Cut(back, "?")
					read, err := url.Parse(back)
					if err != nil || read.Host != "" || read.Scheme != "" || !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\r\n\t ") || strings.Contains(path, "\\") {
						t.Errorf("%q leads back to %q", target, back)
					}
				}
			}
		}
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]linkgen.Rate{
		"": {}, "50/1s": {Events: 50, Per: time.Second}, "10/1m": {Events: 10, Per: time.Minute}, "5/1d": {Events: 5, Per: 24 * time.Hour},
	} {
		if got, err := parseRate(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"50", "0/1s", "-1/1s", "5/", "/1s", "5/0s", "5/-1s", "a/1s", "5/1x", "5/1us"} {
		if _, err := parseRate(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestParseTemplateAgreesWithCaddy(t *testing.T) {
	repl := caddy.NewEmptyReplacer()
	repl.Map(func(key string) (any, bool) { return "<" + key + ">", true })
	for _, text := range []string{"", "plain", "{a}", "x{a}y{b.c}z", "{a}{a}", `\{a}`, `\{a\}`, "{a", "a}", "{{a}}", `{a\}b}`, "{a {b}", `\{env.{query.x}`} {
		tmpl, err := parseTemplate(text)
		if err != nil {
			t.Fatal(err)
		}
		var ours strings.Builder
		for _, part := range tmpl {
			if part.Key == "" {
				ours.WriteString(part.Literal)
				continue
			}
			ours.WriteString("<" + part.Key + ">")
		}
		if theirs := repl.ReplaceAll(text, ""); theirs != ours.String() {
			t.Errorf("%q: %q, Caddy says %q", text, ours.String(), theirs)
		}
	}
	for _, text := range []string{"a\x00b", "{}", "a {} b"} {
		if _, err := parseTemplate(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
