package caddymodule_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
)

// rareServer has names that no other test counts for.
var rareServer = strings.NewReplacer("m-", "rare-", "jwt remote {", `project rare {
			access_key {env.ZOTLO_ACCESS_KEY}
			access_secret {env.ZOTLO_ACCESS_SECRET}
			application_key {env.ZOTLO_APPLICATION_KEY}
			api_url {$API}
		}
		jwt remote {`).Replace(meteredServer)

// TestRareSeriesAreThereBeforeTheyCount: Prometheus's increase() does not see a series that is born
// at 1, so the alert for a wrong price slept through the first one.
func TestRareSeriesAreThereBeforeTheyCount(t *testing.T) {
	srv := openServer(t, rareServer)
	loaded := srv.scraped()
	zero := func(metric string, labels ...string) {
		t.Helper()
		slices.Sort(labels)
		if value, ok := loaded[metric+fmt.Sprint(labels)]; !ok || value != 0 {
			t.Errorf("%s%v after the load: %v, there: %t", metric, labels, value, ok)
		}
	}
	zero("caddy_checkout_matcher_errors_total", "campaign=rare-failing")
	for _, operation := range metrics.LedgerOperations() {
		if _, ok := loaded[fmt.Sprintf("caddy_checkout_ledger_errors_total[operation=%s]",
			operation)]; !ok {
			t.Errorf("no series of the ledger's operation %s", operation)
		}
	}
	for _, result := range []string{"forged", "unknown", "failed"} {
		for _, kind := range []string{"payment", "refund"} {
			if _, ok := loaded["caddy_checkout_webhooks_total"+
				fmt.Sprint([]string{"result=" + result, "type=" + kind})]; !ok {
				t.Errorf("no series of a %s that is %s", kind, result)
			}
		}
	}
	zero("caddy_checkout_api_requests_total", "project=rare", "result=credentials")
	for _, campaign := range []string{"rare-plain", "rare-sale"} {
		for _, kind := range published["caddy_checkout_mismatches_total"].labels["kind"] {
			zero("caddy_checkout_mismatches_total", "campaign="+campaign, "kind="+kind)
		}
	}
	for _, metric := range []string{"revenue", "refunded"} {
		name := "caddy_checkout_" + metric + "_total"
		zero(name, "campaign=rare-sale", "experiment=", "variant=", "currency=EUR")
		zero(name, "campaign=", "experiment=", "variant=", "currency=EUR")
		for _, variant := range []string{"control", "cheaper"} {
			zero(name, "campaign=rare-sale", "experiment=rare-price", "variant="+variant,
				"currency=EUR")
		}
		if _, ok := loaded[name+"[campaign=rare-plain currency=EUR experiment= variant=]"]; ok {
			t.Errorf("%s has a currency that its campaign does not name", name)
		}
	}
	for _, variant := range []string{"control", "cheaper"} {
		zero("caddy_checkout_exposures_total", "experiment=rare-price", "variant="+variant,
			"at=link")
		zero("caddy_checkout_refunds_total", "campaign=rare-sale", "experiment=rare-price",
			"variant="+variant)
		for _, kind := range published["caddy_checkout_conversions_total"].labels["type"] {
			zero("caddy_checkout_conversions_total", "campaign=rare-sale", "experiment=rare-price",
				"variant="+variant, "type="+kind)
		}
	}

	srv.liveADay()
	for _, metric := range []string{
		"api_requests", "mismatches", "conversions", "refunds",
		"exposures",
	} {
		moved := 0
		for series := range srv.scraped().moved(loaded) {
			if !strings.HasPrefix(series, "caddy_checkout_"+metric+"_total[") {
				continue
			}
			moved++
			if _, there := loaded[series]; !there {
				t.Errorf("%s was born counting", series)
			}
		}
		if moved == 0 {
			t.Errorf("%s did not count", metric)
		}
	}
}
