package caddymodule_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"
)

// crossroads is a server whose ways to a checkout bend in every manner.
const crossroads = `{` + serverOptions + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			from header Authorization
		}
		jwt staff {
			secret {env.JWT_SECRET}
			from header X-Staff
			issuer https://id.example.com
			audience shop
		}
		campaign pro {
			link_id 1
			until 2030-01-01T00:00:00Z
		}
		campaign team {
			link_id 2
			after_payment /account 1h
		}
		campaign vip {
			link_id 3
			match {
				expression {http.checkout.claim.plan} == "vip"
			}
		}
	}
}

&(buy) {
	checkout_link team
}

http://shop.example.com {` + serverSite + `
	@locked path /locked
	basic_auth @locked {
		ann@example.com {$PASSWORD_HASH}
	}
	map {path} {plan} {
		/gold gold
		default none
	}
	vars /silver plan silver
	rewrite /old /upgrade?from=old
	uri /strip/* strip_prefix /strip
	checkout_offer /plans pro
	checkout_link /upgrade pro {
		anonymous redirect /login?next={http.checkout.return_to}
	}
	checkout_link /staff pro {
		jwt staff
	}
	checkout_link /guest pro {
		anonymous guest
	}
	checkout_link /vip vip
	@gold expression {plan} == "gold"
	checkout_link @gold team
	@silver vars plan silver
	checkout_link @silver team
	@post {
		path /post
		method POST
	}
	checkout_link @post team
	checkout_link /locked team {
		identity {http.auth.user.id}
	}
	invoke /named buy
	handle_path /shop/* {
		checkout_link /buy team
	}
	route /late {
		respond "the page"
		checkout_link team
	}
	route /twice {
		checkout_link pro {
			anonymous next
		}
		checkout_link team {
			jwt staff
		}
	}
	handle /api/* {
		reverse_proxy 127.0.0.1:9 {
			@ok status 200
			handle_response @ok {
				checkout_link {http.reverse_proxy.header.X-Checkout-Campaign}
				copy_response
			}
		}
	}
	respond "the shop"
}

http://other.example.com {` + serverSite + `
	checkout_link /upgrade team
	checkout_link /alone team
}
`

func openCrossroads(t *testing.T) *server {
	t.Helper()
	return openCrossroadsAs(t, crossroads)
}

func openCrossroadsAs(t *testing.T, config string) *server {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("pass"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PASSWORD_HASH", string(hash))
	return openServer(t, config)
}

func TestExplainFindsTheRouteOfTheRequest(t *testing.T) {
	srv := openCrossroads(t)
	const shop, other = `"host":"shop.example.com"`, `"host":"other.example.com"`
	for _, row := range []struct{ request, route, campaign string }{
		{shop + `,"uri":"/upgrade"`, "checkout_link /upgrade", "pro"},
		{other + `,"uri":"/upgrade"`, "checkout_link /upgrade", "team"},
		{`"uri":"https://other.example.com/upgrade"`, "checkout_link /upgrade", "team"},
		{`"headers":{"Host":"other.example.com"},"uri":"/upgrade"`, "checkout_link /upgrade", "team"},
		{shop + `,"uri":"/old"`, "checkout_link /upgrade", "pro"},
		{shop + `,"uri":"/strip/upgrade"`, "checkout_link /upgrade", "pro"},
		{shop + `,"uri":"/gold"`, `checkout_link expression "{plan} == \"gold\""`, "team"},
		{shop + `,"uri":"/silver"`, `checkout_link vars {"plan":["silver"]}`, "team"},
		{
			shop + `,"uri":"/post","method":"POST"`,
			`checkout_link method ["POST"] and path ["/post"]`, "team",
		},
		{shop + `,"uri":"/named"`, "checkout_link", "team"},
		{shop + `,"uri":"/shop/buy"`, "checkout_link /buy", "team"},
		{shop + `,"uri":"/plans"`, "checkout_offer /plans", "pro"},
		{shop + `,"uri":"/twice"`, "checkout_link", "pro"},
	} {
		e := srv.explain(`{"claims":{"email":"ann@example.com"},"request":{` + row.request + `}}`)
		if e.Outcome != "link" || e.Route != row.route || e.Campaign != row.campaign ||
			e.Note != "" || len(e.Before) != 0 {
			t.Errorf("%s: %+v", row.request, e)
		}
	}
	named := srv.explain(`{"campaigns":["vip","team"],"claims":{"email":"ann@example.com"},` +
		`"request":{` + shop + `,"uri":"/upgrade"}}`)
	if named.Route != "checkout_link /upgrade" || named.Campaign != "team" {
		t.Errorf("campaigns that are named: %+v", named)
	}
}

func TestExplainPassesHostsOverWhereNoneIsGiven(t *testing.T) {
	srv := openCrossroads(t)
	for uri, host := range map[string]string{
		"/guest": "shop.example.com", "/alone": "other.example.com",
	} {
		e := srv.explain(`{"claims":{"email":"ann@example.com"},"request":{"uri":"` + uri + `"}}`)
		if e.Outcome != "link" || !strings.Contains(e.Note, "passed over: this is the site of "+host) {
			t.Errorf("%s: %+v", uri, e)
		}
	}
}

func TestExplainSaysWhatStandsInTheWay(t *testing.T) {
	srv := openCrossroads(t)
	ask := func(uri, more string) explained {
		t.Helper()
		return srv.explain(`{"request":{"uri":"http://shop.example.com` + uri + `"}` + more + `}`)
	}
	ann := `,"claims":{"email":"ann@example.com"}`
	late := ask("/late", ann)
	if late.Outcome != "no_route" || !strings.Contains(late.Error, "static_response answers first; "+
		"there are checkout_link, checkout_link /alone, checkout_link /buy,") {
		t.Errorf("behind a respond: %+v", late)
	}
	if e := ask("/upgrad", ann); e.Outcome != "no_route" ||
		!strings.Contains(e.Error, "checkout_link /upgrade") {
		t.Errorf("a typo: %+v", e)
	}
	if e := ask("/locked", ann); e.Outcome != "link" ||
		!cmp.Equal(e.Before, []string{"authentication"}) {
		t.Errorf("behind a sign-in: %+v", e)
	}
	if e := ask("/locked", ""); e.Outcome != "anonymous" ||
		!strings.Contains(e.Error, "describe the user with claims") {
		t.Errorf("behind a sign-in, without claims: %+v", e)
	}
	if e := ask("/vip", ann); e.Outcome != "no_campaign" || e.Answer != "next" ||
		!cmp.Equal(e.Passed, []string{"checkout_link /vip: no_campaign"}) {
		t.Errorf("no campaign: %+v", e)
	}
	twice := ask("/twice", "")
	if twice.Outcome != "anonymous" || twice.Identity != "staff" || twice.Answer != "error" ||
		!cmp.Equal(twice.Passed, []string{"checkout_link: anonymous"}) {
		t.Errorf("two in a row: %+v", twice)
	}
	api := ask("/api/buy", ann+`,"campaigns":["team"]`)
	if api.Outcome != "link" || api.Campaign != "team" ||
		!cmp.Equal(api.Before, []string{"reverse_proxy"}) {
		t.Errorf("behind a backend: %+v", api)
	}
	for method, outcome := range map[string]string{
		"HEAD": "head", "PUT": "method", "OPTIONS": "-",
	} {
		e := srv.explain(`{"request":{"method":"` + method +
			`","uri":"http://shop.example.com/upgrade"}}`)
		if e.Outcome != outcome {
			t.Errorf("%s: %+v", method, e)
		}
	}
}

// TestExplainSaysWhatTheClickGets asks about a click and makes it: outcome, status and place agree.
func TestExplainSaysWhatTheClickGets(t *testing.T) {
	srv := openCrossroads(t)
	good := token(jwt.MapClaims{"email": "ann@example.com"})
	issued := func(iss, aud string, exp time.Duration) string {
		return token(jwt.MapClaims{
			"email": "ann@example.com", "iss": iss, "aud": aud, "exp": time.Now().Add(exp).Unix(),
		})
	}
	const id = "https://id.example.com"
	for name, row := range map[string]struct {
		path, header, value string
		outcome, rule, says string
	}{
		"good":           {"/upgrade", "Cookie", "session=" + good, "link", "", ""},
		"in a header":    {"/upgrade", "Authorization", "Bearer " + good, "link", "", ""},
		"nobody":         {"/upgrade", "", "", "anonymous", "", "no token in cookie session, nor in header Authorization"},
		"wrong cookie":   {"/upgrade", "Cookie", "sid=" + good, "anonymous", "", "the request has the cookies sid"},
		"forged":         {"/upgrade", "Cookie", "session=" + good + "A", "bad_token", "signature", ""},
		"broken":         {"/guest", "Cookie", "session=a.b.c", "link", "encoding", ""},
		"guest":          {"/guest", "", "", "link", "", "no token"},
		"staff":          {"/staff", "X-Staff", issued(id, "shop", time.Hour), "link", "", ""},
		"wrong issuer":   {"/staff", "X-Staff", issued(id+"/", "shop", time.Hour), "bad_token", "issuer", `given "https://id.example.com/"`},
		"wrong audience": {"/staff", "X-Staff", issued(id, "blog", time.Hour), "bad_token", "audience", `expected "shop", given "blog"`},
		"expired":        {"/staff", "X-Staff", issued(id, "shop", -time.Hour), "bad_token", "expired", "by this machine's clock"},
		"a prefetch":     {"/upgrade", "Sec-Purpose", "prefetch", "prefetch", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			headers := "{}"
			if row.header != "" {
				headers = fmt.Sprintf(`{%q:%q}`, row.header, row.value)
			}
			e := srv.explain(`{"request":{"uri":"http://shop.example.com` + row.path +
				`","headers":` + headers + `}}`)
			if e.Outcome != row.outcome || e.Rule != row.rule || !strings.Contains(e.Error, row.says) {
				t.Errorf("%+v", e)
			}
			set := func(r *request) {
				if row.header != "" {
					r.Header.Set(row.header, row.value)
				}
			}
			res, _ := srv.click(row.path, set)
			location := res.Header.Get("Location")
			if row.outcome == "link" {
				if res.StatusCode != http.StatusSeeOther || e.Answer != "link" || e.APIRequest == nil {
					t.Errorf("the click got %d, explain said %+v", res.StatusCode, e)
				}
			} else if e.Location != location || e.APIRequest != nil && e.Outcome != "anonymous" {
				t.Errorf("the click was sent to %q, explain said %+v", location, e)
			}
			_, body := srv.click(row.path, set, wantJSON)
			var problem struct{ Outcome string }
			_ = json.Unmarshal(body, &problem) // a link, or plain text, has none
			if problem.Outcome != "" && problem.Outcome != e.Outcome {
				t.Errorf("the click had %q, explain said %q", problem.Outcome, e.Outcome)
			}
		})
	}
}

// TestExplainVerifiesATokenInJWT: it said that no identity has that name.
func TestExplainVerifiesATokenInJWT(t *testing.T) {
	srv := openCrossroads(t)
	good := token(jwt.MapClaims{"email": "ann@example.com"})
	for question, outcome := range map[string]string{
		`{"jwt":"` + good + `","request":{"uri":"/upgrade"}}`:                             "link",
		`{"jwt":"Bearer ` + good + `","request":{"uri":"/upgrade"}}`:                      "link",
		`{"jwt":"` + good + `A","request":{"uri":"/upgrade"}}`:                            "bad_token",
		`{"jwt":"` + good + `","request":{"uri":"/staff"}}`:                               "bad_token",
		`{"jwt":"` + good + `","campaigns":["pro"]}`:                                      "link",
		`{"jwt":"` + good + `","request":{"uri":"/upgrade"},"at":"2029-01-01T00:00:00Z"}`: "bad_token",
		`{"jwt":"` + good + `","request":{"uri":"/upgrade"},"at":"` +
			time.Now().Add(30*time.Minute).Format(time.RFC3339) + `"}`: "link",
	} {
		if e := srv.explain(question); e.Outcome != outcome {
			t.Errorf("%s: %+v", question, e)
		}
	}
}

// TestExplainHoldsClaimsToTheirRules: claims of another issuer gave a link.
func TestExplainHoldsClaimsToTheirRules(t *testing.T) {
	srv := openCrossroads(t)
	for claims, rule := range map[string]string{
		`{}`:                               "",
		`{"iss":"https://id.example.com"}`: "",
		`{"iss":"https://evil.example"}`:   "issuer",
		`{"aud":"blog"}`:                   "audience",
		`{"exp":1}`:                        "expired",
		fmt.Sprintf(`{"nbf":%d}`, time.Now().Unix()+600): "not_yet",
	} {
		var all map[string]any
		if err := json.Unmarshal([]byte(claims), &all); err != nil {
			t.Fatal(err)
		}
		all["email"] = "ann@example.com"
		text, _ := json.Marshal(all)
		e := srv.explain(`{"claims":` + string(text) + `,"request":{"uri":"/staff"}}`)
		outcome := map[bool]string{true: "link", false: "bad_token"}[rule == ""]
		if e.Rule != rule || e.Outcome != outcome {
			t.Errorf("%s: %+v", claims, e)
		}
	}
}

func TestExplainAtAnotherInstant(t *testing.T) {
	srv := openCrossroads(t)
	ask := func(at string) explained {
		return srv.explain(`{"claims":{"email":"ann@example.com"},"at":"` + at +
			`","request":{"uri":"http://shop.example.com/upgrade"}}`)
	}
	if e := ask("2029-12-31T23:59:59Z"); e.Outcome != "link" {
		t.Errorf("while it runs: %+v", e)
	}
	if e := ask("2030-01-01T00:00:00Z"); e.Outcome != "no_campaign" || e.Rules[0].Result != "ended" {
		t.Errorf("when it is over: %+v", e)
	}
}

func TestExplainKnowsWhoHasPaid(t *testing.T) {
	srv := openCrossroadsAs(t, strings.Replace(crossroads, "@locked path /locked",
		"checkout_webhook /hooks {\n\t\ttoken {env.HOOK_TOKEN}\n\t}\n\t@locked path /locked", 1))
	question := `{"claims":{"email":"payer@example.com"},"request":{"uri":"/gold"}}`
	before := srv.explain(question)
	if before.Outcome != "link" || len(before.Facts) != 1 ||
		!strings.Contains(before.Facts[0], "no payment that counts within 1h0m0s") {
		t.Errorf("before: %+v", before)
	}
	res, _ := srv.click("/gold", as(jwt.MapClaims{"email": "payer@example.com"}))
	srv.pay(res.Header.Get("Location"))
	after := srv.explain(question)
	if after.Outcome != "after_payment" || after.Answer != "redirect" ||
		after.Location != "/account" || !cmp.Equal(after.Facts,
		[]string{"after_payment: paid within 1h0m0s"}) {
		t.Errorf("after: %+v", after)
	}
	later := srv.explain(strings.Replace(question, `{"claims"`, `{"at":"`+
		time.Now().Add(2*time.Hour).Format(time.RFC3339)+`","claims"`, 1))
	if later.Outcome != "link" {
		t.Errorf("two hours later: %+v", later)
	}
}

// TestExplainLeavesNoTrace: it counts nothing, calls nobody, and the click after it is a first one.
func TestExplainLeavesNoTrace(t *testing.T) {
	srv := openCrossroadsAs(t, strings.Replace(crossroads, "\tcheckout {", "\tmetrics\n\tcheckout {", 1))
	before := srv.scraped()
	for _, uri := range []string{
		"/upgrade", "/plans", "/staff", "/guest", "/twice", "/vip", "/nowhere", "/old",
	} {
		for _, more := range []string{
			``, `,"claims":{"email":"ann@example.com"}`, `,"jwt":"a.b.c"`,
		} {
			srv.explain(`{"request":{"uri":"` + uri + `"}` + more + `}`)
		}
	}
	for series, n := range srv.scraped().moved(before) {
		if strings.HasPrefix(series, "caddy_checkout_") && n != 0 {
			t.Errorf("%s moved by %v", series, n)
		}
	}
	if calls := srv.zotlo.Calls(); calls != 0 {
		t.Errorf("%d API calls", calls)
	}
	srv.warns(0, "token refused")
}
