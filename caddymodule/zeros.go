package caddymodule

import (
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// showZeros makes the series of what is rare exist before it happens. Prometheus's increase() sees no step from nothing to 1, so an
// alert would sleep through the first wrong price, and every process of a fleet would hide the first payment of each variant.
func (a *App) showZeros() {
	for _, p := range a.projects.list {
		for _, result := range linkgen.Results() {
			apiRequests.WithLabelValues(projectLabel(p.Name), result)
		}
	}
	for name, e := range a.registry.byName {
		showMismatches(name)
		showPayments(name, "", "")
		experiment, ranges := e.Ranges()
		for _, r := range ranges {
			showPayments(name, experiment, r.Variant)
			for _, at := range [...]string{atOffer, atLink} {
				exposures.WithLabelValues(experiment, r.Variant, at)
			}
		}
	}
	showMismatches(otherLabel)
	showPayments(otherLabel, "", "")
	showPayments(otherLabel, otherLabel, otherLabel)
	showPayments("", "", "") // links that were not ours
}

func showMismatches(campaign string) {
	for _, kind := range ledger.MismatchKinds() {
		mismatches.WithLabelValues(campaign, kind)
	}
}

func showPayments(campaign, experiment, variant string) {
	refunds.WithLabelValues(campaign, experiment, variant)
	for _, kind := range zotlo.PaymentTypes() {
		conversions.WithLabelValues(campaign, experiment, variant, kind)
	}
}
