package caddymodule_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// freshSite has a page of every kind behind checkout_offer, and the same beneath /plain without it.
const freshSite = `{` + serverOptions + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign pro {
			link_id 1
			quote 9.99 EUR
		}
	}
}

http:// {` + serverSite + `
	root {$DIR}
	@personal not path /plain/*
	checkout_offer @personal pro
	templates /templates/*
	encode /encoded/* gzip
	handle /respond {
		header {
			ETag "\"r\""
			Cache-Control "public, max-age=60"
			Expires "Thu, 01 Jan 2099 00:00:00 GMT"
			Netlify-CDN-Cache-Control "public, s-maxage=600"
			Surrogate-Key "prices"
			Vary Accept-Language
		}
		respond "{http.checkout.price}"
	}
	handle /backend/* {
		reverse_proxy {$BACKEND}
	}
	handle {
		uri path_regexp ^/[^/]+/ /
		file_server
	}
}
`

// openFreshSite serves page.html, and the backend that is given.
func openFreshSite(t *testing.T, backend http.HandlerFunc) *server {
	t.Helper()
	server := httptest.NewServer(backend)
	t.Cleanup(server.Close)
	o := openServerWith(t, freshSite, map[string]string{"BACKEND": server.URL})
	page := []byte(strings.Repeat("a page that compresses well ", 100))
	if err := os.WriteFile(filepath.Join(o.dir, "page.html"), page, 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

// storeRules are all the ways in which a response tells a cache to keep it, and a browser to ask
// whether it has changed.
var storeRules = []string{
	"ETag", "Last-Modified", "Expires", "Age", "CDN-Cache-Control", "Cloudflare-CDN-Cache-Control",
	"Netlify-CDN-Cache-Control", "Akamai-Cache-Control", "X-LiteSpeed-Cache-Control",
	"Surrogate-Control", "X-Accel-Expires", "Edge-Control",
}

// isThisMoments checks that nobody may keep the answer.
func isThisMoments(t *testing.T, h http.Header) {
	t.Helper()
	if got := h.Values("Cache-Control"); !slices.Equal(got, []string{"private, no-cache"}) {
		t.Errorf("Cache-Control: %q", got)
	}
	for _, name := range storeRules {
		if got := h.Values(name); len(got) > 0 {
			t.Errorf("%s: %q went out", name, got)
		}
	}
}

// tellsEveryCacheToKeep answers as a backend that speaks to every CDN there is.
func tellsEveryCacheToKeep(w http.ResponseWriter, _ *http.Request) {
	for _, name := range storeRules {
		w.Header().Set(name, "public, max-age=600")
	}
	w.Header().Set("Cache-Control", "public, max-age=600, stale-while-revalidate=60, immutable")
	w.Header().Set("Surrogate-Key", "prices")
	w.Header().Set("Vary", "Accept-Language")
	io.WriteString(w, "page")
}

// stillWants is a browser that has an earlier answer of every kind.
func stillWants(r *request) {
	r.Header.Set("If-None-Match", "*")
	r.Header.Set("If-Modified-Since", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
}

// TestPersonalPageIsThisMoments: a browser showed the price of before the sign-in, and CDNs kept
// what their own header allowed them to.
func TestPersonalPageIsThisMoments(t *testing.T) {
	o := openFreshSite(t, tellsEveryCacheToKeep)
	for _, path := range []string{
		"/backend/page", "/respond", "/files/page.html", "/templates/page.html", "/encoded/page.html",
	} {
		for _, verb := range []string{"GET", "HEAD"} {
			t.Run(verb+path, func(t *testing.T) {
				res, body := o.click(path, by("ann@example.com"), method(verb), stillWants,
					header("Accept-Encoding", "gzip"))
				if res.StatusCode != http.StatusOK || verb == "GET" && len(body) == 0 {
					t.Errorf("%d with %d bytes, want the page", res.StatusCode, len(body))
				}
				isThisMoments(t, res.Header)
				if path == "/backend/page" || path == "/respond" {
					if res.Header.Get("Surrogate-Key") != "prices" ||
						!slices.Contains(res.Header.Values("Vary"), "Accept-Language") {
						t.Errorf("what is no caching rule was taken away: %v", res.Header)
					}
				}
				if path == "/encoded/page.html" && res.Header.Get("Content-Encoding") != "gzip" {
					t.Error("the page was not compressed")
				}
			})
		}
	}
	isThisMoments(t, second(o.click("/files/missing.html", by("ann@example.com"))).Header)
	t.Run("a page without an offer is as it was", func(t *testing.T) {
		res, _ := o.click("/plain/page.html", stillWants)
		if res.StatusCode != http.StatusNotModified || res.Header.Get("ETag") == "" {
			t.Errorf("%d with ETag %q", res.StatusCode, res.Header.Get("ETag"))
		}
	})
}

// second is the response of a click whose body does not matter.
func second(res *http.Response, _ []byte) *http.Response { return res }

// TestPersonalPageIsNeverPartOfAnOldOne: a browser that resumes would join two prices.
func TestPersonalPageIsNeverPartOfAnOldOne(t *testing.T) {
	o := openFreshSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "page.txt", time.Time{}, bytes.NewReader([]byte("0123456789")))
	})
	for _, tt := range []struct {
		name    string
		options []func(*request)
		status  int
		body    string
	}{
		{
			"resumed",
			[]func(*request){header("Range", "bytes=5-"), header("If-Range", `"v1"`)},
			200, "0123456789",
		},
		// A film behind the same directive: Safari plays none without partial answers.
		{"a part asked for by itself", []func(*request){header("Range", "bytes=5-")}, 206, "56789"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, body := o.click("/backend/page", tt.options...)
			if res.StatusCode != tt.status || string(body) != tt.body {
				t.Errorf("%d %q, want %d %q", res.StatusCode, body, tt.status, tt.body)
			}
			isThisMoments(t, res.Header)
		})
	}
}

// TestConditionsOfAWriteStand: `If-None-Match: *` keeps a PUT from overwriting what is there.
func TestConditionsOfAWriteStand(t *testing.T) {
	o := openFreshSite(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s|%s", r.Header.Get("If-None-Match"), r.Header.Get("If-Match"))
	})
	for verb, want := range map[string]string{"PUT": `*|"a"`, "POST": `*|"a"`, "GET": `|"a"`} {
		_, body := o.click("/backend/thing", method(verb), header("If-None-Match", "*"),
			header("If-Match", `"a"`))
		if string(body) != want {
			t.Errorf("%s: the backend read %q, want %q", verb, body, want)
		}
	}
}

// TestEarlyHintsAndTrailersOfAPersonalPage: hints come before the page and stay; a trailer brings
// nothing that the header may not say.
func TestEarlyHintsAndTrailersOfAPersonalPage(t *testing.T) {
	o := openFreshSite(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Trailer", "ETag, X-Sum")
		w.Header().Set("Cache-Control", "public")
		io.WriteString(w, "page")
		w.Header().Set("ETag", `"late"`)
		w.Header().Set("X-Sum", "4")
		w.Header().Set(http.TrailerPrefix+"Cdn-Cache-Control", "public")
		w.Header().Set(http.TrailerPrefix+"X-Unannounced", "5")
	})
	var hints []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
		hints = append(hints, h.Get("Link"))
		return nil
	}}
	res, body := o.click("/backend/page", by("ann@example.com"), func(r *request) {
		r.Request = r.WithContext(httptrace.WithClientTrace(r.Context(), trace))
	})
	if string(body) != "page" || !slices.Equal(hints, []string{"</style.css>; rel=preload"}) {
		t.Errorf("the page says %q, the hints %q", body, hints)
	}
	isThisMoments(t, res.Header)
	if res.Trailer.Get("X-Sum") != "4" || res.Trailer.Get("X-Unannounced") != "5" ||
		res.Trailer.Get("ETag") != "" || res.Trailer.Get("CDN-Cache-Control") != "" {
		t.Errorf("trailers %v", res.Trailer)
	}
}

// TestDeferredHeaderForACDNIsWarnedOf: what is set after checkout_offer has the last word, so the
// operator hears of it, whichever cache it speaks to.
func TestDeferredHeaderForACDNIsWarnedOf(t *testing.T) {
	for line, want := range map[string]int{
		`>Cache-Control "max-age=60"`:                   1,
		`-Cache-Control`:                                1,
		`>Fastly-CDN-Cache-Control "max-age=60"`:        1,
		`>Surrogate-Control "max-age=60"`:               1,
		`>CDN-Cache-Control "no-store"`:                 0,
		`>Cache-Control "private, no-cache"`:            0,
		`>Surrogate-Key "prices"`:                       0,
		`>Cache-Control "no-store, no-transform"`:       0,
		`>X-LiteSpeed-Cache-Control "public,max-age=9"`: 1,
	} {
		t.Run(line, func(t *testing.T) {
			o := openServer(t, serverWith(proCampaign,
				"checkout_offer pro\n\theader "+line+"\n\trespond \"page\""))
			o.click("/", by("ann@example.com"))
			o.warns(want, "a personal page went out")
		})
	}
}
