package main

import (
	"net/http"
	"net/url"
	"testing"
)

// Whoever follows a friend's link while Zotlo fails tries that link again: as a stranger still, and for the same friend.
func TestTryAgainLeadsBackToTheFriendsLink(t *testing.T) {
	d := open(t, false)
	stranger := visit(t, d)
	stranger.trouble("lying")
	p := stranger.get("/ref/robin/get")
	sentTo(t, p, "/later?next=%2Fref%2Frobin%2Fget")
	says(t, stranger.get(p.to()), `href="/ref/robin/get">Try again`)
	stranger.trouble("")
	link, _ := d.sandbox.Link(stranger.hit("/ref/robin/get"))
	if link.CustomParameters["partner"] != "robin" {
		t.Errorf("the link carries %v", link.CustomParameters)
	}
}

// An invoice is paid with a form, so its way back is the page that has the form.
func TestTryAgainLeadsBackToTheInvoices(t *testing.T) {
	d := open(t, false)
	ada := visit(t, d)
	ada.signIn("ada")
	ada.trouble("lying")
	p := ada.do(http.MethodPost, "/invoices/2026-021/pay", "")
	sentTo(t, p, "/later?next=/invoices")
	says(t, ada.get(p.to()), `href="/invoices">Try again`)
}

func TestTryAgainLeadsToNoOtherSite(t *testing.T) {
	d := open(t, false)
	for _, next := range []string{"https://example.org", "//example.org", `/\example.org`, "javascript:alert(1)", "/\t/example.org", ""} {
		p := visit(t, d).get("/later?next=" + url.QueryEscape(next))
		if p.StatusCode != http.StatusOK {
			t.Errorf("%q: answered %d", next, p.StatusCode)
		}
		says(t, p, "Back to the plans")
		saysNot(t, p, "Try again", "example.org", "alert")
	}
}
