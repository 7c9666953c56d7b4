package caddymodule_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMatcherThatFailsPassesItsCampaignOver(t *testing.T) {
	config := brokenServer("always", `checkout_link /u pro plain
	checkout_link /alone pro
	checkout_offer /p pro plain
	respond "page {http.checkout.campaign}"`)
	srv := openServer(t, strings.Replace(config, "campaign pro {", `campaign plain {
			link_id 2
		}
		campaign pro {`, 1))
	if res, _ := srv.click("/u", by("ann@example.com")); res.StatusCode != http.StatusSeeOther {
		t.Errorf("status %d, want the link of the next campaign", res.StatusCode)
	}
	for path, want := range map[string]string{"/p": "page plain", "/alone": "page "} {
		res, body := srv.click(path, by("ann@example.com"))
		if res.StatusCode != http.StatusOK || string(body) != want {
			t.Errorf("%s: %d %q, want %q", path, res.StatusCode, body, want)
		}
	}
	srv.warns(3, "a campaign was passed over: its matcher failed",
		"campaign pro: a matcher failed (*errors.errorString)", `"campaign":"pro"`)
	srv.warns(0, "the matcher of a plugin failed")
	want := []rule{
		{"pro", "match failed", "the matcher of a plugin failed"},
		{"plain", "chosen", "takes every request"},
	}
	got := srv.explain(`{"campaigns": ["pro", "plain"]}`).Rules
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("explain does not tell the operator what failed, and what came of it:\n%s", diff)
	}
}

// TestWhatAMatcherSaysStaysOutOfTheLog: an expression that fails quotes the claim on which it
// failed. Our lines do not repeat it, and those that Caddy writes by itself can be left out.
func TestWhatAMatcherSaysStaysOutOfTheLog(t *testing.T) {
	config := serverWith(`
		campaign pro {
			link_id 1
			match {
				expression "{\"x@example.com\": true}[{http.checkout.claim.email}]"
			}
		}`, `checkout_link /u pro
	checkout_offer /p pro
	respond "page"`)
	srv := openServer(t, strings.Replace(config, "level DEBUG",
		"level DEBUG\n\t\texclude http.matchers.expression", 1))
	for _, path := range []string{"/u", "/p"} {
		srv.click(path, by("ann@example.com"))
	}
	srv.warns(2, "campaign pro: a matcher failed (", `"campaign":"pro"`)
	srv.warns(0, "ann@example.com")
}

func TestCampaignThatHasEndedIsNoFailure(t *testing.T) {
	srv := openServer(t, serverWith(`
		campaign pro {
			link_id 1
			until 2020-01-01T00:00:00Z
		}`, `checkout_link /u pro
	respond "page"`))
	if _, body := srv.click("/u", by("a@example.com")); string(body) != "page" {
		t.Errorf("body %q", body)
	}
	srv.warns(0, "no checkout link")
}
