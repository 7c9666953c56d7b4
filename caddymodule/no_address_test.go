package caddymodule_test

import (
	"net/http"
	"strings"
	"testing"
)

// withoutAddresses is a site behind a socket whose peer Caddy does not trust to say who asks.
func withoutAddresses() string {
	return strings.Replace("{"+serverOptions, "\t\ttrusted_proxies_unix\n",
		"\t\ttrusted_proxies static private_ranges\n\t\ttrusted_proxies_strict\n", 1) + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		limits {
			per_ip 1/1h
			per_subscriber 1/1h
		}
		campaign pro {
			link_id 1
		}
	}
}

http:// {` + serverSite + `
	checkout_link /fallback pro {
		anonymous guest
		fallback /pricing
	}
	checkout_link /error pro {
		anonymous guest
	}
	checkout_link /deny pro
	metrics /metrics
}
`
}

// TestWithoutAnAddressNobodyIsAsked: Zotlo requires an address and would refuse the order.
func TestWithoutAnAddressNobodyIsAsked(t *testing.T) {
	o := openServer(t, withoutAddresses())
	for name, who := range map[string]func(*request){
		"a guest":           header("Cookie", "none=1"),
		"somebody known":    fresh(t, "ann"),
		"a guest elsewhere": header("X-Forwarded-For", "203.0.113.8"),
	} {
		for range 3 { // more than per_ip and per_subscriber grant
			res, _ := o.click("/fallback", who)
			if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/pricing" {
				t.Errorf("%s: %d to %q", name, res.StatusCode, res.Header.Get("Location"))
			}
			res, body := o.click("/error", who)
			if res.StatusCode != http.StatusInternalServerError ||
				string(body) != "the checkout could not be opened\n" {
				t.Errorf("%s: %d %q", name, res.StatusCode, body)
			}
		}
	}
	res, body := o.click("/error", fresh(t, "ann"), wantJSON)
	if res.StatusCode != http.StatusInternalServerError ||
		!strings.Contains(string(body), `"outcome":"no_address"`) {
		t.Errorf("JSON: %d %s", res.StatusCode, body)
	}
	if res, _ := o.click("/deny"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("an anonymous visitor is answered %d before an address is needed", res.StatusCode)
	}
	if calls := o.zotlo.Calls(); calls != 0 {
		t.Errorf("%d API calls", calls)
	}
	o.warns(1, "no_address", `"level":"error"`, "trusted_proxies_unix")
	o.warns(0, "forwarding header")
	_, metrics := o.click("/metrics")
	for _, want := range []string{
		`requests_total{answer="fallback",campaign="pro",outcome="no_address"} `,
		`requests_total{answer="error",campaign="pro",outcome="no_address"} `,
	} {
		if !strings.Contains(string(metrics), want) {
			t.Errorf("the metrics do not say %s", want)
		}
	}
}

// TestNoAddressIsNobodysBucket: once the proxy is trusted, nothing that was refused has cost the
// first real shopper a place.
func TestNoAddressIsNobodysBucket(t *testing.T) {
	o := openServer(t, withoutAddresses())
	ann := fresh(t, "ann")
	for range 3 {
		o.click("/error", ann)
		o.click("/error")
	}
	trusting := strings.Replace(withoutAddresses(), "trusted_proxies_strict\n",
		"trusted_proxies_strict\n\t\ttrusted_proxies_unix\n", 1)
	if err := o.reload(trusting); err != nil {
		t.Fatal(err)
	}
	for name, who := range map[string]func(*request){"ann": ann, "a guest": func(*request) {}} {
		if res, _ := o.click("/error", who); res.StatusCode != http.StatusSeeOther {
			t.Errorf("%s gets %d", name, res.StatusCode)
		}
	}
	// A trusted proxy that says nothing of the shopper leaves us without an address all the same.
	res, _ := o.click("/error", ann, func(r *request) { r.Header.Del("X-Forwarded-For") })
	if res.StatusCode != http.StatusInternalServerError {
		t.Errorf("without X-Forwarded-For: %d", res.StatusCode)
	}
}
