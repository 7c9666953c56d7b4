package caddymodule_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// published are the metrics that the documentation promises: their type, and which values each
// label may have. The campaigns and experiments are those of meteredOffice.
var published = map[string]struct {
	kind   dto.MetricType
	labels map[string][]string
}{
	"caddy_checkout_requests_total": {dto.MetricType_COUNTER,
		map[string][]string{"campaign": campaignLabels, "outcome": {
			"link", "after_payment", "anonymous", "bad_token", "no_subscriber", "keys_unavailable", "no_campaign", "prefetch", "embedded", "early_data",
			"head", "method", "limited", "busy", "throttled", "refused", "untrusted_link", "unavailable", "timeout", "bad_offer", "left", "panic",
		}, "answer": {"link", "json", "redirect", "fallback", "next", "error"}}},
	"caddy_checkout_links_total": {dto.MetricType_COUNTER,
		map[string][]string{"campaign": campaignLabels, "source": sourceLabels}},
	"caddy_checkout_request_duration_seconds": {dto.MetricType_HISTOGRAM,
		map[string][]string{"source": sourceLabels}},
	"caddy_checkout_token_refusals_total": {dto.MetricType_COUNTER,
		map[string][]string{"rule": auth.Rules()}},
	"caddy_checkout_overrides_dropped_total": {dto.MetricType_COUNTER,
		map[string][]string{"campaign": campaignLabels,
			"override": {"additional_text", "custom_parameter"}}},
	"caddy_checkout_api_requests_total": {dto.MetricType_COUNTER,
		map[string][]string{"project": {"default"}, "result": zotlo.Results()}},
	"caddy_checkout_api_duration_seconds": {dto.MetricType_HISTOGRAM,
		map[string][]string{"project": {"default"}}},
	"caddy_checkout_api_in_flight": {dto.MetricType_GAUGE, nil},
	"caddy_checkout_breaker_open": {dto.MetricType_GAUGE,
		map[string][]string{"project": {"default"}}},
	"caddy_checkout_cache_errors_total": {dto.MetricType_COUNTER,
		map[string][]string{"cache": {"memory", "redis"}}},
	"caddy_checkout_cached_links": {dto.MetricType_GAUGE, nil},
	"caddy_checkout_exposures_total": {dto.MetricType_COUNTER,
		map[string][]string{"experiment": {"m-price"}, "variant": {"control", "cheaper"},
			"at": {"offer", "link"}}},
	"caddy_checkout_variant_share": {dto.MetricType_GAUGE,
		map[string][]string{"experiment": {"m-price"}, "variant": {"control", "cheaper"}}},
	"caddy_checkout_conversions_total": {dto.MetricType_COUNTER,
		map[string][]string{"campaign": campaignLabels, "experiment": experimentLabels,
			"variant": variantLabels, "type": {"trial", "start_paid", "trial_to_paid", "renewal",
				"reactive", "consumable", "_other"}}},
	"caddy_checkout_refunds_total": {dto.MetricType_COUNTER,
		map[string][]string{"campaign": campaignLabels, "experiment": experimentLabels,
			"variant": variantLabels}},
	"caddy_checkout_mismatches_total": {dto.MetricType_COUNTER,
		map[string][]string{"campaign": campaignLabels,
			"kind": {"price", "currency", "payment_type"}}},
	"caddy_checkout_webhooks_total": {dto.MetricType_COUNTER,
		map[string][]string{"type": {"payment", "refund", "status", "registration", "quiz",
			"unknown", "_other"}, "result": {"processed", "repeated", "failed", "refused"}}},
	"caddy_checkout_jwks_refreshes_total": {dto.MetricType_COUNTER,
		map[string][]string{"result": auth.RefreshResults()}},
}

var (
	campaignLabels   = []string{"", "m-plain", "m-sale", "_other"}
	experimentLabels = []string{"", "m-price", "_other"}
	variantLabels    = []string{"", "control", "cheaper", "_other"}
	sourceLabels     = []string{"cache", "api", "shared"}
)

// meteredOffice has two handlers of each kind, so that every collector is met twice.
const meteredOffice = `{` + officeOptions + `
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

http:// {` + officeSite + `
	checkout_offer /plans m-sale
	checkout_offer /more m-sale
	checkout_link /sale m-sale
	checkout_link /plain m-plain
	checkout_link /remote m-plain {
		jwt remote
	}
	checkout_webhook /hooks {
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
func (o *office) scraped() scrape {
	o.t.Helper()
	res, body := o.admin(http.MethodGet, "/metrics", "")
	if res.StatusCode != http.StatusOK {
		o.t.Fatalf("/metrics: %d %s", res.StatusCode, body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(body)))
	if err != nil {
		o.t.Fatal(err)
	}
	values := make(scrape)
	for name, family := range families {
		if !strings.HasPrefix(name, "caddy_checkout_") {
			continue
		}
		if want, ok := published[name]; !ok || family.GetType() != want.kind ||
			family.GetHelp() == "" {
			o.t.Errorf("%s %s %q is not what is published", name, family.GetType(),
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

func TestEveryMetricCountsInItsClosedSets(t *testing.T) {
	o := openOffice(t, meteredOffice)
	before := o.scraped()
	o.liveADay()
	after := o.scraped()
	moved := after.moved(before)
	for name := range moved {
		metric, labels, _ := strings.Cut(name, "[")
		for pair := range strings.FieldsSeq(strings.TrimSuffix(labels, "]")) {
			key, value, _ := strings.Cut(pair, "=")
			if !slices.Contains(published[metric].labels[key], value) {
				t.Errorf("%s: %q is no value of %s", name, value, key)
			}
		}
	}
	for name, metric := range published {
		counted := moved
		if name == "caddy_checkout_jwks_refreshes_total" {
			counted = after // the first fetch may have been over before the first scrape
		}
		if metric.kind != dto.MetricType_GAUGE && counted.total(name+"[") == 0 {
			t.Errorf("%s did not count", name)
		}
		for series := range moved {
			if strings.HasPrefix(series, name+"[") &&
				strings.Count(series, "=") != len(metric.labels) {
				t.Errorf("%s has other labels than published", series)
			}
		}
	}
	for _, gauge := range []string{"caddy_checkout_api_in_flight[]",
		"caddy_checkout_cached_links[]", "caddy_checkout_breaker_open[project=default]", "caddy_checkout_variant_share[experiment=m-price variant=cheaper]"} {
		if _, ok := after[gauge]; !ok {
			t.Errorf("%s is missing", gauge)
		}
	}
}

// liveADay lets happen whatever is counted.
func (o *office) liveADay() {
	o.t.Helper()
	link := func(path string, options ...func(*request)) string {
		res, _ := o.click(path, options...)
		return res.Header.Get("Location")
	}
	var payments []sandbox.Payment
	for i := range 8 { // both variants
		shopper := by(fmt.Sprintf("m%d@example.com", i))
		o.click("/plans", shopper)
		payments = append(payments, o.pay(link("/sale", shopper), sandbox.Charge("3.00", "USD")))
	}
	if _, err := o.zotlo.Refund(payments[0].TransactionID); err != nil {
		o.t.Fatal(err)
	}
	o.click("/plain", by("m@example.com"))
	o.click("/plain", by("m@example.com"), wantJSON)
	o.click("/plain")
	o.click("/plain", as(jwt.MapClaims{"email": "m@example.com", "exp": 1}))
	o.click("/plain", by("m@example.com"), method(http.MethodHead))
	o.click("/plain", by("m@example.com"), header("Sec-Purpose", "prefetch"))
	o.click("/remote", by("m@example.com"))
	for _, hook := range []struct{ path, body string }{{"/hooks?token=wrong", "{}"},
		{"/again?token=" + strings.ReplaceAll(hookToken, " ", "+"),
			`{"queue":{"requestID":"1","type":"Made<Up>"}}`}} {
		o.click(hook.path, method(http.MethodPost), withBody(hook.body))
	}
	o.zotlo.Fail(sandbox.ServerError())
	for i := range 8 { // until the breaker opens
		o.click("/plain", by(fmt.Sprintf("broken%d@example.com", i)))
	}
	o.zotlo.Heal()
	if err := o.reload(strings.Replace(meteredOffice, "cache memory {\n\t\t\tttl 5m",
		"cache redis {\n\t\t\turl redis://"+refusing(o.t)+"/0", 1)); err != nil {
		o.t.Fatal(err)
	}
	o.click("/plain", by("uncached@example.com"))
	if err := o.reload(meteredOffice); err != nil {
		o.t.Fatal(err)
	}
}

// withBody gives a request a JSON body.
func withBody(text string) func(*request) {
	return func(r *request) {
		r.Body, r.ContentLength = http.NoBody, 0
		if text != "" {
			with := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text))
			r.Body, r.ContentLength = with.Body, with.ContentLength
		}
		r.Header.Set("Content-Type", "application/json")
	}
}

// refusing is an address of loopback where nobody listens any more.
func refusing(t testing.TB) string {
	t.Helper()
	gone := httptest.NewServer(nil)
	gone.Close()
	return gone.Listener.Addr().String()
}

func TestCountsSurviveReloads(t *testing.T) {
	o := openOffice(t, meteredOffice)
	begin := o.scraped()
	// since leaves out the fetches of remote keys: they go on in the background, and each load
	// begins one.
	since := func() scrape {
		moved := o.scraped().moved(begin)
		maps.DeleteFunc(moved, func(name string, _ float64) bool {
			return strings.HasPrefix(name, "caddy_checkout_jwks_refreshes_total")
		})
		return moved
	}
	o.click("/plain", by("r@example.com"))
	o.click("/sale", by("r@example.com"))
	first := since()
	if got := first.total("caddy_checkout_requests_total", "outcome=link"); got != 2 {
		t.Fatalf("two handlers counted %v requests", got)
	}
	if err := o.reload(meteredOffice); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, since()); diff != "" {
		t.Errorf("after a reload: %s", diff)
	}
	if err := o.reload(strings.Replace(meteredOffice, "/site.sock", "/nowhere/site.sock",
		1)); err == nil {
		t.Fatal("a broken configuration was loaded")
	}
	o.click("/plain", by("r@example.com"))
	after := since()
	if got := after.total("caddy_checkout_requests_total", "campaign=m-plain",
		"outcome=link"); got != 2 {
		t.Errorf("after a failed reload: %v requests, want 2", got)
	}
	if got := after.total("caddy_checkout_links_total", "campaign=m-plain",
		"source=cache"); got != 1 {
		t.Errorf("after a failed reload: %v cached links, want 1", got)
	}
}
