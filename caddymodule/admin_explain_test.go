package caddymodule_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// TestExplainForetellsTheCall asks first and clicks then: what the API gets is what explain said,
// and explain called nobody.
func TestExplainForetellsTheCall(t *testing.T) {
	srv := openServer(t, saleServer)
	e := srv.explain(`{"claims":` + annsClaims + `,"request":{"uri":"/upgrade?x=1",` +
		`"headers":{"Accept-Language":"de"},"client_ip":"203.0.113.7"}}`)
	if got := srv.zotlo.Calls(); got != 0 {
		t.Fatalf("explain made %d API calls", got)
	}
	if e.Outcome != "link" || e.Campaign != "c-sale" || e.Language != "tr" {
		t.Errorf("outcome %q, campaign %q, language %q: %s", e.Outcome, e.Campaign, e.Language,
			e.Error)
	}
	res, _ := srv.click("/upgrade?x=1", annsToken(), header("Accept-Language", "de"))
	if _, ok := srv.zotlo.Link(res.Header.Get("Location")); !ok {
		t.Fatalf("the click got %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	call := srv.zotlo.Requests()[0]
	if want := srv.api.URL + sandbox.OneLinkPath; e.APIRequest.Method != call.Method ||
		e.APIRequest.URL != want {
		t.Errorf("%s %s, want %s %s", e.APIRequest.Method, e.APIRequest.URL, call.Method, want)
	}
	if diff := cmp.Diff(withoutRandom(t, call.Body),
		withoutRandom(t, e.APIRequest.Body)); diff != "" {
		t.Errorf("-sent +foretold:\n%s", diff)
	}
	for name, value := range e.APIRequest.Header {
		if sent := call.Header.Get(name); value != sent && value != "(hidden)" {
			t.Errorf("header %s: %q was sent, %q foretold", name, sent, value)
		}
	}
}

// withoutRandom hides what explain hides, and takes the random part out of the attribution.
func withoutRandom(t *testing.T, body map[string]any) map[string]any {
	t.Helper()
	text, _ := json.Marshal(body)
	var copied map[string]any
	_ = json.Unmarshal(text, &copied)
	copied["applicationKey"] = "(hidden)"
	parameters, _ := copied["customParameters"].(map[string]any)
	text2, _ := parameters["checkout"].(string)
	attribution, err := url.ParseQuery(text2)
	if err != nil || len(attribution) == 0 {
		t.Fatalf("attribution %q: %v", text2, err)
	}
	if !attribution.Has("t") || !attribution.Has("h") {
		t.Errorf("minute or proof is missing in %q", text2)
	}
	for _, random := range []string{"r", "t", "h"} { // t is the minute, and h proves all others
		attribution.Del(random)
	}
	parameters["checkout"] = attribution.Encode()
	return copied
}

func TestExplainSaysWhyEachCampaignMatchedOrNot(t *testing.T) {
	srv := openServer(t, saleServer)
	e := srv.explain(`{"claims":` + annsClaims + `}`)
	want := []rule{
		{"a-past", "ended", "until 2020-01-01T00:00:00Z"},
		{
			"b-free", "no match",
			`match block 1 of 2: expression "{http.checkout.claim.plan} == \"free\"" refuses; ` +
				`match block 2 of 2: method ["POST"] refuses, path ["/free*"] refuses`,
		},
		{"c-sale", "chosen", "takes every request"},
		{"d-rest", "not reached", "but takes every request"},
	}
	if diff := cmp.Diff(want, e.Rules); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"additional_text: placeholder {http.request.uri.query.missing} " +
		"has no usable value", "custom_parameter seen: placeholder {http.request.uri.path.0} " +
		"has no usable value"}, e.Dropped); diff != "" {
		t.Errorf("dropped: -want +got:\n%s", diff)
	}
	if got := srv.explain(`{"claims":{"plan":"free"}}`); got.Campaign != "b-free" ||
		got.Rules[1].Detail != "match block 1 of 2 accepts" {
		t.Errorf("campaign %q: %v", got.Campaign, got.Rules)
	}
	got := srv.explain(`{"request":{"method":"POST","uri":"https://shop.example.com/free/1"}}`)
	if got.Campaign != "b-free" {
		t.Errorf("campaign %q: %v", got.Campaign, got.Rules)
	}
}

func TestExplainTellsTheVariantAsAClickHasIt(t *testing.T) {
	srv := openServer(t, saleServer)
	e := srv.explain(`{"campaigns":["c-sale"],"claims":` + annsClaims + `}`)
	if e.Bucket == nil || e.Reason != "SPLIT" && e.Reason != "DISABLED" {
		t.Fatalf("bucket %v, reason %q", e.Bucket, e.Reason)
	}
	_, body := srv.click("/upgrade", annsToken(), wantJSON)
	var click struct{ Variant string }
	if err := json.Unmarshal(body, &click); err != nil || click.Variant != e.Variant {
		t.Errorf("the click has variant %q, explain said %q: %v", click.Variant, e.Variant, err)
	}
	forced := srv.explain(`{"campaigns":["c-sale"],"variant":"cheaper","claims":` +
		annsClaims + `}`)
	if forced.Variant != "cheaper" || forced.Counted ||
		forced.APIRequest.Body["customPrice"] != "14.99" {
		t.Errorf("forced: %+v", forced)
	}
}

// A click goes by the order of its route. Without names, explain went by the alphabet and chose
// another campaign.
func TestExplainGoesByTheOrderOfTheRoutes(t *testing.T) {
	const config = `{` + serverOptions + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign order-a {
			link_id 1
		}
		campaign order-b {
			link_id 2
		}
	}
}

http:// {` + serverSite + `
	checkout_offer /plans order-b order-a
	checkout_link /upgrade order-b order-a
}
`
	srv := openServer(t, config)
	if e := srv.explain(`{"claims":{"email":"ann@example.com"}}`); e.Campaign != "order-b" ||
		e.Note != "" {
		t.Errorf("%+v", e)
	}
	if err := srv.reload(strings.Replace(config, "/plans order-b order-a", "/plans order-a",
		1)); err != nil {
		t.Fatal(err)
	}
	if e := srv.explain(`{"claims":{"email":"ann@example.com"}}`); e.Campaign != "order-a" ||
		!strings.Contains(e.Note, "different campaigns") {
		t.Errorf("%+v", e)
	}
	e := srv.explain(`{"claims":{"email":"ann@example.com"},"campaigns":["order-b","order-a"]}`)
	if e.Campaign != "order-b" || e.Note != "" {
		t.Errorf("%+v", e)
	}
}
