package partners

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

const people = "code,until\nMIRA10,\nben & co,\n\u00e9l\u00e9ment,\nold,2020-01-01T00:00:00Z\n"

// comes is a request to target, with a cookie if one is given.
func comes(target, cookie string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if cookie != "" {
		r.Header.Set("Cookie", "a=b; "+Cookie+"="+cookie)
	}
	return r
}

func TestTheFirstPlaceThatNamesAnActivePartnerCounts(t *testing.T) {
	table := reads(t, people)
	places := []Place{{In: InQuery, Name: "ref"}, {In: InPath, Part: 1}}
	for _, test := range []struct {
		target, cookie, want, by string
		codes                    []Code
	}{
		{"/", "", "", "", nil},
		{"/?ref=mira10", "", "MIRA10", "query ref", []Code{{InQuery, Active}}},
		{"/?x=1&ref=+Mira10+", "", "MIRA10", "query ref", []Code{{InQuery, Active}}},
		{"/?%72ef=ben+%26%20co", "", "ben & co", "query ref", []Code{{InQuery, Active}}},
		{"/?ref=E%CC%81LE%CC%81MENT", "", "\u00e9l\u00e9ment", "query ref", []Code{{InQuery, Active}}},
		{"/?ref=", "", "", "", nil},
		{"/?ref=nobody", "", "", "", []Code{{InQuery, Unknown}}},
		{"/?ref=%zz&ref=mira10", "", "MIRA10", "query ref", []Code{{InQuery, Active}}},
		{"/go/mira10", "", "MIRA10", "path 1", []Code{{InPath, Active}}},
		{"/go/mira10/more", "", "MIRA10", "path 1", []Code{{InPath, Active}}},
		{"/mira10", "", "", "", nil},
		{"/go/", "", "", "", nil},
		{
			"/go/mira10?ref=nobody", "", "MIRA10", "path 1",
			[]Code{{InQuery, Unknown}, {InPath, Active}},
		},
		{
			"/go/mira10?ref=old", "", "MIRA10", "path 1",
			[]Code{{InQuery, Inactive}, {InPath, Active}},
		},
		{"/go/mira10?ref=ben+%26+co", "", "ben & co", "query ref", []Code{{InQuery, Active}}},
		{"/", "MIRA10", "MIRA10", "cookie", []Code{{InCookie, Active}}},
		{"/", "ben+%26+co", "ben & co", "cookie", []Code{{InCookie, Active}}},
		{"/", "made-up", "", "", []Code{{InCookie, Unknown}}},
		{"/", "%zz", "", "", []Code{{InCookie, Unknown}}},
		{"/", "old", "", "", []Code{{InCookie, Inactive}}},
		{
			"/?ref=ben+%26+co", "MIRA10", "ben & co", "query ref",
			[]Code{{InQuery, Active}, {InCookie, Active}},
		},
		{
			"/?ref=nobody", "MIRA10", "MIRA10", "cookie",
			[]Code{{InQuery, Unknown}, {InCookie, Active}},
		},
	} {
		a := table.Arrive(comes(test.target, test.cookie), places, true, time.Now())
		if a.Partner.Code() != test.want || a.By != test.by || !slices.Equal(a.Codes, test.codes) {
			t.Errorf("%s, cookie %q: %q by %q, %v; want %q by %q, %v", test.target, test.cookie,
				a.Partner.Code(), a.By, a.Codes, test.want, test.by, test.codes)
		}
	}
	a := table.Arrive(comes("/", "MIRA10"), places, false, time.Now())
	if a.Partner.Known() || a.Codes != nil {
		t.Errorf("without remember the cookie counts: %+v", a)
	}
}

func TestTheFirstPartnerOfAVisitorStays(t *testing.T) {
	table := reads(t, people)
	places := []Place{{In: InQuery, Name: "ref"}}
	for _, test := range []struct{ target, cookie, want string }{
		{"/", "", ""},
		{"/?ref=nobody", "", ""},
		{"/?ref=old", "", ""},
		{"/?ref=mira10", "", "checkout_partner=MIRA10"},
		{"/?ref=BEN+%26+co", "", "checkout_partner=ben+%26+co"},
		{"/?ref=\u00c9L\u00c9MENT", "", "checkout_partner=%C3%A9l%C3%A9ment"},
		{"/?ref=ben+%26+co", "MIRA10", ""},
		{"/?ref=mira10", "mira10", ""},
		{"/?ref=mira10", "made-up", "checkout_partner=MIRA10"},
		{"/?ref=mira10", "old", "checkout_partner=MIRA10"},
		{"/", "MIRA10", ""},
	} {
		a := table.Arrive(comes(test.target, test.cookie), places, true, time.Now())
		w := httptest.NewRecorder()
		a.Remember(w, 30*24*time.Hour)
		want := ""
		if test.want != "" {
			want = test.want + "; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax"
		}
		if got := strings.Join(w.Header()["Set-Cookie"], "\n"); got != want {
			t.Errorf("%s, cookie %q: sets %q, want %q", test.target, test.cookie, got, want)
		}
	}
}

func TestConsent(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, " ": false, "0": false, "false": false, "FALSE": false,
		"1": true, "true": true, "yes": true, "2026-11-30": true,
	} {
		if Consents(text) != want {
			t.Errorf("%q consents: %v", text, !want)
		}
	}
}

func TestPlacesAreChecked(t *testing.T) {
	for place, want := range map[Place]bool{
		{In: InQuery, Name: "ref"}: true, {In: InPath}: true, {In: InPath, Part: 3}: true,
		{}: false, {In: InQuery}: false, {In: InPath, Part: -1}: false, {In: "cookie", Name: "x"}: false,
		{In: InPath, Name: "x"}: false, {In: InQuery, Name: "ref", Part: 1}: false,
	} {
		if (place.Check() == nil) != want {
			t.Errorf("%+v: %v", place, place.Check())
		}
	}
}
