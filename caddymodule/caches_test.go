package caddymodule_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// manyLinks is a shop whose memory cache holds so many links.
func manyLinks(limits string) string {
	return officeWith("\t\tcache memory {\n\t\t\tmax_links "+limits+"\n\t\t}\n"+proCampaign,
		"checkout_link /u pro")
}

// TestRejectedReloadThrowsNoLinkAway: a configuration that is rejected late, when its address is
// taken, has changed nothing.
func TestRejectedReloadThrowsNoLinkAway(t *testing.T) {
	o := openOffice(t, manyLinks("1000"))
	people := []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com",
		"e@example.com", "f@example.com"}
	for _, who := range people {
		o.click("/u", by(who))
	}
	made := o.zotlo.Calls()
	rejected := strings.Replace(manyLinks("1"), "http:// {",
		"http:// {\n\tcheckout_webhook /hook {\n\t\ttoken short\n\t}", 1)
	if err := o.reload(rejected); err == nil {
		t.Fatal("the configuration was loaded")
	}
	for _, who := range people {
		o.click("/u", by(who))
	}
	if calls := o.zotlo.Calls(); calls != made {
		t.Errorf("%d calls after the rejected reload, want none", calls-made)
	}
}

// TestBreakerGaugeClosesWhenTheAddressIsMended: nobody asks the old address any more, so nobody
// would ever say that it works again.
func TestBreakerGaugeClosesWhenTheAddressIsMended(t *testing.T) {
	o := openOffice(t, officeWith(proCampaign, "checkout_link /u pro\n\tmetrics /metrics"))
	o.zotlo.Fail(sandbox.ServerError())
	for _, who := range []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com",
		"e@example.com", "f@example.com"} {
		o.click("/u", by(who))
	}
	gauge := func(want string) {
		t.Helper()
		_, body := o.click("/metrics")
		if !strings.Contains(string(body), `caddy_checkout_breaker_open{project="default"} `+want) {
			t.Errorf("the breaker's gauge is not %s", want)
		}
	}
	gauge("1")
	o.zotlo.Heal()
	mended := strings.Replace(officeWith(proCampaign, "checkout_link /u pro\n\tmetrics /metrics"),
		"{$API}", strings.Replace(o.api.URL, "127.0.0.1", "localhost", 1), 1)
	if err := o.reload(mended); err != nil {
		t.Fatal(err)
	}
	gauge("0")
}

func TestCampaignThatHasEndedIsNoFailure(t *testing.T) {
	o := openOffice(t, officeWith("\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tuntil "+
		"2020-01-01T00:00:00Z\n\t\t}", "checkout_link /u pro\n\trespond \"page\""))
	if _, body := o.click("/u", by("a@example.com")); string(body) != "page" {
		t.Errorf("body %q", body)
	}
	o.warns(0, "no checkout link")
}

func TestErrorPageOfAPersonalPageIsPrivate(t *testing.T) {
	o := openOffice(t, officeWith(proCampaign, "checkout_offer pro\n\theader Cache-Control "+
		"\"public, s-maxage=600\"\n\terror 404\n\thandle_errors {\n\t\trespond \"gone\"\n\t}"))
	res, _ := o.click("/", by("a@example.com"))
	if res.StatusCode != http.StatusNotFound || res.Header.Get("Cache-Control") != "private" {
		t.Errorf("%d with Cache-Control %q", res.StatusCode, res.Header.Get("Cache-Control"))
	}
}

func TestDeferredHeaderThatMakesPagesPublicIsWarnedOf(t *testing.T) {
	o := openOffice(t, officeWith(proCampaign, "checkout_offer pro\n\theader >Cache-Control "+
		"\"public, max-age=60\"\n\trespond \"page\""))
	o.click("/", by("a@example.com"))
	o.click("/", by("a@example.com"))
	o.warns(1, "lets others have it", `"warn"`)
}
