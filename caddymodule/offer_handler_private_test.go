package caddymodule_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPersonalPageIsPrivate(t *testing.T) {
	s := openPricedShop(t)
	if got := s.click("/plans",
		by("a@example.com")).Header.Get("Cache-Control"); got != "private, no-cache" {
		t.Errorf("Cache-Control %q", got)
	}
}

// TestPersonalPagesOfEveryKindArePrivate: files, streams and proxied answers begin in different
// ways.
func TestPersonalPagesOfEveryKindArePrivate(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "big.txt"), []byte(strings.Repeat("x", 100_000)),
		0o600); err != nil {
		t.Fatal(err)
	}
	stream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, s-maxage=600")
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprint(w, "one ")
		http.NewResponseController(w).Flush()
		fmt.Fprint(w, "two")
	}))
	t.Cleanup(stream.Close)
	t.Setenv("FOLDER", folder)
	t.Setenv("STREAM", strings.TrimPrefix(stream.URL, "http://"))
	srv := openServer(t, serverWith(proCampaign, `checkout_offer pro
	header /files/* Cache-Control "public, max-age=60"
	handle_path /files/* {
		root {$FOLDER}
		file_server
	}
	handle /stream {
		reverse_proxy {$STREAM} {
			flush_interval -1
		}
	}
	respond /none 204`))
	for path, want := range map[string]string{
		"/files/big.txt": "private, no-cache",
		"/stream":        "private, no-cache",
		"/none":          "private, no-cache",
		"/files/absent":  "",
	} {
		res, body := srv.click(path, by("ann@example.com"))
		if want != "" && res.Header.Get("Cache-Control") != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, res.Header.Get("Cache-Control"), want)
		}
		if path == "/stream" && string(body) != "one two" {
			t.Errorf("the stream arrived as %q", body)
		}
	}
}

func TestErrorPageOfAPersonalPageIsPrivate(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, `checkout_offer pro
	header Cache-Control "public, s-maxage=600"
	error 404
	handle_errors {
		respond "gone"
	}`))
	res, _ := srv.click("/", by("a@example.com"))
	if res.StatusCode != http.StatusNotFound ||
		res.Header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%d with Cache-Control %q", res.StatusCode, res.Header.Get("Cache-Control"))
	}
}

func TestDeferredHeaderThatMakesPagesPublicIsWarnedOf(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, `checkout_offer pro
	header >Cache-Control "public, max-age=60"
	respond "page"`))
	srv.click("/", by("a@example.com"))
	srv.click("/", by("a@example.com"))
	srv.warns(1, "lets others have it", `"warn"`)
}

// TestPageThatOthersMayKeepIsWarnedOfOnce: the warning blames a deferred header, so nothing else
// may set it off.
func TestPageThatOthersMayKeepIsWarnedOfOnce(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, `checkout_offer pro
	header /early* Cache-Control "public, no-store"
	header /never >Cache-Control "public, no-store"
	header /late >Cache-Control "public, max-age=60"
	@page path /early/page /never /late
	respond @page "page"`))
	for _, path := range []string{"/early/page", "/early/empty", "/never"} {
		res, _ := srv.click(path, by("ann@example.com"))
		got := res.Header.Get("Cache-Control")
		if path != "/never" && got != "private, no-cache, no-store" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
	srv.warns(0, "a personal page went out")
	for range 2 {
		srv.click("/late", by("ann@example.com"))
	}
	srv.warns(1, "a personal page went out", `"warn"`)
}
