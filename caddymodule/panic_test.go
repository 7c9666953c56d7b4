package caddymodule_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func init() { caddy.RegisterModule(brokenMatcher{}) }

// brokenMatcher is a plugin of somebody else's that panics, or fails.
type brokenMatcher struct {
	Fails bool `json:"fails,omitempty"`
}

func (brokenMatcher) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.matchers.broken",
		New: func() caddy.Module { return new(brokenMatcher) }}
}

func (b *brokenMatcher) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	b.Fails = d.NextArg()
	return nil
}

func (b *brokenMatcher) MatchWithError(*http.Request) (bool, error) {
	if b.Fails {
		return false, fmt.Errorf("the matcher of a plugin failed")
	}
	panic("secret.person@example.com")
}

func brokenShop(how, directive string) string {
	return officeWith("\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tmatch {\n\t\t\t\tbroken "+
		""+how+"\n\t\t\t}\n\t\t}", directive)
}

func TestPanicCostsOneShopperOneAnswer(t *testing.T) {
	o := openOffice(t, brokenShop("", "checkout_link /u pro {\n\t\tfallback "+
		"/pricing\n\t}\n\tcheckout_link /e pro"))
	res, _ := o.click("/u", by("ann@example.com"))
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/pricing" {
		t.Errorf("%d to %q, want the fallback", res.StatusCode, res.Header.Get("Location"))
	}
	res, _ = o.click("/e", by("ann@example.com"))
	if res.StatusCode != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", res.StatusCode)
	}
	private(t, res)
	o.warns(2, "panic while making a link", `"error"`, "brokenMatcher")
	o.warns(0, "secret.person")
}

func TestPanicCostsAPageItsPriceOnly(t *testing.T) {
	o := openOffice(t, brokenShop("", "checkout_offer pro\n\trespond \"price "+
		"{http.checkout.price}.\""))
	res, body := o.click("/", by("ann@example.com"))
	if res.StatusCode != http.StatusOK || string(body) != "price ." {
		t.Errorf("%d %q", res.StatusCode, body)
	}
	o.warns(1, "panic while choosing an offer")
}

func TestMatcherThatFailsPassesItsCampaignOver(t *testing.T) {
	shop := strings.Replace(brokenShop("always", "checkout_link /u pro plain\n\tcheckout_link /alone pro\n\tcheckout_offer /p pro plain\n\trespond \"page {http.checkout.campaign}\""),
		"\t\tcampaign pro {", "\t\tcampaign plain {\n\t\t\tlink_id 2\n\t\t}\n\t\tcampaign pro {", 1)
	o := openOffice(t, shop)
	if res, _ := o.click("/u", by("ann@example.com")); res.StatusCode != http.StatusSeeOther {
		t.Errorf("status %d, want the link of the next campaign", res.StatusCode)
	}
	for path, want := range map[string]string{"/p": "page plain", "/alone": "page "} {
		if res, body := o.click(path, by("ann@example.com")); res.StatusCode != http.StatusOK || string(body) != want {
			t.Errorf("%s: %d %q, want %q", path, res.StatusCode, body, want)
		}
	}
	o.warns(3, "a campaign was passed over: its matcher failed", "campaign pro: a matcher failed (*errors.errorString)", `"campaign":"pro"`)
	o.warns(0, "the matcher of a plugin failed")
	e := o.explain(`{"campaigns": ["pro", "plain"]}`)
	if len(e.Rules) != 2 || e.Rules[0].Result != "match failed" || e.Rules[0].Detail != "the matcher of a plugin failed" || e.Rules[1].Result != "chosen" {
		t.Errorf("explain does not tell the operator what failed, and what came of it: %+v", e)
	}
}

// TestWhatAMatcherSaysStaysOutOfTheLog: an expression that fails quotes the claim on which it
// failed. Our lines do not repeat it, and those that Caddy writes by itself can be left out.
func TestWhatAMatcherSaysStaysOutOfTheLog(t *testing.T) {
	config := officeWith("\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tmatch "+
		"{\n\t\t\t\texpression `{\"x@example.com\": "+
		"true}[{http.checkout.claim.email}]`\n\t\t\t}\n\t\t}",
		"checkout_link /u pro\n\tcheckout_offer /p pro\n\trespond \"page\"")
	o := openOffice(t, strings.Replace(config, "level DEBUG", "level DEBUG\n\t\texclude "+
		"http.matchers.expression", 1))
	for _, path := range []string{"/u", "/p"} {
		o.click(path, by("ann@example.com"))
	}
	o.warns(2, "campaign pro: a matcher failed (", `"campaign":"pro"`)
	o.warns(0, "ann@example.com")
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
	o := openOffice(t, officeWith(proCampaign, `checkout_offer pro
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
	for path, want := range map[string]string{"/files/big.txt": "max-age=60, private",
		"/stream": "private", "/none": "private", "/files/absent": ""} {
		res, body := o.click(path, by("ann@example.com"))
		if want != "" && res.Header.Get("Cache-Control") != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, res.Header.Get("Cache-Control"), want)
		}
		if path == "/stream" && string(body) != "one two" {
			t.Errorf("the stream arrived as %q", body)
		}
	}
}
