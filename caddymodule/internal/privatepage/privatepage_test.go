package privatepage

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestMakePrivate(t *testing.T) {
	for _, tt := range []struct {
		given []string
		want  string
	}{
		{nil, "private, no-cache"},
		{[]string{"public"}, "private, no-cache"},
		{[]string{"public, max-age=60, s-maxage=600"}, "private, no-cache"},
		{[]string{"public", "max-age=60"}, "private, no-cache"},
		{[]string{"stale-while-revalidate=60, immutable"}, "private, no-cache"},
		{[]string{"PUBLIC, S-MaxAge=1"}, "private, no-cache"},
		{[]string{"no-store"}, "private, no-cache, no-store"},
		{[]string{"public, No-Store, s-maxage=600"}, "private, no-cache, no-store"},
		{[]string{"no-store", "public"}, "private, no-cache, no-store"},
		{[]string{"public, no-transform"}, "private, no-cache, no-transform"},
		{[]string{`no-cache="set-cookie, no-store", public`}, "private, no-cache"},
		{[]string{`ext="a\"b, no-store", s-maxage=9`}, "private, no-cache"},
		{[]string{""}, "private, no-cache"},
	} {
		h := http.Header{}
		if tt.given != nil {
			h["Cache-Control"] = tt.given
		}
		makePrivate(h)
		if got := strings.Join(h["Cache-Control"], "; "); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.given, got, tt.want)
		}
	}
}

func TestCachingRulesAreDropped(t *testing.T) {
	h := http.Header{}
	for _, name := range []string{
		"Etag", "Last-Modified", "Expires", "Age", "Cdn-Cache-Control", "cdn-cache-control",
		"Cloudflare-Cdn-Cache-Control", "Vercel-CDN-Cache-Control", "Akamai-Cache-Control",
		"X-Litespeed-Cache-Control", "Surrogate-Control", "X-Accel-Expires", "Edge-Control",
	} {
		h[name] = []string{"max-age=600"}
	}
	staying := []string{
		"Access-Control-Max-Age", "Cache-Control", "Cache-Status", "Cache-Tag", "Date", "Set-Cookie",
		"Surrogate-Key", "Vary", "X-Accel-Buffering", "X-Cache",
	}
	for _, name := range staying {
		h[name] = []string{"as it was"}
	}
	makePrivate(h)
	if left := slices.Sorted(maps.Keys(h)); !slices.Equal(left, staying) {
		t.Errorf("%q are left, want %q", left, staying)
	}
}

// TestResponsesShareNoValues: a header directive may write into them.
func TestResponsesShareNoValues(t *testing.T) {
	one, other := http.Header{}, http.Header{}
	makePrivate(one)
	one["Cache-Control"][0] = "public"
	if makePrivate(other); other.Get("Cache-Control") != private {
		t.Errorf("the next response says %q", other.Get("Cache-Control"))
	}
}

func TestUnconditional(t *testing.T) {
	given := http.Header{
		"If-None-Match": {"*"}, "If-Modified-Since": {"x"}, "If-Range": {`"a"`}, "Range": {"bytes=5-"},
		"If-Match": {`"a"`}, "If-Unmodified-Since": {"x"}, "Accept": {"text/html"},
	}
	for _, tt := range []struct {
		method string
		gone   []string
	}{
		{"GET", []string{"If-None-Match", "If-Modified-Since", "If-Range", "Range"}},
		{"HEAD", []string{"If-None-Match", "If-Modified-Since", "If-Range", "Range"}},
		{"PUT", nil},
		{"DELETE", nil},
		{"PATCH", nil},
	} {
		r := httptest.NewRequest(tt.method, "/", nil)
		r.Header = given.Clone()
		Unconditional(r)
		want := given.Clone()
		for _, name := range tt.gone {
			delete(want, name)
		}
		if !maps.EqualFunc(r.Header, want, slices.Equal) {
			t.Errorf("%s: %v goes on, want %v", tt.method, r.Header, want)
		}
	}
}

func TestSharable(t *testing.T) {
	for value, want := range map[string]bool{
		"private": false, "max-age=60, private": false, "private, no-cache": false,
		"no-cache": false, "no-store": false, "public, no-store": false,
		"No-Store, s-maxage=600": false,
		"":                       true, "Public": true, "max-age=1, S-MaxAge=600": true, "max-age=60": true,
		"private, s-maxage=60": true, `no-cache="set-cookie"`: true,
	} {
		if got := Sharable(http.Header{"Cache-Control": {value}}); got != want {
			t.Errorf("%q: %t, want %t", value, got, want)
		}
	}
	if Sharable(http.Header{"Cache-Control": {"public", "no-store"}}) {
		t.Error("no-store on another line was not read")
	}
	if !Sharable(http.Header{}) {
		t.Error("a response that says nothing may be kept")
	}
	for value, want := range map[string]bool{
		"max-age=60": true, "public": true, "!no-store": true, "10": true,
		"no-store": false, "private": false, "0": false, "no-store, max-age=60": false,
	} {
		h := http.Header{"Cache-Control": {private}, "Edge-Control": {value}}
		if got := Sharable(h); got != want {
			t.Errorf("Edge-Control: %s: %t, want %t", value, got, want)
		}
	}
}

// BenchmarkPage is what a page pays for being private.
func BenchmarkPage(b *testing.B) {
	given := http.Header{
		"Cache-Control": {"public, max-age=60"}, "Content-Length": {"4"}, "Date": {"now"},
		"Content-Type": {"text/html"}, "Etag": {`"a"`}, "Server": {"Caddy"}, "Vary": {"Accept"},
	}
	b.ReportAllocs()
	for b.Loop() {
		rec := httptest.NewRecorder()
		maps.Copy(rec.Header(), given)
		page := New(rec)
		page.begin()
		page.Finish()
	}
}
