package caddymodule

import "github.com/prometheus/client_golang/prometheus"

// variantShares tells what share of all users each variant of the running configuration should have, so that the check whether a
// split is sound needs no weights copied into a dashboard. It reads the live app at every scrape: nothing can go stale.
type variantShares struct{ desc *prometheus.Desc }

var shares = variantShares{prometheus.NewDesc("caddy_checkout_variant_share",
	"Share of all users that a variant should have, from 0 to 1, by weights and coverage of the running configuration.",
	[]string{"experiment", "variant"}, nil)}

// Describe tells the one description.
func (s variantShares) Describe(out chan<- *prometheus.Desc) { out <- s.desc }

// Collect tells the share of every variant.
func (s variantShares) Collect(out chan<- prometheus.Metric) {
	app := liveApps.newest()
	if app == nil {
		return
	}
	for key, name := range app.registry.experiments {
		_, ranges := app.registry.byName[name].Ranges()
		for _, r := range ranges {
			out <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, float64(r.End-r.Start)/10_000, key, r.Variant)
		}
	}
}
