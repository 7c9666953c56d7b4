package caddymodule_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestNewExperimentIsNotCreditedWithTheOldOnesPayments: a new key with the same names of variants
// began with the old one's sales.
func TestNewExperimentIsNotCreditedWithTheOldOnesPayments(t *testing.T) {
	running := func(key string) string {
		return serverWith(`
		campaign swap {
			link_id 1
			experiment `+key+` {
				variant control 50%
				variant cheaper 50%
			}
		}`, `checkout_link /upgrade swap
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}`)
	}
	srv := openServer(t, running("swap-old"))
	sold := func() (campaign, variants float64) {
		var answer struct {
			Campaigns []struct {
				Conversions map[string]float64
				Refunds     float64
				Experiment  struct {
					Variants []struct {
						Conversions map[string]float64
						Refunds     float64
					}
				}
			}
		}
		srv.ask(http.MethodGet, "/checkout/campaigns", "", &answer)
		c := answer.Campaigns[0]
		for _, v := range c.Experiment.Variants {
			variants += total(v.Conversions) + v.Refunds
		}
		return total(c.Conversions) + c.Refunds, variants
	}
	campaignBefore, variantsBefore := sold()
	res, _ := srv.click("/upgrade", by("ann@example.com"))
	if _, err := srv.zotlo.Refund(srv.pay(res.Header.Get("Location")).TransactionID); err != nil {
		t.Fatal(err)
	}
	if campaign, variants := sold(); campaign-campaignBefore != 2 || variants-variantsBefore != 2 {
		t.Fatalf("a payment and a refund, and the campaign has %v more, its variants %v",
			campaign-campaignBefore, variants-variantsBefore)
	}
	if err := srv.reload(running("swap-new")); err != nil {
		t.Fatal(err)
	}
	if campaign, variants := sold(); campaign-campaignBefore != 2 || variants != 0 {
		t.Errorf("under a new key the campaign has %v, its variants %v", campaign, variants)
	}
}

func total(counts map[string]float64) (sum float64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

func TestCampaignsShowStateRangesAndCounts(t *testing.T) {
	srv := openServer(t, saleServer)
	count := func() map[string]map[string]any {
		var answer struct {
			Campaigns []map[string]any `json:"campaigns"`
		}
		srv.ask(http.MethodGet, "/checkout/campaigns", "", &answer)
		byName := make(map[string]map[string]any)
		for _, c := range answer.Campaigns {
			byName[c["name"].(string)] = c
		}
		return byName
	}
	before := count()
	res, _ := srv.click("/upgrade", as(jwt.MapClaims{"email": "eve@example.com", "sub": "c-buyer"}))
	srv.click("/upgrade", as(jwt.MapClaims{"email": "eve@example.com", "sub": "c-buyer"}))
	srv.zotlo.Refund(srv.pay(res.Header.Get("Location")).TransactionID)
	srv.writesExposures(saleServer)
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
	e := srv.explain(`{"campaigns":["c-sale"],` +
		`"claims":{"email":"eve@example.com","sub":"c-buyer"}}`)
	if want := map[bool]float64{true: 1}[e.Counted]; seen != want {
		t.Errorf("%v exposures more, want %v", seen, want)
	}
}

// number reads a number below two keys; what is not there is 0.
func number(m map[string]any, key, below string) float64 {
	inner, _ := m[key].(map[string]any)
	n, _ := inner[below].(float64)
	return n
}

// tried is a server whose one experiment has a text in it, and perhaps more options.
func tried(title string, options ...string) string {
	return serverWith(`		campaign pro {
			link_id 1
			experiment words {
				`+strings.Join(append(options, "variant control 100%"), "\n\t\t\t\t")+`
				variant other 0% {
					package_name `+title+`
				}
			}
		}`, `checkout_link /u pro
	checkout_offer / pro
	respond "page"`)
}

// TestExperimentsFollowRuns: a person counts once in a run, whatever they click and however often
// the configuration is loaded; another text is another run, and going back continues the first.
func TestExperimentsFollowRuns(t *testing.T) {
	srv := openServer(t, tried("new"))
	before := srv.scraped()
	ann := by(rand.Text() + "@example.com")
	wants := func(runs ...string) {
		t.Helper()
		got := ""
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			if got = srv.runs(); got == strings.Join(runs, ", ") {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("runs %s, want %v", got, runs)
	}
	load := func(config string) {
		t.Helper()
		if err := srv.reload(config); err != nil {
			t.Fatal(err)
		}
	}
	wants("0 running")
	srv.click("/", ann)
	srv.click("/u", ann)
	wants("1 running")
	load(tried("new", "window 30d", "metric rate"))
	srv.click("/u", ann)
	srv.click("/u", by(rand.Text()+"@example.com"))
	wants("2 running")
	load(tried("newer"))
	srv.click("/u", ann)
	wants("1 running", "2 ended")
	load(tried("new"))
	srv.click("/u", ann)
	wants("2 running", "1 ended")
	load(serverWith(proCampaign, `checkout_link /u pro`))
	wants("2 ended", "1 ended")
	moved := srv.scraped().moved(before)
	if offer, all := moved.total("caddy_checkout_exposures_total", "at=offer"),
		moved.total("caddy_checkout_exposures_total"); offer != 1 || all != 3 {
		t.Errorf("%v exposures at offer, of %v; want 1 of 3", offer, all)
	}
	res, text := srv.admin(http.MethodGet, "/checkout/experiments?key=wrods", "")
	if res.StatusCode != http.StatusNotFound || !strings.Contains(string(text), "wrods") ||
		!strings.Contains(string(text), "words") {
		t.Errorf("an unknown key: %s %s", res.Status, text)
	}
}

// runs are those of the one experiment: people, and whether it runs.
func (srv *server) runs() string {
	srv.t.Helper()
	var answer struct {
		Experiments []struct {
			Runs []struct {
				People int
				Until  time.Time
			}
		}
	}
	srv.ask(http.MethodGet, "/checkout/experiments", "", &answer)
	var texts []string
	for _, e := range answer.Experiments {
		for _, r := range e.Runs {
			state := "running"
			if !r.Until.IsZero() {
				state = "ended"
			}
			texts = append(texts, fmt.Sprint(r.People, " ", state))
		}
	}
	return strings.Join(texts, ", ")
}

// TestNamespacesAtLoad: what two experiments of one namespace may not have, and what they better
// had not.
func TestNamespacesAtLoad(t *testing.T) {
	pair := func(first, second string) string {
		return serverWith(`		campaign pro {
			link_id 1
			experiment a {
				`+first+`
				variant control 100%
			}
		}
		campaign basic {
			link_id 2
			experiment b {
				`+second+`
				variant control 100%
			}
		}`, `checkout_link /u pro`)
	}
	srv := openServer(t, pair("namespace shop 0% 50%", "namespace shop 50% 100%"))
	srv.warns(0, "share the users")
	if err := srv.reload(pair("namespace shop 0% 50%", "namespace shop 40% 100%")); err != nil {
		t.Fatal(err)
	}
	srv.warns(1, "share the users from 40% to 50% of namespace shop")
	err := srv.reload(pair("namespace shop 0% 50%", "namespace shop 50% 100%\nhash_attribute email"))
	if err == nil || !strings.Contains(err.Error(), "write the same in both") {
		t.Errorf("two hash attributes: %v", err)
	}
}
