package privatepage

import (
	"net/http"
	"strings"
	"testing"
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
		{
			[]string{`no-cache="set-cookie, public", public`},
			`no-cache="set-cookie, public", private`,
		},
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

func TestSharable(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "private": false, "max-age=60, private": false, `no-cache="public"`: false, "Public": true, "max-age=1, S-MaxAge=600": true,
		"no-store": false, "public, no-store": false, "No-Store, s-maxage=600": false,
	} {
		if got := Sharable(http.Header{"Cache-Control": {value}}); got != want {
			t.Errorf("%q: %t, want %t", value, got, want)
		}
	}
	if Sharable(http.Header{"Cache-Control": {"public", "no-store"}}) {
		t.Error("no-store on another line was not read")
	}
}
