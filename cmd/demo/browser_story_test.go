package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestBrowserSignInAndUpgrade(t *testing.T) {
	for name, https := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			d := open(t, https)
			b := sit(t, d)
			b.open("/")
			b.press("Sign in")
			b.press("Ada Lindqvist")
			b.sees("Sign out", "4.99 EUR")
			b.press("Get Plus")
			b.arrivesAtCheckout()
			b.sees("Kingfisher Plus", "ada@kingfisher.example", "Welcome back, Ada")
			b.press("Pay 4.99 EUR")
			b.sees("Paid, in the sandbox")
			b.press("Back to the shop")
			b.arrives("/account")
			b.sees("Ada Lindqvist", "Your plan: Plus", "A payment came back")
			apiCalls(t, d, 1)
		})
	}
}

func TestBrowserAnonymousVisitorIsSentToSignInAndBack(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.open("/")
	b.press("Get Plus")
	b.arrives("/sign-in?next=")
	b.press("Jonas Weber")
	b.arrivesAtCheckout()
	b.sees("jonas@kingfisher.example")
}

func TestBrowserBackButtonAfterPaying(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.press("Get Plus")
	b.arrivesAtCheckout()
	b.press("Pay 4.99 EUR")
	b.sees("Paid, in the sandbox")
	b.back() // to the checkout page, which is dead now
	b.sees("This checkout is paid")
	b.back() // to the plans
	b.arrives("/")
	b.press("Get Plus")
	b.arrives("/account")
	b.sees("Your plan: Plus")
	apiCalls(t, d, 1)
	if payments := len(d.shop.members.purchasesOf("ada")); payments != 1 {
		t.Errorf("Ada has paid %d times", payments)
	}
}

func TestBrowserDoubleClick(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.do(chromedp.DoubleClick(chromedp.CSS(`a[href="/checkout/plus"]`), chromedp.NodeVisible))
	b.arrivesAtCheckout()
	b.sees("ada@kingfisher.example")
	apiCalls(t, d, 1)
}

func TestBrowserTwoTabsShareOneLink(t *testing.T) {
	d := open(t, false)
	one := sit(t, d)
	one.signIn("Ada Lindqvist")
	two := one.another()
	two.open("/")
	one.press("Get Plus")
	one.arrivesAtCheckout()
	two.press("Get Plus")
	two.arrivesAtCheckout()
	if a, b := js[string](one, "location.href"), js[string](two, "location.href"); a != b {
		t.Errorf("two tabs got two links: %s and %s", a, b)
	}
	apiCalls(t, d, 1)

	one.press("Pay 4.99 EUR")
	one.sees("Paid, in the sandbox")
	two.press("Pay 4.99 EUR") // the same link, in a tab that does not know yet
	two.sees("This checkout is paid")
}

func TestBrowserScriptFetchesJSON(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.press("Get Plus by script")
	b.arrivesAtCheckout()
	b.sees("ada@kingfisher.example")
	if it := outcome(t, d, "link"); it.Answer != "json" {
		t.Errorf("answered with %s", it.Answer)
	}
	b.back()
	b.until("the button to be ready again", `!document.querySelector("[data-checkout]").disabled`)
}

func TestBrowserScriptIsToldWhereToSignIn(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.open("/")
	b.press("Get Plus by script")
	b.until("a way to sign in",
		`!!document.querySelector("[role=status] a[href^='" + location.origin + "/sign-in']")`)
	if at := js[string](b, "location.pathname"); at != "/" {
		t.Errorf("the script led the page to %s", at)
	}
}

func TestBrowserExpiredSession(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.open("/sign-in")
	b.press("Take an expired session")
	b.press("Get Plus")
	b.arrives("/sign-in?next=")
	b.sees("Your session has ended")
	b.press("Ada Lindqvist")
	b.arrivesAtCheckout()
}

func TestBrowserInvoice(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.open("/invoices")
	b.press("Pay invoice 2026-017")
	b.arrivesAtCheckout() // the page's form-action lets the redirect through
	b.sees("Invoice 2026-017", "38.50 EUR")
}

func TestBrowserFailingZotloIsNotTheShoppersTrouble(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.open("/trouble")
	b.do(chromedp.Click(chromedp.CSS(`input[value="down"]`), chromedp.NodeVisible))
	b.press("Make it so")
	b.sees("Zotlo: Down")
	b.press("Get Plus")
	b.arrives("/later?next=%2Fcheckout%2Fplus")
	b.sees("The checkout is taking a rest", "Zotlo cannot be reached", "fallback")
	b.open("/trouble")
	b.do(chromedp.Click(chromedp.CSS(`input[value=""]`), chromedp.NodeVisible))
	b.press("Make it so")
	b.sees("A switch was moved", "Zotlo now: all is well.")
}

// Somebody who is signed in can see what anonymous visitors see.
func TestBrowserButtonForAnonymousVisitorsLeavesTheSessionOut(t *testing.T) {
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.open("/trouble")
	b.press("As an anonymous visitor, by script")
	b.arrivesAtCheckout()
	link, _ := d.sandbox.Link(js[string](b, "location.href"))
	if link.SubscriberID != "" || link.CustomParameters["partner"] != "mira" {
		t.Errorf("the link is for %q with %v", link.SubscriberID, link.CustomParameters)
	}

	arrive(t, d).trouble("down")
	b.open("/trouble")
	b.sees("Sign out") // still
	b.press("As an anonymous visitor, by script")
	b.press("What now?")
	b.arrives("/later?next=%2Fref%2Fmira%2Fget")
	b.sees("The checkout is taking a rest")
}

func TestBrowserSessionCookieIsOutOfReach(t *testing.T) {
	for name, https := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			d := open(t, https)
			b := sit(t, d)
			b.signIn("Ada Lindqvist")
			if cookies := js[string](b, "document.cookie"); cookies != "" {
				t.Errorf("scripts read %q", cookies)
			}
			if https && !strings.HasPrefix(d.cookie, "__Host-") {
				t.Errorf("the cookie is called %s", d.cookie)
			}
			protocol := js[string](b,
				`performance.getEntriesByType("navigation")[0].nextHopProtocol`)
			if want := map[bool]string{false: "http/1.1", true: "h2"}[https]; protocol != want {
				t.Errorf("the page came over %q, want %q", protocol, want)
			}
		})
	}
}
