package caddymodule_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/caddymodule"
	"github.com/caddy-checkout/checkout/sandbox"
)

// clubShop sells subscriptions of two projects, and shows who has one.
const clubShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		project partners {
			api_url {$API}
			access_key {env.ZOTLO_ACCESS_KEY}
			access_secret {env.ZOTLO_ACCESS_SECRET}
			application_key {env.ZOTLO_APPLICATION_KEY}
		}
		cache stumbling
		ledger stumbling
		campaign monthly {
			link_id 124
			subscribed /account?from={http.checkout.campaign}
			after_payment /thanks
		}
		campaign yearly {
			link_id 125
			subscribed https://shop.example.com/account yearly-plan family
		}
		campaign partner {
			project partners
			link_id 126
			subscribed /account
		}
		campaign loop {
			link_id 127
			subscribed /loop?again=1
		}
	}
}

http:// {
	header >X-Outcome "{http.checkout.outcome}"
	checkout_link /monthly monthly
	checkout_link /yearly yearly
	checkout_link /partner partner
	checkout_link /loop loop
	checkout_offer /page monthly
	checkout_offer /yearly-page yearly
	respond /page "{http.checkout.subscribed} {http.checkout.subscriber} {http.checkout.attribution}"
	respond /yearly-page "{http.checkout.subscribed}"
	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
	}
}
`

func openClub(t *testing.T) *till {
	t.Setenv("HOOK_TOKEN", hookToken)
	stumble("", 0)
	s := &till{shop: openShop(t, clubShop)}
	s.count = s.conversions()
	return s
}

// updates is told by Zotlo how Ann's subscription stands, and when its period ends.
func (s *till) updates(status, realStatus string, ends time.Duration) {
	s.t.Helper()
	now := time.Now().UTC()
	body := fmt.Sprintf(`{"queue":{"type":"SubscriberUpdate","eventType":"renewal",
		"createDate":{"date":%q,"timezone":"UTC"}},"parameters":{"profile":{"status":%q,
		"realStatus":%q,"package":"monthly-plan","expireDate":%q,"originalTransactionId":"1",
		"subscriberId":"Ann@Example.com"}}}`, now.Format("2006-01-02 15:04:05.000000"),
		status, realStatus, now.Add(ends).Format(time.DateTime))
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "/hooks/zotlo",
		strings.NewReader(body))
	r.Header.Set("X-Webhook-Token", hookToken)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		s.t.Fatalf("an update is answered %d", w.Code)
	}
}

// answers is where Ann's click leads, and its outcome.
func (s *till) answers(path, outcome, to string) {
	s.t.Helper()
	res := s.click(path, by("ann@example.com"))
	got := res.Header.Get("Location")
	if _, link := s.zotlo.Link(got); link {
		got = "link"
	}
	if got != to || res.Header.Get("X-Outcome") != outcome || res.StatusCode != 303 {
		s.t.Errorf("%s leads to %d %q, outcome %q; want %q, %q", path, res.StatusCode, got,
			res.Header.Get("X-Outcome"), to, outcome)
	}
}

func (s *till) shows(path, want string) {
	s.t.Helper()
	res := s.click(path, by("ann@example.com"))
	if body, _ := io.ReadAll(res.Body); string(body) != want {
		s.t.Errorf("%s shows %q, want %q", path, body, want)
	}
}

// TestSubscriberIsSentAway: as long as a subscription runs there is no second checkout; anyone else
// buys, and anyone whose subscription has ended buys again.
func TestSubscriberIsSentAway(t *testing.T) {
	s := openClub(t)
	s.answers("/monthly", "link", "link")
	s.shows("/yearly-page", "false")
	s.updates("active", "active", time.Hour)
	s.answers("/monthly", "subscribed", "/account?from=monthly")
	s.answers("/yearly", "link", "link") // of another package
	s.answers("/partner", "link", "link")
	s.answers("/loop", "link", "link") // a redirect there would go round for ever
	s.shows("/yearly-page", "false")
	if res := s.click("/monthly", by("ben@example.com")); res.Header.Get("X-Outcome") != "link" {
		t.Errorf("Ben gets %q", res.Header.Get("X-Outcome"))
	}
	s.updates("active", "passive", -time.Second) // cancelled, and over
	s.answers("/monthly", "link", "link")
	s.updates("grace", "grace", -time.Hour)
	s.answers("/monthly", "subscribed", "/account?from=monthly")
	s.updates("passive", "passive", -time.Hour)
	s.answers("/monthly", "link", "link")
}

// TestARotatedSecretKnowsSubscribers: whichever secret is changed, nobody becomes unknown and is sold
// twice, as long as an old access secret is written as one of the ledger's.
func TestARotatedSecretKnowsSubscribers(t *testing.T) {
	t.Setenv("HOOK_TOKEN", hookToken)
	t.Setenv("FIRST_SECRET", "first-secret-of-the-ledger")
	t.Setenv("SECOND_SECRET", "second-secret-of-the-ledger")
	under := func(secrets ...string) string {
		block := "ledger file {\n\t\t\tsecret " + strings.Join(secrets, "\n\t\t\tsecret ") + "\n\t\t}"
		return strings.Replace(clubShop, "ledger stumbling", block, 1)
	}
	const first, second = "{env.FIRST_SECRET}", "{env.SECOND_SECRET}"
	s := &till{shop: openShop(t, under(first))}
	s.updates("active", "active", time.Hour)
	s.answers("/monthly", "subscribed", "/account?from=monthly")
	otherAccess := func(config string) string {
		return strings.Replace(config, "ledger file", "access_secret "+second+"\n\t\tledger file", 1)
	}
	for _, step := range []struct{ name, config string }{
		{"the ledger's, the old one second", under(second, first)},
		{"the old one left out", under(second)},
		{"the access secret", otherAccess(under(second, "{env.ZOTLO_ACCESS_SECRET}"))},
	} {
		t.Run(step.name, func(t *testing.T) {
			s.t = t
			if err := s.reload(step.config); err != nil {
				t.Fatal(err)
			}
			s.answers("/monthly", "subscribed", "/account?from=monthly")
		})
	}
}

// TestSubscribedComesBeforeAfterPayment: the page that both know more of is that of subscribers.
func TestSubscribedComesBeforeAfterPayment(t *testing.T) {
	s := openClub(t)
	s.hears("TransactionInsert", "1", http.StatusOK)
	s.answers("/monthly", "subscribed", "/account?from=monthly")
	s.updates("passive", "passive", 0)
	s.answers("/monthly", "after_payment", "/thanks")
}

// TestPayerWithAnotherAddress: anyone whom the link was for is subscribed as well as the one who paid.
func TestPayerWithAnotherAddress(t *testing.T) {
	s := openClub(t)
	s.zotlo.SetWebhooks(hooksTo(s.shop))
	link := s.click("/yearly", by("ann@example.com")).Header.Get("Location")
	if _, err := s.zotlo.Pay(link, sandbox.As("elsewhere@example.com")); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"ann@example.com", "elsewhere@example.com"} {
		res := s.click("/monthly", by(who))
		if got := res.Header.Get("X-Outcome"); got != "subscribed" {
			t.Errorf("%s gets %q", who, got)
		}
	}
}

// TestSubscribersClientsAreToldInTheirWay: JSON with a whole URL, and a framework's own header.
func TestSubscribersClientsAreToldInTheirWay(t *testing.T) {
	s := openClub(t)
	s.updates("active", "active", time.Hour)
	res := s.click("/monthly", by("ann@example.com"), wantJSON)
	want := `{"url":"` + s.site.URL + `/account?from=monthly"}` + "\n"
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 200 || string(body) != want {
		t.Errorf("JSON: %d %s", res.StatusCode, body)
	}
	private(t, res)
	for name, c := range clients {
		res := s.click("/monthly", append(c.asks, by("ann@example.com"))...)
		if to := s.leads(res, c.status, c.leads); to != "/account?from=monthly" {
			t.Errorf("%s: leads to %q", name, to)
		}
	}
}

// TestSaleGoesOnWithoutTheLedger: what cannot be looked up sends nobody away.
func TestSaleGoesOnWithoutTheLedger(t *testing.T) {
	s := openClub(t)
	s.updates("active", "active", time.Hour)
	stumble("read", 1)
	s.answers("/monthly", "link", "link")
	stumble("read", 1)
	if res := s.click("/page", by("ann@example.com")); res.StatusCode != 200 {
		t.Errorf("the page answers %d", res.StatusCode)
	}
	s.answers("/monthly", "subscribed", "/account?from=monthly")
}

// TestOneLookUpAnswersEverything: the ledger is asked once a click, and not at all by a campaign
// that wants nothing of it.
func TestOneLookUpAnswersEverything(t *testing.T) {
	s := openClub(t)
	s.updates("passive", "passive", 0)
	for path, want := range map[string]int{"/monthly": 1, "/page": 1, "/yearly": 1} {
		caddymodule.Stumbles.Count("read")
		s.click(path, by("ann@example.com"))
		if got := caddymodule.Stumbles.Count("read"); got != want {
			t.Errorf("%s asks the ledger %d times, want %d", path, got, want)
		}
	}
}

// TestPageKnowsItsSubscriber: what a page needs to show the right button, and to open a checkout of
// its own.
func TestPageKnowsItsSubscriber(t *testing.T) {
	s := openClub(t)
	shows := func() []string {
		t.Helper()
		body, _ := io.ReadAll(s.click("/page", by("ann@example.com")).Body)
		return strings.Split(string(body), " ")
	}
	got := shows()
	if len(got) != 3 || got[0] != "false" || got[1] != "ann@example.com" ||
		!strings.HasPrefix(got[2], "c=monthly&s=") || !strings.Contains(got[2], "&h=") {
		t.Errorf("the page shows %q", got)
	}
	if again := shows(); again[2] == got[2] {
		t.Error("two pages carry one attribution")
	}
	s.updates("active", "active", time.Hour)
	if got := shows(); got[0] != "true" {
		t.Errorf("the page shows %q", got)
	}
	body, _ := io.ReadAll(s.click("/page").Body)
	if !strings.HasPrefix(string(body), "false  c=monthly&r=") {
		t.Errorf("an anonymous visitor's page shows %q", body)
	}
}

// TestExplainAnswersASubscriberAsAClickDoes: the reason why a shopper gets no link.
func TestExplainAnswersASubscriberAsAClickDoes(t *testing.T) {
	srv := openServer(t, "{"+serverOptions+`
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign monthly {
			link_id 124
			subscribed /account
		}
	}
}

http:// {`+serverSite+`
	checkout_link /monthly monthly
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}
}
`)
	const question = `{"claims":{"email":"ann@example.com"},"request":{"uri":"/monthly"}}`
	if got := srv.explain(question).Outcome; got != "link" {
		t.Errorf("before: %q", got)
	}
	res, _ := srv.click("/monthly", by("ann@example.com"))
	srv.pay(res.Header.Get("Location"))
	if got := srv.explain(question).Outcome; got != "subscribed" {
		t.Errorf("afterwards: %q", got)
	}
	if res, _ := srv.click("/monthly", by("ann@example.com")); res.Header.Get("Location") != "/account" {
		t.Errorf("the click leads to %q", res.Header.Get("Location"))
	}
}
