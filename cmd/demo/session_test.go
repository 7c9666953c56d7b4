package main

import (
	"net/url"
	"testing"
)

func TestAnonymousVisitorSignsInAndComesBack(t *testing.T) {
	d := open(t, false)
	somebody := arrive(t, d)
	p := somebody.get("/checkout/plus")
	sentTo(t, p, "/sign-in?next=%2Fcheckout%2Fplus")
	says(t, somebody.get(p.to()), "Who are you today?", `name="next" value="/checkout/plus"`)
	sentTo(t, somebody.send("/sign-in", url.Values{
		"person": {"deniz"},
		"next":   {"/checkout/plus"},
	}), "/checkout/plus")
	says(t, somebody.get(somebody.hit("/checkout/plus")), "deniz@kingfisher.example", "129.00 TRY",
		"Hoş geldin, Deniz")
}

func TestSignInLeadsToNoOtherSite(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	for _, next := range []string{
		"https://example.org", "//example.org", `/\example.org`, "", "/\t/example.org",
	} {
		sentTo(t, ada.send("/sign-in", url.Values{"person": {"ada"}, "next": {next}}), "/")
	}
}

func TestExpiredSessionSignsInAgain(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	sentTo(t, ada.send("/sign-in", url.Values{
		"person": {"ada"}, "expired": {"yes"}, "next": {"/"},
	}), "/")
	p := ada.get("/checkout/plus")
	sentTo(t, p, "/sign-in?next=%2Fcheckout%2Fplus")
	says(t, ada.get(p.to()), "Your session has ended")
	outcome(t, d, "bad_token")
	apiCalls(t, d, 0)
}

func TestSignedOutIsAnonymousAgain(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	ada.hit("/checkout/plus")
	sentTo(t, ada.send("/sign-out", url.Values{"x": {"1"}}), "/")
	sentTo(t, ada.get("/checkout/plus"), "/sign-in?next=%2Fcheckout%2Fplus")
}
