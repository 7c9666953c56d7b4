package caddymodule_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestMatcherThatFailsPassesItsCampaignOver(t *testing.T) {
	shop := strings.Replace(brokenShop("always", "checkout_link /u pro plain\n\tcheckout_link /alone pro\n\tcheckout_offer /p pro plain\n\trespond \"page {http.checkout.campaign}\""),
		"\t\tcampaign pro {", "\t\tcampaign plain {\n\t\t\tlink_id 2\n\t\t}\n\t\tcampaign pro {", 1)
	srv := openServer(t, shop)
	if res, _ := srv.click("/u", by("ann@example.com")); res.StatusCode != http.StatusSeeOther {
		t.Errorf("status %d, want the link of the next campaign", res.StatusCode)
	}
	for path, want := range map[string]string{"/p": "page plain", "/alone": "page "} {
		if res, body := srv.click(path, by("ann@example.com")); res.StatusCode != http.StatusOK || string(body) != want {
			t.Errorf("%s: %d %q, want %q", path, res.StatusCode, body, want)
		}
	}
	srv.warns(3, "a campaign was passed over: its matcher failed", "campaign pro: a matcher failed (*errors.errorString)", `"campaign":"pro"`)
	srv.warns(0, "the matcher of a plugin failed")
	e := srv.explain(`{"campaigns": ["pro", "plain"]}`)
	if len(e.Rules) != 2 || e.Rules[0].Result != "match failed" || e.Rules[0].Detail != "the matcher of a plugin failed" || e.Rules[1].Result != "chosen" {
		t.Errorf("explain does not tell the operator what failed, and what came of it: %+v", e)
	}
}

// TestWhatAMatcherSaysStaysOutOfTheLog: an expression that fails quotes the claim on which it
// failed. Our lines do not repeat it, and those that Caddy writes by itself can be left out.
func TestWhatAMatcherSaysStaysOutOfTheLog(t *testing.T) {
	config := serverWith("\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tmatch "+
		"{\n\t\t\t\texpression `{\"x@example.com\": "+
		"true}[{http.checkout.claim.email}]`\n\t\t\t}\n\t\t}",
		"checkout_link /u pro\n\tcheckout_offer /p pro\n\trespond \"page\"")
	srv := openServer(t, strings.Replace(config, "level DEBUG", "level DEBUG\n\t\texclude "+
		"http.matchers.expression", 1))
	for _, path := range []string{"/u", "/p"} {
		srv.click(path, by("ann@example.com"))
	}
	srv.warns(2, "campaign pro: a matcher failed (", `"campaign":"pro"`)
	srv.warns(0, "ann@example.com")
}

func TestCampaignThatHasEndedIsNoFailure(t *testing.T) {
	srv := openServer(t, serverWith("\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tuntil "+
		"2020-01-01T00:00:00Z\n\t\t}", "checkout_link /u pro\n\trespond \"page\""))
	if _, body := srv.click("/u", by("a@example.com")); string(body) != "page" {
		t.Errorf("body %q", body)
	}
	srv.warns(0, "no checkout link")
}
