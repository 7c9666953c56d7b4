package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/freeport"
	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testneed"
	"github.com/caddy-checkout/checkout/sandbox"
)

// watched is a site with something for every panel of the dashboard.
const watched = "{" + shoptest.Private + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign lifetime {
			link_id 123
			package_name {http.checkout.claim.nobody_has_this}
			one_time_price 19.99 EUR
			experiment price {
				variant control 50%
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
		}
		campaign monthly {
			link_id 124
			subscribed /account
		}
	}
}

http:// {
	checkout_offer /page lifetime {
		warm
	}
	checkout_link /lifetime lifetime
	checkout_link /monthly monthly
	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
		verify
	}
	metrics /metrics
	respond /page "a page"
}
`

// prometheus is a real one that scrapes a shop and has the shipped rules.
type prometheus struct {
	*testing.T
	address string
}

// TestPrometheusTakesWhatIsShipped provisions docs/alerts.yml into a real Prometheus, lets it scrape
// the real binary, and asks it everything that docs/grafana.json asks: no query may fail, and each
// must have an answer once there was something to see.
func TestPrometheusTakesWhatIsShipped(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, watched)
	p := startPrometheus(t, s.HTTP)
	shoptest.Eventually(t, "the first scrape", func() bool {
		return len(p.ask(`caddy_checkout_webhooks_total{result="forged"}`)) > 0
	})
	liveAnEvening(t, s)

	for panel, queries := range dashboardQueries(t) {
		for _, query := range queries {
			if neverSeen(query) {
				p.ask(query) // it must be a query all the same
				continue
			}
			shoptest.Eventually(t, "an answer for "+panel+": "+query, func() bool {
				return len(p.ask(query)) > 0
			})
		}
	}
	for _, record := range []string{"checkout:users:1d", "checkout:chi_square:1d"} {
		shoptest.Eventually(t, record, func() bool { return len(p.ask(record)) > 0 })
	}
	for _, alert := range []string{"CheckoutWebhookForged", "CheckoutPaymentMismatch"} {
		shoptest.Eventually(t, alert+" to fire", func() bool {
			return len(p.ask(`ALERTS{alertname="`+alert+`",alertstate="firing"}`)) > 0
		})
	}
	p.wantHealthyRules(15)
}

// neverSeen reports whether nothing of this evening moves a metric: no Redis that fails, no key set,
// no matcher, no partner.
func neverSeen(query string) bool {
	for _, name := range []string{
		"cache_errors_total", "jwks_refreshes_total", "matcher_errors_total", "partner_codes_total",
	} {
		if strings.Contains(query, "caddy_checkout_"+name) {
			return true
		}
	}
	return false
}

// liveAnEvening lets happen what the dashboard shows: pages, clicks, sales, renewals, a refund, a
// wrong price, and a webhook that is forged.
func liveAnEvening(t *testing.T, s *shoptest.Shop) {
	t.Helper()
	var bought sandbox.Payment
	for i := range 16 {
		email := fmt.Sprintf("shopper%d@example.com", i)
		s.Click(t, email, "/page")
		link := s.Sold(t, email, "/lifetime")
		s.Click(t, email, "/lifetime")
		if i < 6 {
			bought = s.Pay(t, link)
		}
	}
	s.Pay(t, s.Sold(t, "wrong@example.com", "/lifetime"), sandbox.Charge("99.00", "EUR"))
	if _, err := s.Zotlo.Refund(bought.TransactionID); err != nil {
		t.Fatal(err)
	}
	abo := s.Pay(t, s.Sold(t, ann, "/monthly"), sandbox.Trial())
	for range 2 {
		if _, err := s.Zotlo.Renew(abo.TransactionID); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Zotlo.Status(abo.TransactionID, sandbox.EventActiveToGrace); err != nil {
		t.Fatal(err)
	}
	s.Click(t, ann, "/monthly")
	s.Click(t, "", "/lifetime")
	// One that comes before the genuine one is held against what Zotlo knows.
	s.Zotlo.HoldWebhooks()
	s.Pay(t, s.Sold(t, ben, "/lifetime"))
	s.PostHook(t, misquoted(t, s.Event(t, sandbox.KindPayment)), http.StatusOK)
	s.Zotlo.ReleaseWebhooks(t.Context())
	if n := s.Metric(t, shoptest.Webhooks, `result="forged"`); n != 1 {
		t.Fatalf("%v webhooks are forged", n)
	}
}

// misquoted is a webhook that says another price than Zotlo knows, under a name of its own.
func misquoted(t *testing.T, genuine sandbox.Event) string {
	t.Helper()
	var body map[string]map[string]any
	if err := json.Unmarshal(genuine.Body, &body); err != nil {
		t.Fatal(err)
	}
	body["queue"]["requestID"] = "made up"
	body["parameters"]["price"] = "1.00"
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// dashboardQueries are the queries of the shipped dashboard by panel, with what Grafana puts in the
// place of its variables.
func dashboardQueries(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("$__rate_interval", "5m", "$__interval", "5m", "$__range", "1d",
		"$job", ".*", "$campaign", ".*", "$experiment", ".*", "$at", "link")
	queries := map[string][]string{}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries[panel.Title] = append(queries[panel.Title], fill.Replace(target.Expr))
		}
	}
	if len(queries) < 30 {
		t.Fatalf("the dashboard has %d panels with queries", len(queries))
	}
	return queries
}

// startPrometheus runs a Prometheus with the shipped rules, in a hurry.
func startPrometheus(t *testing.T, target string) prometheus {
	t.Helper()
	program := testneed.Prometheus(t)
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rules, err := os.ReadFile("docs/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	write("alerts.yml", strings.ReplaceAll(string(rules), "interval: 5m", "interval: 1s"))
	write("prometheus.yml", `
global: {scrape_interval: 500ms, evaluation_interval: 1s}
rule_files: [alerts.yml]
scrape_configs:
  - job_name: caddy
    metrics_path: /metrics
    static_configs: [{targets: ["`+target+`"]}]
`)
	address, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	p := prometheus{t, "http://" + address}
	shoptest.Eventually(t, "Prometheus is ready", func() bool {
		res, err := http.Get(p.address + "/-/ready")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return p
}

// ask puts a query, which must be one, and returns what it has found.
func (p prometheus) ask(query string) []any {
	p.Helper()
	var found struct{ Result []any }
	p.get("/api/v1/query?query="+url.QueryEscape(query), &found)
	return found.Result
}

// wantHealthyRules checks that there are as many rules, and that none of them has failed.
func (p prometheus) wantHealthyRules(want int) {
	p.Helper()
	var all struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	p.get("/api/v1/rules", &all)
	n := 0
	for _, group := range all.Groups {
		for _, rule := range group.Rules {
			n++
			if rule.Health != "ok" || rule.LastError != "" {
				p.Errorf("%s is %s: %s", rule.Name, rule.Health, rule.LastError)
			}
		}
	}
	if n != want {
		p.Errorf("Prometheus has %d rules, want %d", n, want)
	}
}

// get reads the data of an answer.
func (p prometheus) get(path string, data any) {
	p.Helper()
	res, err := http.Get(p.address + path)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		p.Fatal(err)
	}
	if answer.Status != "success" {
		p.Fatalf("%s: %s", path, answer.Error)
	}
}
