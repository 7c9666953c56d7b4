package caddymodule_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/caddy-checkout/checkout/sandbox"
)

// meteredServer has two handlers of each kind, so that every collector is met twice.
const meteredServer = `{` + serverOptions + `
	metrics
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		jwt remote {
			jwks {$API}/no-keys
			audience any
			from cookie session
		}
		cache memory {
			ttl 5m
		}
		campaign m-plain {
			link_id 1
			additional_text "{query.missing}"
		}
		campaign m-failing {
			link_id 3
			match {
				expression {query.number} > 10
			}
			event m_event
		}
		campaign m-sale {
			link_id 2
			custom_parameter seen "{query.missing}"
			experiment m-price {
				variant control 50% {
					one_time_price 19.99 EUR
				}
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
		}
	}
}

http:// {` + serverSite + `
	checkout_offer /plans m-sale {
		warm
	}
	checkout_offer /more m-sale
	checkout_link /sale m-sale
	checkout_link /plain m-plain
	checkout_link /failing m-failing m-plain
	checkout_link /remote m-plain {
		jwt remote
	}
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}
	checkout_events /events {
		token {env.HOOK_TOKEN}
	}
	checkout_webhook /again {
		token {env.HOOK_TOKEN}
	}
}
`

// series is one time series: its name and labels as text.
type scrape map[string]float64

// scraped reads Caddy's own /metrics with Prometheus's parser, and checks name, type and labels of
// whatever is ours.
func (srv *server) scraped() scrape {
	srv.t.Helper()
	res, body := srv.admin(http.MethodGet, "/metrics", "")
	if res.StatusCode != http.StatusOK {
		srv.t.Fatalf("/metrics: %d %s", res.StatusCode, body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(body)))
	if err != nil {
		srv.t.Fatal(err)
	}
	values := make(scrape)
	for name, family := range families {
		if !strings.HasPrefix(name, "caddy_checkout_") {
			continue
		}
		if want, ok := published[name]; !ok || family.GetType() != want.kind ||
			family.GetHelp() == "" {
			srv.t.Errorf("%s %s %q is not what is published", name, family.GetType(),
				family.GetHelp())
		}
		for _, m := range family.Metric {
			values[name+labelText(m)] = value(m)
		}
	}
	return values
}

func labelText(m *dto.Metric) string {
	var pairs []string
	for _, pair := range m.Label {
		pairs = append(pairs, pair.GetName()+"="+pair.GetValue())
	}
	slices.Sort(pairs)
	return fmt.Sprint(pairs)
}

func value(m *dto.Metric) float64 {
	switch {
	case m.Counter != nil:
		return m.Counter.GetValue()
	case m.Gauge != nil:
		return m.Gauge.GetValue()
	}
	return float64(m.Histogram.GetSampleCount())
}

// moved are the series whose value is not what it was before.
func (s scrape) moved(before scrape) scrape {
	moved := make(scrape)
	for name, value := range s {
		if value != before[name] {
			moved[name] = value - before[name]
		}
	}
	return moved
}

// total adds the series up that hold all the texts.
func (s scrape) total(texts ...string) (sum float64) {
	for name, value := range s {
		if !slices.ContainsFunc(texts,
			func(text string) bool { return !strings.Contains(name, text) }) {
			sum += value
		}
	}
	return sum
}

// eventually waits until something is so that happens in the background.
func (srv *server) eventually(what string, is func() bool) {
	srv.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); {
		if time.Now().After(deadline) {
			srv.t.Fatalf("still not so: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// writesExposures loads a configuration again and so has the ledger write what waits: the one
// before it writes all it has when it goes.
func (srv *server) writesExposures(config string) {
	srv.t.Helper()
	if err := srv.reload(config); err != nil {
		srv.t.Fatal(err)
	}
}

// liveADay lets happen whatever is counted.
func (srv *server) liveADay() {
	srv.t.Helper()
	link := func(path string, options ...func(*request)) string {
		res, _ := srv.click(path, options...)
		return res.Header.Get("Location")
	}
	var payments []sandbox.Payment
	for i := range 8 { // both variants
		shopper := by(fmt.Sprintf("m%d@example.com", i))
		srv.click("/plans", shopper)
		payments = append(payments, srv.pay(link("/sale", shopper), sandbox.Charge("3.00", "USD")))
	}
	srv.pay(link("/sale", by("saver@example.com")),
		sandbox.WithDiscount(sandbox.Discount{Code: "SPRING", Percent: 10}))
	if _, err := srv.zotlo.Refund(payments[0].TransactionID); err != nil {
		srv.t.Fatal(err)
	}
	srv.click("/plain", by("m@example.com"))
	srv.click("/plain", by("m@example.com"), wantJSON)
	srv.click("/failing?number=eleven", by("m@example.com"))
	srv.click("/plain")
	srv.click("/plain", as(jwt.MapClaims{"email": "m@example.com", "exp": 1}))
	srv.click("/plain", by("m@example.com"), method(http.MethodHead))
	srv.click("/plain", by("m@example.com"), header("Sec-Purpose", "prefetch"))
	srv.click("/remote", by("m@example.com"))
	for _, hook := range []struct{ path, body string }{
		{"/hooks?token=wrong", "{}"},
		{
			"/again?token=" + strings.ReplaceAll(hookToken, " ", "+"),
			`{"queue":{"requestID":"1","type":"Made<Up>"}}`,
		},
	} {
		srv.click(hook.path, method(http.MethodPost), withBody(hook.body))
	}
	srv.click("/events", method(http.MethodPost), bearing(hookToken), withBody(
		`[{"subscriber":"m@example.com","event":"m_event"},{"subscriber":"m@example.com","event":"x"}]`))
	srv.zotlo.Fail(sandbox.ServerError())
	for i := range 8 { // until the breaker opens
		srv.click("/plain", by(fmt.Sprintf("broken%d@example.com", i)))
	}
	srv.zotlo.Heal()
	if err := srv.reload(strings.Replace(meteredServer, "cache memory {\n\t\t\tttl 5m",
		"cache redis {\n\t\t\turl redis://"+refusing(srv.t)+"/0", 1)); err != nil {
		srv.t.Fatal(err)
	}
	srv.click("/plain", by("uncached@example.com"))
	partnersFile(srv.t, "code\nMIRA10\nold\n")
	if err := srv.reload(strings.Replace(meteredServer, "cache memory {\n",
		"partners {env.PARTNERS} {\n\t\t\tfrom query ref\n\t\t}\n\t\tcache memory {\n", 1)); err != nil {
		srv.t.Fatal(err)
	}
	srv.click("/plain?ref=MIRA10", by("m@example.com"))
	srv.click("/plain?ref=nobody", by("m@example.com"))
	if err := srv.reload(meteredServer); err != nil {
		srv.t.Fatal(err)
	}
}

// refusing is an address of loopback where nobody listens any more.
func refusing(t testing.TB) string {
	t.Helper()
	gone := httptest.NewServer(nil)
	gone.Close()
	return gone.Listener.Addr().String()
}
