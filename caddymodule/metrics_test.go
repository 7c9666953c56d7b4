package caddymodule_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// published are the metrics that the documentation promises: their type, and which values each
// label may have. The campaigns and experiments are those of meteredServer.
var published = map[string]struct {
	kind   dto.MetricType
	labels map[string][]string
}{
	"caddy_checkout_requests_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"campaign": campaignLabels, "outcome": {
			"link", "subscribed", "after_payment", "anonymous", "bad_token", "no_subscriber", "keys_unavailable",
			"no_campaign", "prefetch", "embedded", "early_data", "head", "method", "limited",
			"busy", "throttled", "refused", "untrusted_link", "unavailable", "timeout",
			"bad_offer", "left", "panic",
		}, "answer": {"link", "json", "redirect", "fallback", "next", "error"}},
	},
	"caddy_checkout_links_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"campaign": campaignLabels, "source": sourceLabels},
	},
	"caddy_checkout_warm_links_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"campaign": {"m-sale"}, "result": linkgen.WarmResults()},
	},
	"caddy_checkout_request_duration_seconds": {
		dto.MetricType_HISTOGRAM,
		map[string][]string{"source": sourceLabels},
	},
	"caddy_checkout_token_refusals_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"rule": append(auth.Rules(), "offer", "no_cookie", "no_header")},
	},
	"caddy_checkout_overrides_dropped_total": {
		dto.MetricType_COUNTER,
		map[string][]string{
			"campaign": campaignLabels,
			"override": {"additional_text", "custom_parameter"},
		},
	},
	"caddy_checkout_matcher_errors_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"campaign": {"m-failing"}},
	},
	"caddy_checkout_api_requests_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"project": {"default"}, "result": zotlo.Results()},
	},
	"caddy_checkout_api_duration_seconds": {
		dto.MetricType_HISTOGRAM,
		map[string][]string{"project": {"default"}},
	},
	"caddy_checkout_api_in_flight": {dto.MetricType_GAUGE, nil},
	"caddy_checkout_breaker_open": {
		dto.MetricType_GAUGE,
		map[string][]string{"project": {"default"}},
	},
	"caddy_checkout_cache_errors_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"cache": {"memory", "redis"}},
	},
	"caddy_checkout_cached_links": {dto.MetricType_GAUGE, nil},
	"caddy_checkout_exposures_total": {
		dto.MetricType_COUNTER,
		map[string][]string{
			"experiment": {"m-price"}, "variant": {"control", "cheaper"},
			"at": {"offer", "link"},
		},
	},
	"caddy_checkout_variant_share": {
		dto.MetricType_GAUGE,
		map[string][]string{"experiment": {"m-price"}, "variant": {"control", "cheaper"}},
	},
	"caddy_checkout_conversions_total": {
		dto.MetricType_COUNTER,
		map[string][]string{
			"campaign": campaignLabels, "experiment": experimentLabels,
			"variant": variantLabels, "type": {
				"trial", "start_paid", "trial_to_paid", "renewal",
				"reactive", "consumable", "upsell", "_other",
			},
		},
	},
	"caddy_checkout_partner_codes_total": {dto.MetricType_COUNTER, map[string][]string{
		"from": {"query", "path", "cookie"}, "result": {"active", "inactive", "unknown"},
	}},
	"caddy_checkout_revenue_total":  {dto.MetricType_COUNTER, moneyLabels},
	"caddy_checkout_refunded_total": {dto.MetricType_COUNTER, moneyLabels},
	"caddy_checkout_discounts_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"campaign": campaignLabels},
	},
	"caddy_checkout_ledger_up":    {dto.MetricType_GAUGE, nil},
	"caddy_checkout_ledger_bytes": {dto.MetricType_GAUGE, nil},
	"caddy_checkout_ledger_errors_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"operation": metrics.LedgerOperations()},
	},
	"caddy_checkout_refunds_total": {
		dto.MetricType_COUNTER,
		map[string][]string{
			"campaign": campaignLabels, "experiment": experimentLabels,
			"variant": variantLabels,
		},
	},
	"caddy_checkout_mismatches_total": {
		dto.MetricType_COUNTER,
		map[string][]string{
			"campaign": campaignLabels,
			"kind":     ledger.MismatchKinds(),
		},
	},
	"caddy_checkout_webhooks_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"type": {
			"payment", "refund", "status", "registration", "quiz",
			"unknown", "_other",
		}, "result": {"processed", "repeated", "sandbox", "stale", "failed", "refused"}},
	},
	"caddy_checkout_events_total": {
		dto.MetricType_COUNTER,
		map[string][]string{
			"event":  {"m_event", "asked", "bought", "read", "_other"},
			"result": {"told", "taken_back", "refused", "failed"},
		},
	},
	"caddy_checkout_jwks_refreshes_total": {
		dto.MetricType_COUNTER,
		map[string][]string{"result": auth.RefreshResults()},
	},
}

var (
	campaignLabels   = []string{"", "m-plain", "m-sale", "_other"}
	experimentLabels = []string{"", "m-price", "_other"}
	variantLabels    = []string{"", "control", "cheaper", "_other"}
	sourceLabels     = []string{"cache", "api", "shared"}

	moneyLabels = map[string][]string{
		"campaign": campaignLabels, "experiment": experimentLabels, "variant": variantLabels,
		"currency": {"EUR", "USD", "_other"},
	}
)

func TestEveryMetricCountsInItsClosedSets(t *testing.T) {
	srv := openServer(t, meteredServer)
	before := srv.scraped()
	srv.liveADay()
	after := srv.scraped()
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
	for _, gauge := range []string{
		"caddy_checkout_api_in_flight[]",
		"caddy_checkout_cached_links[]",
		"caddy_checkout_breaker_open[project=default]",
		"caddy_checkout_variant_share[experiment=m-price variant=cheaper]",
		"caddy_checkout_ledger_up[]",
		"caddy_checkout_ledger_bytes[]",
	} {
		if _, ok := after[gauge]; !ok {
			t.Errorf("%s is missing", gauge)
		}
	}
}

func TestCountsSurviveReloads(t *testing.T) {
	srv := openServer(t, meteredServer)
	begin := srv.scraped()
	// since leaves out the fetches of remote keys: they go on in the background, and each load
	// begins one. The size of the ledger's file is no count.
	since := func() scrape {
		moved := srv.scraped().moved(begin)
		maps.DeleteFunc(moved, func(name string, _ float64) bool {
			return strings.HasPrefix(name, "caddy_checkout_jwks_refreshes_total") ||
				strings.HasPrefix(name, "caddy_checkout_ledger_bytes")
		})
		return moved
	}
	srv.click("/plain", by("r@example.com"))
	srv.click("/sale", by("r@example.com"))
	srv.eventually("the exposure is counted", func() bool {
		return since().total("caddy_checkout_exposures_total") == 1
	})
	first := since()
	if got := first.total("caddy_checkout_requests_total", "outcome=link"); got != 2 {
		t.Fatalf("two handlers counted %v requests", got)
	}
	if err := srv.reload(meteredServer); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, since()); diff != "" {
		t.Errorf("after a reload: %s", diff)
	}
	if err := srv.reload(strings.Replace(meteredServer, "/site.sock", "/nowhere/site.sock",
		1)); err == nil {
		t.Fatal("a broken configuration was loaded")
	}
	srv.click("/plain", by("r@example.com"))
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
