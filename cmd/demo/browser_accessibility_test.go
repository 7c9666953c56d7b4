package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// rules finds what keeps people out: the rules of WCAG 2.2 that a script can check.
//
//go:embed testdata/rules.js
var rules string

// prepare lets things happen, so that the panel has entries of all kinds to show.
func prepare(t *testing.T, d *demo) {
	t.Helper()
	s := arrive(t, d)
	s.get("/checkout/plus")
	s.signIn("jonas")
	s.hit("/checkout/plus")
	s.pay(s.hit("/checkout/forever"))
	s.trouble("down")
	s.get("/ref/mira/get")
	s.trouble("")
	outcome(t, d, "unavailable")
	happens(t, d, "the payment", func(it happening) bool { return it.Kind == kindPayment })
}

// Every page is read with every rule, on a desk and on a phone, in light and in dark; those that
// differ for anyone who is signed in once more.
func TestBrowserEveryPageIsForEverybody(t *testing.T) {
	d := open(t, false)
	prepare(t, d)
	b := sit(t, d)
	checkout := arrive(t, d).hit("/ref/mira/get")
	for _, address := range append([]string{"/nowhere", "/report", checkout}, shopPages...) {
		b.open(address)
		b.obeys(address)
	}
	b.signIn("Jonas Weber")
	why := fmt.Sprintf("/why/%d", outcome(t, d, "link").ID)
	for _, address := range []string{"/", "/account", "/invoices", why} {
		b.open(address)
		b.obeys(address)
	}
}

// obeys holds the page to the rules, with all of its details open.
func (b *tab) obeys(address string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for _, width := range []int64{1280, 360} {
			b.do(chromedp.EmulateViewport(width, 800))
			asked := fmt.Sprintf(
				`matchMedia("(prefers-color-scheme: %s)").matches && innerWidth == %d`,
				scheme, width)
			if !js[bool](b, asked) {
				b.t.Fatalf("the page does not see a %s screen %d wide", scheme, width)
			}
			// In one go: the panel may get newer entries, closed ones, at any time.
			const openAll = `document.querySelectorAll("details").forEach((d) => d.open = true);`
			for _, broken := range js[[]string](b, openAll+rules) {
				b.t.Errorf("%s (%s, %d wide): %s", address, scheme, width, broken)
			}
		}
	}
}

// The rules themselves must find what they are for.
func TestBrowserRulesFindMistakes(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.open(elsewhere(t, `<style>.pale{color:#ccc;background:#fff}.wide{width:200vw}</style>
		<h3>Skipped two levels</h3><p class="pale">Hardly to be read</p><img src="x.png">
		<input type="text"><a href="/x"></a><button tabindex="3"></button>
		<div class="wide">wide</div><p id="a"><p id="a"><iframe src="about:blank"></iframe>`))
	found, _ := json.Marshal(js[[]string](b, rules))
	for _, rule := range []string{
		"lang", "main", "h1", "heading", "contrast", "alt", "label", "name", "tabindex", "scrolls",
		"id", "frame", "viewport",
	} {
		if !js[bool](b, fmt.Sprintf(`(%s).some((m) => m.startsWith(%q))`, found, rule+":")) {
			t.Errorf("the rule %q found nothing in %s", rule, found)
		}
	}
}

// The whole story without a mouse.
func TestBrowserKeyboardOnly(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.open("/")
	b.tabTo("Sign in")
	b.key(kb.Enter)
	b.arrives("/sign-in")
	b.tabTo("Ada Lindqvist")
	b.key(kb.Enter)
	b.sees("Sign out")
	b.tabTo("Get Plus")
	b.key(kb.Enter)
	b.arrivesAtCheckout()
	b.tabTo("Pay 4.99 EUR")
	b.key(kb.Enter)
	b.sees("Paid, in the sandbox")
	b.tabTo("Back to the shop")
	b.key(kb.Enter)
	b.sees("Your plan: Plus")
	b.open("/trouble")
	b.tabTo("All is well") // the radio buttons are one stop
	b.key(kb.ArrowDown)
	b.tabTo("Make it so")
	b.key(kb.Enter)
	b.sees("Zotlo: Slow")
}

func TestBrowserSkipLinkLeadsPastTheNavigation(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.open("/trouble")
	b.key(kb.Tab)
	if on := js[string](b, `document.activeElement.innerText`); on != "Skip to the content" {
		t.Errorf("the first stop is %q", on)
	}
	b.key(kb.Enter)
	b.until("the content to have the focus", `document.activeElement.id == "content"`)
}

// tabTo presses Tab until the focus is on something called so, and checks on the way that the focus
// can be seen.
func (b *tab) tabTo(name string) {
	b.t.Helper()
	b.until("a page to press keys on", "document.readyState == 'complete'")
	for range 60 {
		b.key(kb.Tab)
		on := js[struct {
			Name string
			Seen bool
		}](b, `(() => {
			const e = document.activeElement, style = getComputedStyle(e);
			const label = e.labels && e.labels[0] ? e.labels[0].innerText : "";
			const name = e.getAttribute("aria-label") || e.innerText || label;
			const outlined = style.outlineStyle != "none" && parseFloat(style.outlineWidth) >= 2;
			return {
				Name: name.trim().replace(/\s+/g, " "),
				Seen: e == document.body || outlined,
			};
		})()`)
		if !on.Seen {
			b.t.Errorf("nothing shows that %q has the focus", on.Name)
		}
		if len(on.Name) >= len(name) &&
			(on.Name[:len(name)] == name || on.Name[len(on.Name)-len(name):] == name) {
			return
		}
	}
	b.t.Fatalf("Tab never reaches %q", name)
}

func (b *tab) key(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}
