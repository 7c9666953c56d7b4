package caddymodule_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// saleOffice sells with every kind of rule.
const saleOffice = `{` + officeOptions + `
	checkout {
		api_url {$API}
		languages en tr
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			trusted_claims plan
		}
		jwt staff {
			secret {env.JWT_SECRET}
			from header Authorization
			subscriber_id sub
		}
		campaign a-past {
			link_id 1
			until 2020-01-01T00:00:00Z
		}
		campaign b-free {
			link_id 2
			match {
				expression {http.checkout.claim.plan} == "free"
			}
			match {
				path /free*
				method POST
			}
		}
		campaign c-sale {
			link_id 3
			package_name "Pro for {http.checkout.claim.given_name}"
			additional_text "{query.missing}"
			field packageLabel "{http.checkout.claim.plan}"
			custom_parameter seen {path.0}
			experiment c-price {
				coverage 80%
				variant control 50%
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
			fallback /plans?from={path}
		}
		campaign d-rest {
			link_id 4
		}
	}
}

http:// {` + officeSite + `
	checkout_offer /plans a-past b-free c-sale
	checkout_link /* a-past b-free c-sale d-rest
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}
}
`

// explained is what explain answers.
type explained struct {
	Outcome, Error, Note, Campaign, Experiment, Variant, Reason, Language string
	Bucket                                                                *int
	Counted                                                               bool
	Rules                                                                 []struct {
		Campaign,
		Result, Detail string
	}
	Dropped, Untrusted []string
	ClientIP           string `json:"client_ip"`
	Subscriber         struct {
		Hash, Kind string
		Claims     []string
	}
	APIRequest *struct {
		Method, URL string
		Header      map[string]string
		Body        map[string]any
	} `json:"api_request"`
}

func (o *office) explain(question string) (e explained) {
	o.t.Helper()
	o.ask(http.MethodPost, "/checkout/explain", question, &e)
	return e
}

const annsClaims = `{"sub":"ann-1","email":"ann@example.com","given_name":"Ann","plan":"pro","locale":"tr"}`

func annsToken() func(*request) {
	var claims jwt.MapClaims
	if err := json.Unmarshal([]byte(annsClaims), &claims); err != nil {
		panic(err)
	}
	return as(claims)
}

// TestExplainForetellsTheCall asks first and clicks then: what the API gets is what explain said,
// and explain called nobody.
func TestExplainForetellsTheCall(t *testing.T) {
	o := openOffice(t, saleOffice)
	e := o.explain(`{"claims":` + annsClaims + `,"request":{"uri":"/upgrade?x=1","headers":{"Accept-Language":"de"},"client_ip":"203.0.113.7"}}`)
	if got := o.zotlo.Calls(); got != 0 {
		t.Fatalf("explain made %d API calls", got)
	}
	if e.Outcome != "link" || e.Campaign != "c-sale" || e.Language != "tr" {
		t.Errorf("outcome %q, campaign %q, language %q: %s", e.Outcome, e.Campaign, e.Language,
			e.Error)
	}
	res, _ := o.click("/upgrade?x=1", annsToken(), header("Accept-Language", "de"))
	if _, ok := o.zotlo.Link(res.Header.Get("Location")); !ok {
		t.Fatalf("the click got %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	call := o.zotlo.Requests()[0]
	if want := o.api.URL + sandbox.OneLinkPath; e.APIRequest.Method != call.Method ||
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
	attribution.Del("r")
	parameters["checkout"] = attribution.Encode()
	return copied
}

func TestExplainSaysWhyEachCampaignMatchedOrNot(t *testing.T) {
	o := openOffice(t, saleOffice)
	e := o.explain(`{"claims":` + annsClaims + `}`)
	want := []struct{ Campaign, Result, Detail string }{
		{"a-past", "ended", "until 2020-01-01T00:00:00Z"},
		{"b-free", "no match",
			`match block 1 of 2: expression "{http.checkout.claim.plan} == \"free\"" refuses; ` +
				`match block 2 of 2: method ["POST"] refuses, path ["/free*"] refuses`},
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
	if got := o.explain(`{"claims":{"plan":"free"}}`); got.Campaign != "b-free" ||
		got.Rules[1].Detail != "match block 1 of 2 accepts" {
		t.Errorf("campaign %q: %v", got.Campaign, got.Rules)
	}
	if got := o.explain(`{"request":{"method":"POST","uri":"https://shop.example.com/free/1"}}`); got.Campaign != "b-free" {
		t.Errorf("campaign %q: %v", got.Campaign, got.Rules)
	}
}

func TestExplainTellsTheVariantAsAClickHasIt(t *testing.T) {
	o := openOffice(t, saleOffice)
	e := o.explain(`{"campaigns":["c-sale"],"claims":` + annsClaims + `}`)
	if e.Bucket == nil || e.Reason != "SPLIT" && e.Reason != "DISABLED" {
		t.Fatalf("bucket %v, reason %q", e.Bucket, e.Reason)
	}
	_, body := o.click("/upgrade", annsToken(), wantJSON)
	var click struct{ Variant string }
	if err := json.Unmarshal(body, &click); err != nil || click.Variant != e.Variant {
		t.Errorf("the click has variant %q, explain said %q: %v", click.Variant, e.Variant, err)
	}
	forced := o.explain(`{"campaigns":["c-sale"],"claims":` + annsClaims + `,"variant":"cheaper"}`)
	if forced.Variant != "cheaper" || forced.Counted ||
		forced.APIRequest.Body["customPrice"] != "14.99" {
		t.Errorf("forced: %+v", forced)
	}
}

func TestExplainTellsTheSubscriberByHashOnly(t *testing.T) {
	o := openOffice(t, saleOffice)
	e := o.explain(`{"campaigns":["d-rest"],"claims":{"email":"ann@example.com","email_verified":false,"phone_number":"+90 555","sub":"0D2AC8E4-7A1D-4F7B-9E06-0C6B2A9E4C11"},"request":{"client_ip":"::ffff:203.0.113.7"}}`)
	want := []string{"email: not verified",
		"phone_number: not a phone number in E.164 form, such as " +
			"+905551112233", "sub: taken as uuid"}
	if diff := cmp.Diff(want, e.Subscriber.Claims); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if e.Subscriber.Kind != "uuid" || len(e.Subscriber.Hash) != 22 || e.ClientIP != "203.0.113.7" ||
		e.APIRequest.Body["subscriberIpAddress"] != "203.0.113.7" {
		t.Errorf("%+v, address %q", e.Subscriber, e.ClientIP)
	}
	if nobody := o.explain(`{"claims":{"sub":"4711"}}`); nobody.Outcome != "no_subscriber" ||
		nobody.Subscriber.Hash != "" {
		t.Errorf("%+v", nobody)
	}
	if stranger := o.explain(`{}`); stranger.Outcome != "anonymous" ||
		stranger.Campaign != "c-sale" {
		t.Errorf("%+v", stranger)
	}
	if staff := o.explain(`{"jwt":"staff","claims":{"email":"ann@example.com"}}`); staff.Outcome != "no_subscriber" || len(staff.Untrusted) != 1 || !strings.Contains(staff.Untrusted[0], "packageLabel") {
		t.Errorf("%+v", staff)
	}
}

func TestCampaignsShowStateRangesAndCounts(t *testing.T) {
	o := openOffice(t, saleOffice)
	count := func() map[string]map[string]any {
		var answer struct {
			Campaigns []map[string]any `json:"campaigns"`
		}
		o.ask(http.MethodGet, "/checkout/campaigns", "", &answer)
		byName := make(map[string]map[string]any)
		for _, c := range answer.Campaigns {
			byName[c["name"].(string)] = c
		}
		return byName
	}
	before := count()
	res, _ := o.click("/upgrade", as(jwt.MapClaims{"email": "eve@example.com", "sub": "c-buyer"}))
	o.click("/upgrade", as(jwt.MapClaims{"email": "eve@example.com", "sub": "c-buyer"}))
	o.zotlo.Refund(o.pay(res.Header.Get("Location")).TransactionID)
	after := count()

	past, sale := after["a-past"], after["c-sale"]
	if past["state"] != "ended" || past["until"] != "2020-01-01T00:00:00Z" ||
		past["conditional"] != true || past["project"] != "default" {
		t.Errorf("a-past: %v", past)
	}
	if sale["state"] != "active" || sale["fallback"] != "/plans?from={http.request.uri.path}" {
		t.Errorf("c-sale: %v", sale)
	}
	for source, want := range map[string]float64{"api": 1, "cache": 1} {
		if got := number(sale, "links", source) - number(before["c-sale"], "links",
			source); got != want {
			t.Errorf("links by %s: %v more, want %v", source, got, want)
		}
	}
	if paid := number(sale, "conversions", "consumable") - number(before["c-sale"], "conversions",
		"consumable"); paid != 1 {
		t.Errorf("%v payments more: %v", paid, sale["conversions"])
	}
	if sale["refunds"].(float64)-before["c-sale"]["refunds"].(float64) != 1 {
		t.Errorf("refunds: %v", sale["refunds"])
	}
	variants := sale["experiment"].(map[string]any)["variants"].([]any)
	control, cheaper := variants[0].(map[string]any), variants[1].(map[string]any)
	if control["start"] != 0.0 || control["end"] != 4000.0 || cheaper["start"] != 5000.0 ||
		cheaper["end"] != 9000.0 || cheaper["percent"] != 40.0 {
		t.Errorf("ranges: %v", variants)
	}
	seen := number(control, "exposures", "link") + number(cheaper, "exposures", "link")
	beforeVariants := before["c-sale"]["experiment"].(map[string]any)["variants"].([]any)
	for _, v := range beforeVariants {
		seen -= number(v.(map[string]any), "exposures", "link")
	}
	if want := map[bool]float64{true: 1}[o.explain(`{"campaigns":["c-sale"],"claims":{"email":"eve@example.com","sub":"c-buyer"}}`).Counted]; seen != want {
		t.Errorf("%v exposures more, want %v", seen, want)
	}
}

// number reads a number below two keys; what is not there is 0.
func number(m map[string]any, key, below string) float64 {
	inner, _ := m[key].(map[string]any)
	n, _ := inner[below].(float64)
	return n
}

func TestPurgeMakesASubscribersLinksDead(t *testing.T) {
	o := openOffice(t, saleOffice)
	link := func(email string) string {
		res, _ := o.click("/upgrade", by(email))
		return res.Header.Get("Location")
	}
	anns, bobs := link("ann@example.com"), link("bob@example.com")
	var answer map[string]string
	o.ask(http.MethodPost, "/checkout/purge", `{"subscriber":"ANN@example.com"}`, &answer)
	if hash := o.explain(`{"claims":{"email":"ann@example.com"}}`).Subscriber.Hash; answer["subscriber"] != hash || len(answer) != 1 {
		t.Errorf("purge answered %v, the log's hash is %s", answer, hash)
	}
	if link("ann@example.com") == anns {
		t.Error("a purged link was given out")
	}
	if link("bob@example.com") != bobs {
		t.Error("somebody else's link was purged")
	}
	o.ask(http.MethodPost, "/checkout/purge", `{"subscriber":"+905551112233"}`, &answer)
	o.ask(http.MethodPost, "/checkout/purge",
		`{"subscriber":"0D2AC8E4-7A1D-4F7B-9E06-0C6B2A9E4C11"}`, &answer)
}

func TestAdminRefusesWithASentence(t *testing.T) {
	o := openOffice(t, saleOffice)
	const purge, explain = "/checkout/purge", "/checkout/explain"
	form := header("Content-Type", "application/x-www-form-urlencoded")
	for _, row := range []struct {
		name, method, path, body string
		option                   func(*request)
		status                   int
		says                     string
	}{
		{"wrong method", "DELETE", "/checkout/campaigns", "", nil, 405,
			"write GET /checkout/campaigns"},
		{"reading by POST", "POST", "/checkout/campaigns", "{}", nil, 405, "write GET"},
		{"writing by GET", "GET", purge, "", nil, 405, "write POST /checkout/purge"},
		{"a form", "POST", purge, "subscriber=ann@example.com", form, 415, "application/json"},
		{"no content type", "POST", purge, "{}", func(r *request) { r.Header.Del("Content-Type") },
			415, "application/json"},
		{"another origin", "POST", purge, `{"subscriber":"ann@example.com"}`,
			header("Origin", "https://evil.example"), 403, "origin"},
		{"another origin reads", "GET", "/checkout/campaigns", "",
			header("Origin", "https://evil.example"), 403, "origin"},
		{"null origin", "POST", purge, `{"subscriber":"ann@example.com"}`, header("Origin", "null"),
			400, "null"},
		{"a page without an origin", "POST", explain, `{}`, header("Sec-Fetch-Mode", "cors"), 403,
			"origin"},
		{"an image", "GET", "/checkout/campaigns", "", header("Sec-Fetch-Mode", "no-cors"), 400,
			"origin"},
		{"no JSON", "POST", purge, `{"subscriber":`, nil, 400, "not JSON"},
		{"empty", "POST", purge, "", nil, 400, "not JSON"},
		{"a list", "POST", purge, "[]", nil, 400, "wrong type"},
		{"a number", "POST", purge, `{"subscriber":905559998877}`, nil, 400, "wrong type"},
		{"an unknown member", "POST", purge, `{"bob@example.com":"x"}`, nil, 400, "unknown member"},
		{"two objects", "POST", purge, `{"subscriber":"ann@example.com"}{}`, nil, 400, "follows"},
		{"too long", "POST", purge, `{"subscriber":"` + strings.Repeat("a", 64<<10) + `"}`, nil,
			413, "65536 bytes"},
		{"no subscriber", "POST", purge, `{"subscriber":"4711"}`, nil, 400,
			"no e-mail address, no phone number"},
		{"unknown campaign", "POST", explain, `{"campaigns":["d-rest","nope"]}`, nil, 404,
			"name 2 of 2 is not defined (defined are: a-past, b-free, c-sale, d-rest)"},
		{"unknown identity", "POST", explain, `{"jwt":"nope"}`, nil, 404,
			"defined are: [default staff]"},
		{"unknown variant", "POST", explain, `{"variant":"nope"}`, nil, 400, "variant"},
		{"claims are a token", "POST", explain, `{"claims":"eyJhbGciOiJIUzI1NiJ9.e30.AAAA"}`, nil,
			400, "claims: token refused: claims_json"},
		{"a claim twice", "POST", explain,
			`{"claims":{"email":"a@example.com","email":"b@example.com"}}`, nil, 400, "claims_duplicate"},
		{"claims by case", "POST", explain, `{"claims":{"Email":"a@example.com"}}`, nil, 400,
			"claims_case"},
		{"odd method", "POST", explain, `{"request":{"method":"G ET"}}`, nil, 400, "method"},
		{"odd address", "POST", explain, `{"request":{"uri":"checkout"}}`, nil, 400, "uri"},
		{"odd client", "POST", explain, `{"request":{"client_ip":"ann@example.com"}}`, nil, 400,
			"client_ip"},
		{"odd header", "POST", explain, `{"request":{"headers":{"X":{}}}}`, nil, 400, "wrong type"},
	} {
		t.Run(row.name, func(t *testing.T) {
			option := row.option
			if option == nil {
				option = func(*request) {}
			}
			res, body := o.admin(row.method, row.path, row.body, option)
			var answer struct{ Error string }
			if err := json.Unmarshal(body, &answer); err != nil || res.StatusCode != row.status ||
				!strings.Contains(answer.Error, row.says) {
				t.Errorf("%d %s, want %d and %q", res.StatusCode, body, row.status, row.says)
			}
			if res.StatusCode == http.StatusMethodNotAllowed && res.Header.Get("Allow") == "" {
				t.Error("Allow is missing")
			}
			if strings.Contains(answer.Error, "bob@") || strings.Contains(answer.Error, "9998877") {
				t.Error("the answer repeats what was asked")
			}
		})
	}
	if o.zotlo.Calls() != 0 {
		t.Error("a refused question reached the API")
	}
}

func TestAdminAnswersFromTheRunningConfiguration(t *testing.T) {
	o := openOffice(t, saleOffice)
	names := func() (names []string) {
		var answer struct {
			Campaigns []struct{ Name string }
		}
		o.ask(http.MethodGet, "/checkout/campaigns", "", &answer)
		for _, c := range answer.Campaigns {
			names = append(names, c.Name)
		}
		return names
	}
	all := []string{"a-past", "b-free", "c-sale", "d-rest"}

	// This one is provisioned whole, and fails when its server is to listen on a folder that is not
	// there.
	broken := strings.NewReplacer("campaign d-rest", "campaign e-other", "d-rest", "e-other",
		"/site.sock", "/nowhere/site.sock").Replace(saleOffice)
	if err := o.reload(broken); err == nil {
		t.Fatal("the broken configuration was loaded")
	}
	if diff := cmp.Diff(all, names()); diff != "" {
		t.Errorf("after a failed reload: -want +got:\n%s", diff)
	}
	if e := o.explain(`{"campaigns":["d-rest"]}`); e.Campaign != "d-rest" || e.APIRequest == nil {
		t.Errorf("after a failed reload: %+v", e)
	}
	if err := o.reload(strings.ReplaceAll(saleOffice, "d-rest", "f-next")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a-past", "b-free", "c-sale", "f-next"}, names()); diff != "" {
		t.Errorf("after a reload: -want +got:\n%s", diff)
	}

	if err := o.reload("{" + officeOptions + "}\n"); err != nil {
		t.Fatal(err)
	}
	res, body := o.admin(http.MethodGet, "/checkout/campaigns", "")
	if res.StatusCode != http.StatusNotFound || !strings.Contains(string(body), "no checkout") {
		t.Errorf("without a checkout: %d %s", res.StatusCode, body)
	}
}

// TestExplainFindsTheOnlyIdentity: the smallest site writes its jwt block inside the route, where
// it has no name.
func TestExplainFindsTheOnlyIdentity(t *testing.T) {
	const small = `{` + officeOptions + `
	checkout {
		api_url {$API}
	}
}

http:// {` + officeSite + `
	checkout_link /upgrade {
		link_id 123
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
	checkout_offer /plans link-123 {
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
}
`
	o := openOffice(t, small)
	if e := o.explain(`{"claims":{"email":"ann@example.com"}}`); e.Outcome != "link" ||
		e.Campaign != "link-123" {
		t.Errorf("%+v", e)
	}
	second := strings.Replace(small, "from cookie session", "from cookie other", 1)
	if err := o.reload(second); err != nil {
		t.Fatal(err)
	}
	res, body := o.admin(http.MethodPost, "/checkout/explain", `{}`)
	if res.StatusCode != http.StatusBadRequest ||
		!strings.Contains(string(body), "there are 2 identities") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

// A click goes by the order of its route. Without names, explain went by the alphabet and chose
// another campaign.
func TestExplainGoesByTheOrderOfTheRoutes(t *testing.T) {
	const config = `{` + officeOptions + `
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

http:// {` + officeSite + `
	checkout_offer /plans order-b order-a
	checkout_link /upgrade order-b order-a
}
`
	o := openOffice(t, config)
	if e := o.explain(`{"claims":{"email":"ann@example.com"}}`); e.Campaign != "order-b" ||
		e.Note != "" {
		t.Errorf("%+v", e)
	}
	if err := o.reload(strings.Replace(config, "/plans order-b order-a", "/plans order-a",
		1)); err != nil {
		t.Fatal(err)
	}
	if e := o.explain(`{"claims":{"email":"ann@example.com"}}`); e.Campaign != "order-a" ||
		!strings.Contains(e.Note, "different campaigns") {
		t.Errorf("%+v", e)
	}
	if e := o.explain(`{"claims":{"email":"ann@example.com"},"campaigns":["order-b","order-a"]}`); e.Campaign != "order-b" || e.Note != "" {
		t.Errorf("%+v", e)
	}
}

func TestExplainAsksAllOf200Campaigns(t *testing.T) {
	o := openOffice(t, manyCampaigns(200))
	e := o.explain(`{"claims":` + annsClaims + `}`)
	if len(e.Rules) != 200 || e.Campaign != "c199" {
		t.Errorf("%d rules, campaign %q", len(e.Rules), e.Campaign)
	}
}
