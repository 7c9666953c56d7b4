package main

import (
	"net/http"
	"net/url"
	"testing"
)

// Anyone who follows a friend's link while Zotlo fails tries that link again: still anonymous, and
// for the same friend.
func TestTryAgainLeadsBackToTheFriendsLink(t *testing.T) {
	d := open(t, false)
	guest := arrive(t, d)
	guest.trouble("lying")
	p := guest.get("/ref/robin/get")
	sentTo(t, p, "/later?next=%2Fref%2Frobin%2Fget")
	says(t, guest.get(p.to()), `href="/ref/robin/get">Try again`)
	guest.trouble("")
	link, _ := d.sandbox.Link(guest.hit("/ref/robin/get"))
	if link.CustomParameters["partner"] != "robin" {
		t.Errorf("the link carries %v", link.CustomParameters)
	}
}

// An invoice is paid with a form, so its way back is the page that has the form.
func TestTryAgainLeadsBackToTheInvoices(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	ada.trouble("lying")
	p := ada.do(http.MethodPost, "/invoices/2026-021/pay", "")
	sentTo(t, p, "/later?next=/invoices")
	says(t, ada.get(p.to()), `href="/invoices">Try again`)
}

func TestTryAgainLeadsToNoOtherSite(t *testing.T) {
	d := open(t, false)
	for _, next := range []string{
		"https://example.org", "//example.org", `/\example.org`, "javascript:alert(1)",
		"/\t/example.org", "",
	} {
		p := arrive(t, d).get("/later?next=" + url.QueryEscape(next))
		if p.StatusCode != http.StatusOK {
			t.Errorf("%q: answered %d", next, p.StatusCode)
		}
		says(t, p, "Back to the plans")
		saysNot(t, p, "Try again", "example.org", "alert")
	}
}
