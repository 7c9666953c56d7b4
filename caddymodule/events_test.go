package caddymodule_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// watched is a whole server whose campaigns ask for events, of which one is Zotlo's.
const watched = "{" + serverOptions + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign back {
			link_id 1
			event zotlo.refund
			event asked 36h
			no_event bought
			additional_text {http.checkout.event.read.text}
		}
		campaign usual {
			link_id 2
		}
	}
}

http:// {` + serverSite + `
	checkout_link /upgrade back usual
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}
	checkout_events /events {
		token {env.HOOK_TOKEN}
	}
}
`

// told has the backend of a server tell of one event of Ann's.
func (srv *server) told(event string, status int) {
	srv.t.Helper()
	res, body := srv.click("/events", method("POST"), bearing(hookToken),
		withBody(`{"subscriber":"ann@example.com","event":"`+event+`"}`))
	if res.StatusCode != status {
		srv.t.Fatalf("%s is answered %d %s", event, res.StatusCode, body)
	}
}

// TestEventsAreCounted by the names that the configuration knows, and no others.
func TestEventsAreCounted(t *testing.T) {
	srv := openServer(t, watched)
	before := srv.scraped()
	for _, result := range []string{"told", "taken_back", "failed"} {
		for _, event := range []string{"asked", "bought", "read", "_other"} {
			series := "caddy_checkout_events_total[event=" + event + " result=" + result + "]"
			if _, found := before[series]; !found {
				t.Errorf("before it happens there is no %s", series)
			}
		}
	}
	for _, event := range []string{"asked", "asked", "bought", "read", "made_up", "zotlo"} {
		srv.told(event, 204)
	}
	srv.told("zotlo.refund", 400)
	srv.click("/events", method("POST"))
	srv.click("/events", method("DELETE"), bearing(hookToken),
		withBody(`[{"subscriber":"a@b.example","event":"asked"}]`))
	moved := srv.scraped().moved(before)
	want := scrape{
		"caddy_checkout_events_total[event=asked result=told]":       2,
		"caddy_checkout_events_total[event=bought result=told]":      1,
		"caddy_checkout_events_total[event=read result=told]":        1,
		"caddy_checkout_events_total[event=_other result=told]":      2,
		"caddy_checkout_events_total[event=_other result=refused]":   2,
		"caddy_checkout_events_total[event=asked result=taken_back]": 1,
	}
	for series, n := range moved {
		if strings.Contains(series, "events_total") && want[series] != n {
			t.Errorf("%s moved by %v, want %v", series, n, want[series])
		}
		delete(want, series)
	}
	if len(want) > 0 {
		t.Errorf("did not move: %v", want)
	}
	if log := srv.logged(); strings.Contains(log, "ann@example.com") || strings.Contains(log, hookToken) {
		t.Error("the log names a subscriber or the token")
	}
}

// TestExplainSaysWhatHappened: each line of the campaign, whether it was chosen or not.
func TestExplainSaysWhatHappened(t *testing.T) {
	srv := openServer(t, watched)
	ask := func() (e struct {
		Campaign string
		Facts    []string
		Rules    []struct{ Campaign, Result, Detail string }
	},
	) {
		t.Helper()
		srv.ask(http.MethodPost, "/checkout/explain",
			`{"claims":{"email":"ann@example.com"},"request":{"uri":"/upgrade"}}`, &e)
		return e
	}
	e := ask()
	if r := e.Rules[0]; e.Campaign != "usual" || r.Result != "event" ||
		r.Detail != "event asked 36h: it did not happen" {
		t.Errorf("before: %+v", e)
	}
	srv.told("asked", 204)
	res, _ := srv.click("/upgrade", by("ann@example.com"))
	paid := srv.pay(res.Header.Get("Location"))
	if r := ask().Rules[0]; r.Detail != "event zotlo.refund: it did not happen" {
		t.Errorf("paid: %+v", r)
	}
	if _, err := srv.zotlo.Refund(paid.TransactionID); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"event asked 36h: it happened", "event zotlo.refund: it happened",
		"no_event bought: it did not happen",
	}
	if e := ask(); e.Campaign != "back" || !slices.Equal(e.Facts, want) {
		t.Errorf("refunded: %+v", e)
	}
	srv.told("bought", 204)
	if r := ask().Rules[0]; r.Result != "no_event" || r.Detail != "no_event bought: it happened" {
		t.Errorf("bought: %+v", r)
	}
	var guest struct {
		Rules []struct{ Result, Detail string }
	}
	srv.ask(http.MethodPost, "/checkout/explain", `{"campaigns":["back"]}`, &guest)
	if r := guest.Rules[0]; r.Result != "event" || !strings.Contains(r.Detail, "nothing is known of the user") {
		t.Errorf("a guest: %+v", r)
	}
}

// TestEventsThatNobodyTells warn at load, since their campaigns never come.
func TestEventsThatNobodyTells(t *testing.T) {
	srv := openServer(t, watched)
	srv.warns(0, "never happens")
	deaf := strings.NewReplacer("checkout_webhook /hooks {\n\t\ttoken {env.HOOK_TOKEN}\n\t}\n", "",
		"checkout_events /events {\n\t\ttoken {env.HOOK_TOKEN}\n\t}\n", "").Replace(watched)
	if err := srv.reload(deaf); err != nil {
		t.Fatal(err)
	}
	srv.warns(3, "an event never happens: no checkout_events")
	srv.warns(1, "an event of Zotlo's never happens: no checkout_webhook", "zotlo.refund")
}

// TestAnEventIsACondition: a route of nothing else may offer nothing.
func TestAnEventIsACondition(t *testing.T) {
	srv := openServer(t, strings.Replace(watched, "/upgrade back usual", "/upgrade back", 1))
	srv.warns(1, "every campaign of a route is conditional")
}

// TestMistakesInEvents are found at load, in a Caddyfile and in JSON.
func TestMistakesInEvents(t *testing.T) {
	s := openEventShop(t)
	t.Setenv("HOOK_TOKEN", hookToken)
	t.Setenv("SHORT", "fifteen letters")
	for change, want := range map[string]string{
		"event visit|event":                                                        "event takes a name and perhaps a duration",
		"event visit|event visit 3d 4d":                                            "event takes a name and perhaps a duration",
		"event visit|event visit soon":                                             "event visit: \"soon\" is not a duration",
		"event visit|event visit 0s":                                               "event visit: \"0s\" is not a duration",
		"event visit|event visit\nevent visit":                                     "event visit is written twice",
		"event visit|event Visit":                                                  "event: \"Visit\" is no name of an event",
		"event visit|event zotlo.canceled":                                         "event: \"zotlo.canceled\" is no event: Zotlo's own are zotlo.cancel",
		"event visit|no_event zotlo.x":                                             "no_event: \"zotlo.x\" is no event",
		"event visit|no_event cart_left":                                           "event cart_left 3d and no_event cart_left can never hold together",
		"cart_left.total} EUR|cart_left} EUR":                                      "write {http.checkout.event.<name>.<value>}",
		"cart_left.total} EUR|zotlo.x.total} EUR":                                  "\"zotlo.x\" is no event",
		"cart_left.total} EUR|cart_left.Total} EUR":                                "\"Total\" is no name of a value",
		"cart_left.note}|cart-left.note}":                                          "\"cart-left\" is no name of an event",
		"header X-Never *|expression {http.checkout.event.zotlo.x.y} == \\\"1\\\"": "\"zotlo.x\" is no event",
		"checkout_events /events {|checkout_events events {":                       "checkout_events takes no value but a matcher",
		"token {env.EVENTS_TOKEN}|token {env.SHORT}":                               "token: it has 15 characters and can be guessed",
		"token {env.EVENTS_TOKEN}|token {env.NOT_SET}":                             "placeholder {env.NOT_SET} is empty",
		"token {env.EVENTS_TOKEN}|tokens x":                                        "checkout_events: unknown option \"tokens\": known here are token",
		"token {env.EVENTS_TOKEN}\n\t\ttoken {env.OLD_EVENTS_TOKEN}|":              "checkout_events: token is missing: write `token {env.EVENTS_TOKEN}`",
	} {
		from, to, _ := strings.Cut(change, "|")
		if !strings.Contains(eventShop, from) {
			t.Fatalf("the shop has no %q", from)
		}
		config := strings.Replace(eventShop, from, strings.ReplaceAll(to, `\"`, `"`), 1)
		if err := s.reload(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", change, err, want)
		}
	}
	s.sells("/usual", "3", by("ann@example.com")) // what runs goes on
}

// TestEventsInJSONConfiguration: durations are Caddy's.
func TestEventsInJSONConfiguration(t *testing.T) {
	setKeys(t)
	for text, want := range map[string]string{
		`"event":{"cart":"3d","visit":0},"no_event":{"order":3600000000000}`: "",
		`"event":{"cart":"soon"}`:   "event cart: its time must be a duration such as 14d or 36h",
		`"event":{"zotlo.none":0}`:  `event: "zotlo.none" is no event`,
		`"event":["cart"]`:          "write an object of names and durations",
		`"no_event":{"cart":"-1h"}`: "no_event cart: the time is negative",
		`"events":{"cart":"1h"}`:    "unknown field",
	} {
		err := provisionsApp(t, `{"jwt":{"default":{"secret":["{env.JWT_SECRET}"],`+
			`"from":[{"in":"cookie","name":"session"}]}},"campaign":{"pro":{"link_id":"1",`+text+`}}}`)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// provisionsApp loads a configuration of the app.
func provisionsApp(t *testing.T, app string) error {
	t.Helper()
	base, err := caddy.ProvisionContext(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(base)
	defer cancel()
	_, err = ctx.LoadModuleByID("checkout", []byte(app))
	return err
}
