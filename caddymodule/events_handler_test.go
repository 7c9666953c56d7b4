package caddymodule_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/caddymodule"
)

const eventsToken = "a token of the backend's own"

// eventShop wins back who left a cart, at a price that the backend said.
const eventShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		ledger stumbling
		campaign cart {
			link_id 1
			match {
				not header X-Never *
			}
			event cart_left 3d
			event visit
			no_event ordered
			no_event zotlo.payment 30d
			one_time_price {http.checkout.event.cart_left.total} EUR 1.00 99.00
			subscribed /account
			additional_text "{http.checkout.event.cart_left.note} again"
		}
		campaign new {
			link_id 2
			no_event ordered
		}
		campaign usual {
			link_id 3
		}
	}
}

http:// {
	checkout_link /cart cart new usual {
		anonymous guest
	}
	checkout_link /usual usual
	checkout_offer /page cart usual
	respond /page "{http.checkout.campaign} {http.checkout.price} {http.checkout.event.cart_left.total}"
	checkout_offer /both cart usual
	checkout_link /both cart usual
	checkout_events /events {
		token {env.EVENTS_TOKEN}
		token {env.OLD_EVENTS_TOKEN}
	}
}
`

// openEventShop is a shop whose backend tells of events.
func openEventShop(t testing.TB) *shop {
	t.Setenv("EVENTS_TOKEN", eventsToken)
	t.Setenv("OLD_EVENTS_TOKEN", eventsToken+", the old one")
	stumble("", 0)
	return openShop(t, eventShop)
}

// bearing is a request of the backend.
func bearing(token string) func(*request) { return header("Authorization", "Bearer "+token) }

// posts has the backend send a batch, and wants an answer.
func (s *shop) posts(how, body string, status int) *http.Response {
	s.t.Helper()
	res := s.click("/events", method(how), withBody(body), bearing(eventsToken))
	if res.StatusCode != status {
		text, _ := io.ReadAll(res.Body)
		s.t.Fatalf("%s %s is answered %d %s, want %d", how, body, res.StatusCode, text, status)
	}
	private(s.t, res)
	return res
}

// tells of an event of Ann's, a number of hours ago. more are further members.
func (s *shop) tells(event string, hours int, more string) {
	s.t.Helper()
	s.posts(http.MethodPost, annsEvent(event, hours, more), http.StatusNoContent)
}

func annsEvent(event string, hours int, more string) string {
	at := time.Now().Add(-time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"subscriber":"ann@example.com","event":%q,"at":%q%s}`, event, at, more)
}

// sells is what a click buys: base link, price and text.
func (s *shop) sells(path, want string, options ...func(*request)) {
	s.t.Helper()
	link, found := s.zotlo.Link(s.click(path, options...).Header.Get("Location"))
	got := strings.TrimSpace(link.CheckoutLinkID + " " + link.CustomPrice + " " + link.AdditionalText)
	if !found || got != want {
		s.t.Errorf("%s sells %q (%v), want %q", path, got, found, want)
	}
}

// TestABackendTellsOfEvents: campaigns follow what the backend tells, by the next click.
func TestABackendTellsOfEvents(t *testing.T) {
	s, ann := openEventShop(t), by("ann@example.com")
	s.sells("/cart", "2", ann)
	s.tells("visit", 900, "")
	s.tells("cart_left", 2, `,"values":{"total":"49.90","note":"Hello"}`)
	s.sells("/cart", "1 49.90 Hello again", ann)
	s.sells("/cart", "1 49.90 Hello again", ann) // from the cache
	s.sells("/cart", "2", by("ben@example.com"))
	s.tells("cart_left", 1, `,"values":{"total":"19.90"}`)
	s.sells("/cart", "1 19.90", ann) // what was dear a moment ago is not served on
	s.tells("cart_left", 3, `,"values":{"total":"1.90"}`)
	s.sells("/cart", "1 19.90", ann)
	if body, _ := io.ReadAll(s.click("/page", ann).Body); string(body) != "cart 19.90 19.90" {
		t.Errorf("the page shows %q", body)
	}
	s.tells("ordered", 0, "")
	s.sells("/cart", "3", ann)
	s.posts(http.MethodDelete, `{"subscriber":"ANN@example.com","event":"ordered"}`, http.StatusNoContent)
	s.sells("/cart", "1 19.90", ann)
	s.tells("cart_left", 73, "")
	s.posts(http.MethodDelete, annsEvent("cart_left", 0, ""), http.StatusNoContent)
	s.sells("/cart", "2", ann)
	s.posts(http.MethodDelete, annsEvent("never", 0, ""), http.StatusNoContent)
}

// TestAnOldEventIsOver: what happened longer ago than the campaign asks.
func TestAnOldEventIsOver(t *testing.T) {
	s, ann := openEventShop(t), by("ann@example.com")
	s.tells("visit", 0, "")
	s.tells("cart_left", 73, `,"values":{"total":"49.90"}`)
	s.sells("/cart", "2", ann)
	s.tells("cart_left", 71, `,"values":{"total":"49.90"},"keep":"70h"`)
	s.sells("/cart", "2", ann)
	s.tells("cart_left", 70, `,"values":{"total":"49.90"},"keep":"71h"`)
	s.sells("/cart", "1 49.90", ann)
}

// TestSubscribersInAllForms: whatever a token may call them.
func TestSubscribersInAllForms(t *testing.T) {
	s := openEventShop(t)
	s.posts(http.MethodPost, `[
		{"subscriber":"+49 (30) 901-820","event":"ordered"},
		{"subscriber":"tel:+49-30-901-821","event":"ordered"},
		{"subscriber":"0049 30 901 822","event":"ordered"},
		{"subscriber":["o'brien@example.com"],"event":"ordered"},
		{"subscriber":"7D444840-9DC0-11D1-B245-5FFDCE74FAD2","event":"ordered"}]`, 204)
	for claims, want := range map[string]string{
		`{"phone_number":"+4930901820"}`:                 "3",
		`{"phone_number":"4930901821"}`:                  "3",
		`{"phone_number":"+49 30 901 822"}`:              "3",
		`{"phone_number":"+4930901823"}`:                 "2",
		`{"email":"O'Brien@example.com"}`:                "3",
		`{"sub":"7d444840-9dc0-11d1-b245-5ffdce74fad2"}`: "3",
	} {
		var all map[string]any
		if err := json.Unmarshal([]byte(claims), &all); err != nil {
			t.Fatal(err)
		}
		s.sells("/cart", want, as(all))
	}
}

// TestUnknownVisitorsGetNoEventCampaign: to be unknown is no way to an offer, and neither is a ledger
// that is away.
func TestUnknownVisitorsGetNoEventCampaign(t *testing.T) {
	s, ann := openEventShop(t), by("ann@example.com")
	s.sells("/cart", "3")                                    // a guest
	s.sells("/cart", "3", as(map[string]any{"sub": "4711"})) // nobody whom Zotlo can know
	s.sells("/cart", "2", ann)
	stumble("read", 1)
	s.sells("/cart", "3", ann)
	s.sells("/cart", "2", ann)
	s.tells("visit", 0, "")
	s.tells("cart_left", 0, `,"values":{"total":"49.90"}`)
	stumble("read", 1)
	s.sells("/cart", "3", ann)
}

// TestEventsCostOneLookUp: whatever the number of lines, together with subscribed and placeholders,
// and for two directives of one request; none for who asks nothing.
func TestEventsCostOneLookUp(t *testing.T) {
	s, ann := openEventShop(t), by("ann@example.com")
	s.tells("visit", 0, "")
	s.tells("cart_left", 0, `,"values":{"total":"49.90"}`)
	looks := func(path string, want int, options ...func(*request)) {
		t.Helper()
		caddymodule.Stumbles.Count("read")
		s.click(path, options...)
		if got := caddymodule.Stumbles.Count("read"); got != want {
			t.Errorf("%s asks the ledger %d times, want %d", path, got, want)
		}
	}
	looks("/cart", 1, ann)
	looks("/page", 1, ann)
	looks("/both", 1, ann)
	looks("/usual", 0, ann)
	looks("/cart", 0)
	looks("/both", 0, ann, header("X-Never", "1"))
}

// TestEventsThatAreNotTaken: each mistake is named by its place, and nothing of its batch is kept.
func TestEventsThatAreNotTaken(t *testing.T) {
	s := openEventShop(t)
	const good = `{"subscriber":"ann@example.com","event":"ordered"},`
	for bad, member := range map[string]string{
		`{"subscriber":"ann","event":"cart"}`:                                         "subscriber",
		`{"subscriber":"0301234567","event":"cart"}`:                                  "subscriber",
		`{"event":"cart"}`:                                                            "subscriber",
		`{"subscriber":"ann@example.com"}`:                                            "event",
		`{"subscriber":"ann@example.com","event":"Cart"}`:                             "event",
		`{"subscriber":"ann@example.com","event":"zotlo.payment"}`:                    "event",
		`{"subscriber":"ann@example.com","event":"cart","at":"2096-01-01T00:00:00Z"}`: "at",
		`{"subscriber":"ann@example.com","event":"cart","at":"yesterday"}`:            "at",
		`{"subscriber":"ann@example.com","event":"cart","keep":"401d"}`:               "keep",
		`{"subscriber":"ann@example.com","event":"cart","values":{"A":"1"}}`:          "values",
		`{"subscriber":"ann@example.com","event":"cart","values":{"a":1}}`:            "values",
		`{"subscriber":"ann@example.com","event":"cart","plan":"pro"}`:                "plan",
		`"cart"`: "",
	} {
		for how, body := range map[string]string{
			http.MethodPost: "[" + good + good + bad + "]", http.MethodDelete: "[" + good + good + bad + "]",
		} {
			res := s.posts(how, body, http.StatusBadRequest)
			var problem struct {
				Type, Title, Detail, Member string
				Status                      int
				Index                       *int
			}
			if err := json.NewDecoder(res.Body).Decode(&problem); err != nil {
				t.Fatal(err)
			}
			if problem.Index == nil || *problem.Index != 2 || problem.Member != member ||
				problem.Status != 400 || problem.Detail == "" || problem.Title == "" ||
				res.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s: %+v", how, bad, problem)
			}
		}
	}
	s.posts(http.MethodDelete, annsEvent("cart", 0, `,"keep":"1h"`), http.StatusBadRequest)
	s.posts(http.MethodDelete, annsEvent("cart", 0, `,"values":{"a":"b"}`), http.StatusBadRequest)
	s.posts(http.MethodPost, `[`, http.StatusBadRequest)
	s.posts(http.MethodPost, `[]`, http.StatusNoContent)
	s.sells("/cart", "2", by("ann@example.com")) // nothing was kept
}

// TestRequestsThatBringNoEvents: what is said before the body is read.
func TestRequestsThatBringNoEvents(t *testing.T) {
	s := openEventShop(t)
	const good = `{"subscriber":"ann@example.com","event":"ordered"}`
	old := bearing(eventsToken + ", the old one")
	most := good[:len(good)-1] + strings.Repeat(" ", 256<<10-len(good)) + "}"
	for name, test := range map[string]struct {
		status  int
		options []func(*request)
	}{
		"no token":          {401, []func(*request){method("POST"), withBody(good)}},
		"another token":     {401, []func(*request){method("POST"), withBody(good), bearing(eventsToken + "x")}},
		"no scheme":         {401, []func(*request){method("POST"), withBody(good), header("Authorization", eventsToken)}},
		"in the query":      {401, []func(*request){method("POST"), withBody(good), func(r *request) { r.URL.RawQuery = "token=" + url.QueryEscape(eventsToken) }}},
		"read":              {405, []func(*request){method("GET"), old}},
		"put":               {405, []func(*request){method("PUT"), withBody(good), old}},
		"a form":            {415, []func(*request){method("POST"), withBody(good), old, header("Content-Type", "application/x-www-form-urlencoded")}},
		"text":              {415, []func(*request){method("POST"), withBody(good), old, header("Content-Type", "text/plain")}},
		"too long":          {413, []func(*request){method("POST"), withBody(most + " "), old}},
		"too many":          {400, []func(*request){method("POST"), withBody("[" + strings.Repeat(good+",", 1000) + good + "]"), old}},
		"with charset":      {204, []func(*request){method("POST"), withBody(good), old, header("Content-Type", "application/json; charset=utf-8")}},
		"of no type":        {204, []func(*request){method("POST"), withBody(good), old, func(r *request) { r.Header.Del("Content-Type") }}},
		"as long as may be": {204, []func(*request){method("POST"), withBody(most), old}},
		"as many as may be": {204, []func(*request){method("POST"), withBody("[" + strings.Repeat(good+",", 999) + good + "]"), old}},
	} {
		res := s.click("/events", test.options...)
		text, _ := io.ReadAll(res.Body)
		if res.StatusCode != test.status || (len(text) > 0) != (test.status >= 400) {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, text, test.status)
		}
		private(t, res)
		if test.status == 401 && res.Header.Get("WWW-Authenticate") != "Bearer" ||
			test.status == 405 && res.Header.Get("Allow") != "POST, DELETE" {
			t.Errorf("%s: %v", name, res.Header)
		}
	}
}

// TestEventsWaitForTheLedger: what is not durable is not answered with success, and clicks go on.
func TestEventsWaitForTheLedger(t *testing.T) {
	s, ann := openEventShop(t), by("ann@example.com")
	for _, op := range []string{"do", "do, done", "do, panic"} {
		stumble(op, 1)
		res := s.posts(http.MethodPost, annsEvent("ordered", 1, ""), http.StatusServiceUnavailable)
		if res.Header.Get("Retry-After") == "" {
			t.Errorf("%s: it does not say when to come back", op)
		}
		if op != "do, done" {
			s.posts(http.MethodPost, annsEvent("ordered", 1, ""), http.StatusNoContent)
			s.posts(http.MethodDelete, annsEvent("ordered", 1, ""), http.StatusNoContent)
		}
		s.click("/cart", ann)
	}
	s.posts(http.MethodPost, annsEvent("ordered", 0, ""), http.StatusNoContent)
	s.sells("/cart", "3", ann)
}
