package caddymodule_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// formShop sells on its own pages. One campaign is also sold by a link, where its payments come
// from, because only a link is paid through the stand-in's Go door.
const formShop = `{
	checkout {
		api_url {$API}
		languages en de
		project eu {
			access_key eu-key
			access_secret eu-secret-eu-secret
			application_key eu-application
		}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign pro {
			link_id 1
			package pro-monthly
			quote 9.90 EUR
			custom_parameter utmData.utmSource {query.utm_source}
			mmp appsflyer_id af-1
			after_payment /account
			fallback /pricing
			experiment form {
				variant monthly 50%
				variant yearly 50% {
					package pro-yearly
					quote 99.00 EUR
				}
			}
		}
		campaign eu {
			project eu
			package eu-monthly
			language de
			fallback next
		}
		campaign priced {
			link_id 2
			package pro-monthly
			one_time_price 5.00 EUR
		}
		campaign plain {
			link_id 3
		}
		campaign late {
			package pro-monthly
			from 2999-01-01T00:00:00Z
		}
		campaign vague {
			package {http.reverse_proxy.header.X-Package}
			fallback /pricing
		}
	}
}

http:// {
	header >X-Outcome "{http.checkout.outcome}"
	checkout_offer /checkout pro
	header >X-Offer "{http.checkout.variant} {http.checkout.price}"
	checkout_embed /start pro {
		return_url https://shop.example.com/checkout
	}
	checkout_embed /guest pro {
		anonymous guest
		return_url http://localhost:8080/checkout
	}
	checkout_embed /eu eu {
		return_url https://shop.example.com/checkout
	}
	checkout_embed /next pro {
		anonymous next
		return_url https://shop.example.com/checkout
	}
	checkout_embed /late late {
		return_url https://shop.example.com/checkout
	}
	checkout_embed /vague vague {
		return_url https://shop.example.com/checkout
	}
	checkout_link /upgrade pro
	checkout_webhook /hooks/zotlo {
		token "` + hookToken + `"
	}
}
`

// starts checks that the answer starts a form, and returns its JSON.
func (s *shop) starts(res *http.Response) map[string]any {
	s.t.Helper()
	private(s.t, res)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		s.t.Fatalf("status %d, %s, outcome %s", res.StatusCode, res.Header.Get("Content-Type"),
			res.Header.Get("X-Outcome"))
	}
	return s.body(res)
}

// problem checks that the answer is a problem document, and returns it.
func (s *shop) problem(res *http.Response, status int, outcome string) map[string]any {
	s.t.Helper()
	s.fails(res, status)
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		s.t.Fatalf("an error of the type %q", got)
	}
	document := s.body(res)
	if document["outcome"] != outcome || document["status"] != float64(status) {
		s.t.Fatalf("the problem is %v, want %d %s", document, status, outcome)
	}
	return document
}

// checkoutOf is the attribution of a form's start values.
func checkoutOf(t *testing.T, start map[string]any) url.Values {
	t.Helper()
	parameters, _ := start["customParameters"].(map[string]any)
	text, _ := parameters["checkout"].(string)
	fields, err := url.ParseQuery(text)
	if err != nil || fields.Get("h") == "" {
		t.Fatalf("the attribution is %q, %v", text, err)
	}
	return fields
}

func TestWhatAFormIsStartedWith(t *testing.T) {
	s := openShop(t, formShop)
	ann := by("ann@example.com")
	start := s.starts(s.click("/start?utm_source=news", ann, header("Accept-Language", "de")))
	sold := checkoutOf(t, start)
	variant := sold.Get("v")
	want := map[string]any{
		"token": application, "packageId": "pro-" + variant, "subscriberId": "ann@example.com",
		"language": "de", "returnUrl": "https://shop.example.com/checkout",
		"customParameters": map[string]any{
			"utmData":  map[string]any{"utmSource": "news"},
			"mmp":      map[string]any{"appsflyer_id": "af-1"},
			"checkout": start["customParameters"].(map[string]any)["checkout"],
		},
		"expires_at": start["expires_at"],
	}
	if diff := cmp.Diff(want, start); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if sold.Get("c") != "pro" || sold.Get("e") != "form" || sold.Get("s") == "" ||
		sold.Get("k") != "EUR" {
		t.Errorf("the attribution is %v", sold)
	}
	s.apiCalls(0)

	// page, form and link make the same decision
	if got := s.click("/checkout", ann).Header.Get("X-Offer"); got != variant+" "+sold.Get("q") {
		t.Errorf("the page shows %q, the form sells %v", got, sold)
	}
	link := s.getsLink(s.click("/upgrade", ann), "ann@example.com")
	if got := link.Fields["packageId"]; got != "pro-"+variant {
		t.Errorf("the link sells %v", got)
	}
}

// TestAFormIsAttributedForThreeHours: the page asks again when expires_at has passed, because a
// payment after it counts under no campaign.
func TestAFormIsAttributedForThreeHours(t *testing.T) {
	s := openShop(t, formShop)
	before := time.Now()
	start := s.starts(s.click("/start", by("ann@example.com")))
	until, err := time.Parse(time.RFC3339, start["expires_at"].(string))
	if err != nil {
		t.Fatal(err)
	}
	minute := sandboxMinute(t, checkoutOf(t, start).Get("t"))
	if until.Sub(minute) > 3*time.Hour || until.Before(before.Add(3*time.Hour-time.Minute)) {
		t.Errorf("it says %s for a text of %s", until, minute)
	}
}

func sandboxMinute(t *testing.T, text string) time.Time {
	t.Helper()
	minutes, err := time.ParseDuration(text + "m")
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(0, 0).Add(minutes)
}

func TestAFormOfAnotherProject(t *testing.T) {
	s := openShop(t, formShop)
	start := s.starts(s.click("/eu", by("ann@example.com")))
	if start["token"] != "eu-application" || start["packageId"] != "eu-monthly" ||
		start["language"] != "de" {
		t.Errorf("it starts with %v", start)
	}
}

// TestAGuestsFormAsksForTheAddress: Zotlo's SDK shows an empty box where no subscriber is given.
func TestAGuestsFormAsksForTheAddress(t *testing.T) {
	s := openShop(t, formShop)
	for range 25 { // more than per_ip lets a link's guest have: no call, so no limit
		start := s.starts(s.click("/guest"))
		if _, given := start["subscriberId"]; given {
			t.Fatalf("a guest is %v", start["subscriberId"])
		}
		sold := checkoutOf(t, start)
		if sold.Get("s") != "" || sold.Get("v") != "" || sold.Get("c") != "pro" {
			t.Fatalf("a guest's payment would count for %v", sold)
		}
	}
	s.apiCalls(0)
	// somebody who is known is known here, too
	if start := s.starts(s.click("/guest", by("ann@example.com"))); start["subscriberId"] !=
		"ann@example.com" {
		t.Errorf("a signed-in user is %v", start["subscriberId"])
	}
	// a phone stands as the API takes it
	start := s.starts(s.click("/guest", as(jwt.MapClaims{"phone_number": "+49 170 1234567"})))
	if start["subscriberId"] != "491701234567" {
		t.Errorf("a phone is %v", start["subscriberId"])
	}
}

// TestAFormsErrorsAreProblemDocuments, whatever the request says that it accepts: a script reads
// them.
func TestAFormsErrorsAreProblemDocuments(t *testing.T) {
	s := openShop(t, formShop)
	ann := by("ann@example.com")
	for name, row := range map[string]struct {
		path    string
		asks    []func(*request)
		status  int
		outcome string
	}{
		"anonymous": {"/start", nil, 401, "anonymous"},
		"bad token": {"/start", []func(*request){holding("a.b.c")}, 401, "bad_token"},
		"nobody whom Zotlo can have": {
			"/start", []func(*request){as(jwt.MapClaims{"sub": "4711"})}, 403, "no_subscriber",
		},
		"another site's script": {
			"/start", []func(*request){ann, header("Sec-Fetch-Site", "cross-site")}, 403, "embedded",
		},
		"a sister site's script": {
			"/start", []func(*request){ann, header("Sec-Fetch-Site", "same-site")}, 403, "embedded",
		},
		"an iframe": {
			"/start", []func(*request){ann, header("Sec-Fetch-Dest", "iframe")}, 403, "embedded",
		},
		"a prefetch": {
			"/start",
			[]func(*request){ann, header("Sec-Purpose", "prefetch;prerender")},
			403,
			"prefetch",
		},
		"a guess of htmx": {
			"/start", []func(*request){ann, header("HX-Preloaded", "true")}, 403, "prefetch",
		},
		"early data": {"/start", []func(*request){ann, header("Early-Data", "1")}, 425, "early_data"},
		"PUT":        {"/start", []func(*request){ann, method("PUT")}, 405, "method"},
		"no package": {"/vague", []func(*request){ann}, 500, "bad_offer"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, accept := range []string{"", "*/*", "text/html"} {
				document := s.problem(s.click(row.path, append(row.asks,
					header("Accept", accept), header("HX-Request", "true"))...), row.status, row.outcome)
				if document["detail"] == "" {
					t.Error("it says nothing")
				}
			}
		})
	}
	s.apiCalls(0)
	document := s.problem(s.click("/vague", ann), 500, "bad_offer")
	if to, _ := document["fallback"].(string); !strings.HasSuffix(to, "/pricing") ||
		!strings.HasPrefix(to, "http://") {
		t.Errorf("the fallback is %v", document["fallback"])
	}
}

func TestWhatElseAFormsAddressAnswers(t *testing.T) {
	s := openShop(t, formShop)
	ann := by("ann@example.com")
	for _, site := range []string{"same-origin", "none"} {
		s.starts(s.click("/start", ann, header("Sec-Fetch-Site", site), method("POST")))
	}
	if res := s.click("/start", ann, method("HEAD")); res.StatusCode != http.StatusNoContent {
		t.Errorf("HEAD: %d", res.StatusCode)
	}
	s.reachesNext(s.click("/start", ann, method("OPTIONS")))
	s.reachesNext(s.click("/next"))
	s.starts(s.click("/next", ann))
	s.reachesNext(s.click("/late", ann)) // no campaign
}

func TestWhoHasPaidGetsNoForm(t *testing.T) {
	s := openShop(t, formShop)
	s.zotlo.SetWebhooks(hooksTo(s))
	ann := fresh(t, "ann")
	link := s.click("/upgrade", ann).Header.Get("Location")
	if _, err := s.zotlo.Pay(link); err != nil {
		t.Fatal(err)
	}
	for _, as := range []func(*request){header("Accept", "*/*"), header("HX-Request", "true")} {
		body := s.starts(s.click("/start", ann, as))
		if diff := cmp.Diff(map[string]any{"url": s.site.URL + "/account"}, body); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// TestAFormThatCannotBeSoldIsRefusedAtLoad: JSON has no parser that would say it first.
func TestAFormThatCannotBeSoldIsRefusedAtLoad(t *testing.T) {
	setKeys(t)
	const (
		app = `"jwt":{"default":{"secret":["{env.JWT_SECRET}"],"from":[{"in":"cookie",` +
			`"name":"session"}]}},"campaign":{"pro":{"package":"p"},"linked":{"link_id":"1"},` +
			`"priced":{"package":"p","one_time_price":{"amount":"1","currency":"EUR"}}}`
		back = `"return_url":"https://shop.example.com/checkout"`
	)
	for _, tt := range []struct{ handler, route, want string }{
		{"checkout_embed", `"campaigns":["pro"]`, "return_url is missing: write `return_url https://"},
		{
			"checkout_embed", `"campaigns":["pro"],"return_url":"/checkout"`,
			`return_url: "/checkout" is no absolute https address`,
		},
		{
			"checkout_embed", `"campaigns":["pro"],"anonymous":"redirect",` + back,
			`anonymous: unknown policy "redirect": write deny, guest or next`,
		},
		{"checkout_embed", `"campaigns":["linked"],` + back, "campaign linked: package missing"},
		{"checkout_embed", `"campaigns":["priced"],` + back, "campaign priced: one_time_price: "},
		{"checkout_embed", back, "no campaign"},
		{"checkout_link", `"campaigns":["pro"]`, "campaign pro: link_id missing"},
		{
			"checkout_offer", `"campaigns":["pro"],"warm":true`,
			"warm: campaign pro: link_id missing",
		},
	} {
		err := loadJSON(t, tt.handler, app, tt.route)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.route, err, tt.want)
		}
	}
	for handler, route := range map[string]string{
		"checkout_embed": `"campaigns":["pro"],` + back, "checkout_offer": `"campaigns":["pro"]`,
	} {
		if err := loadJSON(t, handler, app, route); err != nil {
			t.Errorf("%s: %v", handler, err)
		}
	}
}

// loadJSON validates a configuration of one handler.
func loadJSON(t *testing.T, handler, app, route string) error {
	t.Helper()
	return validate(fmt.Appendf(nil, `{"apps":{"checkout":{%s},"http":{"servers":{"srv0":`+
		`{"listen":[":1"],"routes":[{"handle":[{"handler":%q,%s}]}]}}}}}`, app, handler, route))
}

// TestACampaignNamedAtTheRequestIsHeldAgainstTheDirective: no check at load has seen it.
func TestACampaignNamedAtTheRequestIsHeldAgainstTheDirective(t *testing.T) {
	names := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Checkout-Campaign", r.URL.Query().Get("campaign"))
	}))
	t.Cleanup(names.Close)
	t.Setenv("BACKEND", strings.TrimPrefix(names.URL, "http://"))
	s := openShop(t, strings.Replace(formShop, "\n\tcheckout_link ", `
	reverse_proxy /named/* {$BACKEND} {
		@all header X-Checkout-Campaign *
		handle_response @all {
			checkout_embed /named/form {rp.header.X-Checkout-Campaign} {
				return_url https://shop.example.com/checkout
			}
			checkout_link /named/link {rp.header.X-Checkout-Campaign}
		}
	}
	checkout_link `, 1))
	ann := by("ann@example.com")
	for path, outcome := range map[string]string{
		"/named/form?campaign=eu": "embed", "/named/link?campaign=plain": "link",
		"/named/form?campaign=plain":  "bad_offer", // no package
		"/named/form?campaign=priced": "bad_offer",
		"/named/link?campaign=eu":     "bad_offer", // no link id
		"/named/form?campaign=none":   "no_campaign",
	} {
		if got := s.click(path, ann).Header.Get("X-Outcome"); got != outcome {
			t.Errorf("%s: %q, want %s", path, got, outcome)
		}
	}
}

// TestAFormThatLeadsBackToAnotherSiteIsWarnedOf, once: the SDK forgets the payment on the way there.
func TestAFormThatLeadsBackToAnotherSiteIsWarnedOf(t *testing.T) {
	const message = "return_url is on another site than the form"
	o := openServer(t, serverWith("\t\tcampaign pro {\n\t\t\tpackage p\n\t\t}",
		"checkout_embed /start pro {\n\t\treturn_url https://account.example.com/\n\t}\n"+
			"\tcheckout_embed /own pro {\n\t\treturn_url https://shop.example.com/checkout\n\t}"))
	o.click("/own", by("ann@example.com"))
	if log := o.logged(); strings.Contains(log, message) {
		t.Fatalf("the site's own page is warned of: %s", log)
	}
	o.click("/start", by("ann@example.com"))
	o.click("/start", by("ann@example.com"))
	if got := strings.Count(o.logged(), message); got != 1 {
		t.Errorf("%d warnings", got)
	}
}

// TestExplainAFormAndCountIt: operators see it as they see a link.
func TestExplainAFormAndCountIt(t *testing.T) {
	o := openServer(t, serverWith("\t\tcampaign embedded {\n\t\t\tpackage p\n\t\t}",
		"checkout_embed /start embedded {\n\t\treturn_url https://shop.example.com/checkout\n\t}"))
	counted := func(outcome, answer string) float64 {
		return o.scraped()["caddy_checkout_requests_total[answer="+answer+
			" campaign=embedded outcome="+outcome+"]"]
	}
	before := counted("embed", "json")
	o.click("/start", by("ann@example.com"))
	if got := counted("embed", "json") - before; got != 1 {
		t.Errorf("a form counts %v", got)
	}
	var told struct {
		Outcome, Route, Answer, Campaign string
		Start                            map[string]any
		APIRequest                       any `json:"api_request"`
	}
	o.ask("POST", "/checkout/explain",
		`{"claims":{"email":"ann@example.com"},"request":{"uri":"/start"}}`, &told)
	if told.Outcome != "embed" || told.Route != "checkout_embed /start" || told.Answer != "json" ||
		told.Campaign != "embedded" || told.APIRequest != nil {
		t.Errorf("explained as %+v", told)
	}
	if told.Start["token"] != "(hidden)" || told.Start["packageId"] != "p" ||
		told.Start["subscriberId"] != "ann@example.com" || checkoutOf(t, told.Start).Has("r") {
		t.Errorf("it would start with %v", told.Start)
	}
	o.ask("POST", "/checkout/explain",
		`{"request":{"uri":"/start","headers":{"Sec-Fetch-Site":"cross-site"}}}`, &told)
	if told.Outcome != "embedded" || told.Answer != "error" {
		t.Errorf("another site's script is explained as %+v", told)
	}
}
