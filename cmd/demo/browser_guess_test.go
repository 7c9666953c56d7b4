package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A page that embeds the checkout, and browsers that guess, get no link: not one API call.
func TestBrowserGetsNoLinkForWhatIsNoClick(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.open("/not-a-click")
	seen := make(map[int]bool)
	for _, want := range []struct{ what, outcome, path string }{
		{"the image", "embedded", "/checkout/plus"},
		{"the frame", "embedded", "/checkout/plus"},
		{"the prefetch", "prefetch", "/checkout/plus"},
		{"the prerender", "prefetch", "/checkout/forever"},
	} {
		it := happens(t, d, want.what, func(it happening) bool {
			return it.Outcome == want.outcome && it.Path == want.path &&
				it.Status == http.StatusForbidden && !seen[it.ID]
		})
		seen[it.ID] = true
	}
	apiCalls(t, d, 0)

	// The shopper still may.
	b.open("/checkout/plus")
	b.arrivesAtCheckout()
	apiCalls(t, d, 1)
}

// A frame has room for a few words: it shows why it is empty, and nothing else.
func TestBrowserFrameShowsTheErrorAlone(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	for _, width := range []int64{1280, 360} {
		b.do(chromedp.EmulateViewport(width, 800))
		b.open("/not-a-click")
		b.until("the words in the frame",
			`document.querySelector("iframe").contentDocument.body?.innerText.replace(/\s+/g, " ").trim() ==
			"Forbidden A checkout is not embedded in another page."`)
		b.until("the frame to have room for them", `(() => {
			const page = document.querySelector("iframe").contentDocument.documentElement;
			return page.scrollHeight <= page.clientHeight && page.scrollWidth <= page.clientWidth;
		})()`)
	}
}

// elsewhere is a page of another site. Its name is localhost, so for cookies it is not the shop's.
func elsewhere(t *testing.T, html string) (address string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, "<!doctype html><title>Elsewhere</title>", html)
	}))
	t.Cleanup(srv.Close)
	return strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
}

func TestBrowserOtherSitesCannotLoadTheCheckout(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	target := d.place.shop + "/checkout/plus"
	b.open(elsewhere(t, fmt.Sprintf(`
		<img src="%[1]s?by=image"><script src="%[1]s?by=script"></script>
		<link rel="stylesheet" href="%[1]s?by=style">
		<iframe src="%[1]s?by=frame"></iframe><object data="%[1]s?by=object"></object>
		<script>
			fetch("%[1]s?by=fetch", {mode: "no-cors", credentials: "include"})
				.finally(() => document.title = "done")
		</script>`, target)))
	b.until("the script", `document.title == "done"`)
	seen := make(map[int]bool)
	for range 6 { // image, script, style, frame, object, fetch
		it := happens(t, d, "six embedded requests",
			func(it happening) bool { return it.Outcome == "embedded" && !seen[it.ID] })
		seen[it.ID] = true
	}
	apiCalls(t, d, 0)
}

// A link on another site is a click like any other; the person who follows it lands on their own
// checkout page.
func TestBrowserLinkOnAnotherSiteLeadsToOnesOwnCheckout(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.open(elsewhere(t, `<a href="`+d.place.shop+`/checkout/plus">Win a bird</a>`))
	b.press("Win a bird")
	b.arrivesAtCheckout()
	b.sees("ada@kingfisher.example")
}

// A form that another site sends does not carry the session, since its cookie is SameSite=Lax.
func TestBrowserFormOfAnotherSiteIsAnonymous(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.open(elsewhere(t, `<form method="post" action="`+d.place.shop+
		`/checkout/plus"><button>Win a bird</button></form>`))
	b.press("Win a bird")
	b.arrives("/sign-in?next=")
	outcome(t, d, "anonymous")
	apiCalls(t, d, 0)
}

// Nor may another site's form sign somebody in or out, or move the switches.
func TestBrowserFormOfAnotherSiteMovesNoSwitch(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.open(elsewhere(t, `<form method="post" action="`+d.place.shop+
		`/trouble"><input name="trouble" value="down"><button>Win a bird</button></form>`))
	b.press("Win a bird")
	b.arrives("/trouble")
	if id := d.shop.history.trouble().ID; id != "" {
		t.Errorf("another site turned the switch to %q", id)
	}
}
