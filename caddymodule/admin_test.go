package caddymodule_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPurgeMakesASubscribersLinksDead(t *testing.T) {
	srv := openServer(t, saleServer)
	link := func(email string) string {
		res, _ := srv.click("/upgrade", by(email))
		return res.Header.Get("Location")
	}
	anns, bobs := link("ann@example.com"), link("bob@example.com")
	var answer map[string]string
	srv.ask(http.MethodPost, "/checkout/purge", `{"subscriber":"ANN@example.com"}`, &answer)
	hash := srv.explain(`{"claims":{"email":"ann@example.com"}}`).Subscriber.Hash
	if answer["subscriber"] != hash || len(answer) != 1 {
		t.Errorf("purge answered %v, the log's hash is %s", answer, hash)
	}
	if link("ann@example.com") == anns {
		t.Error("a purged link was given out")
	}
	if link("bob@example.com") != bobs {
		t.Error("somebody else's link was purged")
	}
	srv.ask(http.MethodPost, "/checkout/purge", `{"subscriber":"+905551112233"}`, &answer)
	srv.ask(http.MethodPost, "/checkout/purge",
		`{"subscriber":"0D2AC8E4-7A1D-4F7B-9E06-0C6B2A9E4C11"}`, &answer)
}

// A link that was made under a former secret is in the cache still, and a node of the fleet, or the
// configuration that comes back, gives it out.
func TestALinkOfAFormerSecretIsForgottenToo(t *testing.T) {
	t.Setenv("OTHER_SECRET", "access-secret-of-next-year")
	under := func(first, second string) string {
		return serverWith("\t\taccess_secret {env."+first+"}\n\t\tledger file {\n\t\t\tsecret {env."+
			first+"}\n\t\t\tsecret {env."+second+"}\n\t\t}\n"+proCampaign,
			"checkout_link /u pro\n\tcheckout_webhook /hooks {\n\t\ttoken {env.HOOK_TOKEN}\n\t}")
	}
	old := under("ZOTLO_ACCESS_SECRET", "OTHER_SECRET")
	srv := openServer(t, old)
	link := func(email string) string {
		res, _ := srv.click("/u", by(email))
		return res.Header.Get("Location")
	}
	anns, bobs, cids := link("ann@example.com"), link("bob@example.com"), link("cid@example.com")
	if err := srv.reload(under("OTHER_SECRET", "ZOTLO_ACCESS_SECRET")); err != nil {
		t.Fatal(err)
	}
	srv.ask(http.MethodPost, "/checkout/purge", `{"subscriber":"ann@example.com"}`, new(any))
	body := `{"queue":{"type":"TransactionInsert","requestID":"1"},"parameters":{` +
		`"status":"start_paid","subscriber_id":"bob@example.com","transaction_id":"1"}}`
	res, _ := srv.click("/hooks", method(http.MethodPost), header("X-Webhook-Token", hookToken),
		withBody(body))
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the payment is answered %d", res.StatusCode)
	}
	if err := srv.reload(old); err != nil {
		t.Fatal(err)
	}
	if link("cid@example.com") != cids {
		t.Fatal("the cache has lost a link, so nothing can be seen here")
	}
	if link("ann@example.com") == anns {
		t.Error("a purged link was given out")
	}
	if link("bob@example.com") == bobs {
		t.Error("a paid link was given out")
	}
}

func TestAdminRefusesWithASentence(t *testing.T) {
	srv := openServer(t, saleServer)
	const purge, explain = "/checkout/purge", "/checkout/explain"
	form := header("Content-Type", "application/x-www-form-urlencoded")
	for _, row := range []struct {
		name, method, path, body string
		option                   func(*request)
		status                   int
		says                     string
	}{
		{
			"wrong method", "DELETE", "/checkout/campaigns", "", nil, 405,
			"write GET /checkout/campaigns",
		},
		{"reading by POST", "POST", "/checkout/campaigns", "{}", nil, 405, "write GET"},
		{"writing by GET", "GET", purge, "", nil, 405, "write POST /checkout/purge"},
		{"a form", "POST", purge, "subscriber=ann@example.com", form, 415, "application/json"},
		{
			"no content type", "POST", purge, "{}",
			func(r *request) { r.Header.Del("Content-Type") }, 415, "application/json",
		},
		{
			"another origin", "POST", purge, `{"subscriber":"ann@example.com"}`,
			header("Origin", "https://evil.example"), 403, "origin",
		},
		{
			"another origin reads", "GET", "/checkout/campaigns", "",
			header("Origin", "https://evil.example"), 403, "origin",
		},
		{
			"null origin", "POST", purge, `{"subscriber":"ann@example.com"}`,
			header("Origin", "null"), 400, "null",
		},
		{
			"a page without an origin", "POST", explain, `{}`,
			header("Sec-Fetch-Mode", "cors"), 403, "origin",
		},
		{
			"an image", "GET", "/checkout/campaigns", "",
			header("Sec-Fetch-Mode", "no-cors"), 400, "origin",
		},
		{"no JSON", "POST", purge, `{"subscriber":`, nil, 400, "not JSON"},
		{"empty", "POST", purge, "", nil, 400, "not JSON"},
		{"a list", "POST", purge, "[]", nil, 400, "wrong type"},
		{"a number", "POST", purge, `{"subscriber":905559998877}`, nil, 400, "wrong type"},
		{"an unknown member", "POST", purge, `{"bob@example.com":"x"}`, nil, 400, "unknown member"},
		{"two objects", "POST", purge, `{"subscriber":"ann@example.com"}{}`, nil, 400, "follows"},
		{
			"too long", "POST", purge, `{"subscriber":"` + strings.Repeat("a", 64<<10) + `"}`, nil,
			413, "65536 bytes",
		},
		{
			"no subscriber", "POST", purge, `{"subscriber":"4711"}`, nil, 400,
			"no e-mail address, no phone number",
		},
		{
			"unknown campaign", "POST", explain, `{"campaigns":["d-rest","nope"]}`, nil, 404,
			`"nope" is not defined (defined are: a-past, b-free, c-sale, d-rest)`,
		},
		{
			"unknown identity", "POST", explain, `{"jwt":"nope"}`, nil, 404,
			"defined are: [default staff]",
		},
		{
			"an address for a name", "POST", explain, `{"campaigns":["bob@example.com"]}`, nil, 404,
			"campaigns: (a text that is no name) is not defined",
		},
		{
			"unknown variant", "POST", explain, `{"variant":"nope"}`, nil, 400,
			`variant: none of these campaigns has one of the name "nope"`,
		},
		{
			"unknown variant on a route", "POST", explain,
			`{"variant":"nope","request":{"uri":"/upgrade"}}`, nil, 400, `"nope"`,
		},
		{
			"a token and claims", "POST", explain, `{"jwt":"a.b.c","claims":{"sub":"1"}}`, nil, 400,
			"exclude each other",
		},
		{"invalid instant", "POST", explain, `{"at":"tomorrow"}`, nil, 400, "at: write an instant"},
		{
			"claims are a token", "POST", explain, `{"claims":"eyJhbGciOiJIUzI1NiJ9.e30.AAAA"}`,
			nil, 400, "claims: token refused: claims_json",
		},
		{
			"a claim twice", "POST", explain,
			`{"claims":{"email":"a@example.com","email":"b@example.com"}}`,
			nil, 400, "claims_duplicate",
		},
		{
			"claims by case", "POST", explain, `{"claims":{"Email":"a@example.com"}}`, nil, 400,
			"claims_case",
		},
		{"invalid method", "POST", explain, `{"request":{"method":"G ET"}}`, nil, 400, "method"},
		{"invalid address", "POST", explain, `{"request":{"uri":"checkout"}}`, nil, 400, "uri"},
		{
			"invalid client", "POST", explain, `{"request":{"client_ip":"ann@example.com"}}`,
			nil, 400, "client_ip",
		},
		{
			"invalid header", "POST", explain, `{"request":{"headers":{"X":{}}}}`,
			nil, 400, "wrong type",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			option := row.option
			if option == nil {
				option = func(*request) {}
			}
			res, body := srv.admin(row.method, row.path, row.body, option)
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
	if srv.zotlo.Calls() != 0 {
		t.Error("a refused question reached the API")
	}
}

func TestAdminAnswersFromTheRunningConfiguration(t *testing.T) {
	srv := openServer(t, saleServer)
	names := func() (names []string) {
		var answer struct {
			Campaigns []struct{ Name string }
		}
		srv.ask(http.MethodGet, "/checkout/campaigns", "", &answer)
		for _, c := range answer.Campaigns {
			names = append(names, c.Name)
		}
		return names
	}
	all := []string{"a-past", "b-free", "c-sale", "d-rest"}

	// This one is provisioned whole, and fails when its server is to listen on a folder that is not
	// there.
	broken := strings.NewReplacer("campaign d-rest", "campaign e-other", "d-rest", "e-other",
		"/site.sock", "/nowhere/site.sock").Replace(saleServer)
	if err := srv.reload(broken); err == nil {
		t.Fatal("the broken configuration was loaded")
	}
	if diff := cmp.Diff(all, names()); diff != "" {
		t.Errorf("after a failed reload: -want +got:\n%s", diff)
	}
	if e := srv.explain(`{"campaigns":["d-rest"]}`); e.Campaign != "d-rest" || e.APIRequest == nil {
		t.Errorf("after a failed reload: %+v", e)
	}
	if err := srv.reload(strings.ReplaceAll(saleServer, "d-rest", "f-next")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a-past", "b-free", "c-sale", "f-next"}, names()); diff != "" {
		t.Errorf("after a reload: -want +got:\n%s", diff)
	}

	if err := srv.reload("{" + serverOptions + "}\n"); err != nil {
		t.Fatal(err)
	}
	res, body := srv.admin(http.MethodGet, "/checkout/campaigns", "")
	if res.StatusCode != http.StatusNotFound || !strings.Contains(string(body), "no checkout") {
		t.Errorf("without a checkout: %d %s", res.StatusCode, body)
	}
}
