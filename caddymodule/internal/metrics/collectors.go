// Package metrics holds the module's Prometheus collectors and reads them back for the operator.
package metrics

import (
	"errors"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// The collectors are made once and registered with every configuration's registry, so that counts
// survive reloads.
var (
	Requests = counter("caddy_checkout_requests_total",
		"Requests answered by checkout_link: outcome says why, answer says what the shopper got.",
		"campaign", "outcome", "answer")

	Links = counter("caddy_checkout_links_total",
		"Personal links handed out, by where they came from.",
		"campaign", "source")

	WarmLinks = counter("caddy_checkout_warm_links_total",
		"Links that checkout_offer made in advance, or why it made none.",
		"campaign", "result")

	RequestDuration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "caddy_checkout_request_duration_seconds",
		Help: "Time that checkout_link took to hand out a link.",
		Buckets: []float64{
			.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1,
			2.5, 5, 10,
		},
	}, []string{"source"})

	TokenRefusals = counter("caddy_checkout_token_refusals_total",
		"Tokens refused, by the rule that refused them, and clicks without a token.",
		"rule")

	MatcherErrors = counter("caddy_checkout_matcher_errors_total",
		"Times that a campaign was passed over because one of its matchers failed.",
		"campaign")

	OverridesDropped = counter("caddy_checkout_overrides_dropped_total",
		"Overrides left out because their value was missing or unusable.",
		"campaign", "override")

	APIRequests = counter("caddy_checkout_api_requests_total",
		"Calls to Zotlo's API, retries included, by result.",
		"project", "result")

	APIDuration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "caddy_checkout_api_duration_seconds",
		Help:    "Time of calls to Zotlo's API.",
		Buckets: []float64{.025, .05, .1, .2, .3, .5, .75, 1, 1.5, 2, 3, 4, 5, 10},
	}, []string{"project"})

	APIInFlight = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "caddy_checkout_api_in_flight",
		Help: "Calls to Zotlo's API under way.",
	})

	BreakerOpen = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "caddy_checkout_breaker_open",
		Help: "1 while a project's circuit breaker is open.",
	}, []string{"project"})

	CacheErrors = counter("caddy_checkout_cache_errors_total",
		"Cache operations that failed and were treated as a miss.",
		"cache")

	Exposures = counter("caddy_checkout_exposures_total",
		"People who were shown a variant, each once, by where it was first: offer (a page) or "+
			"link.",
		"experiment", "variant", "at")

	VariantShare = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "caddy_checkout_variant_share",
		Help: "Share of all users that a variant should have, from 0 to 1, " +
			"by weights and coverage of the running configuration.",
	}, []string{"experiment", "variant"})

	Conversions = counter("caddy_checkout_conversions_total",
		"Payments that webhooks reported, by what sold them.",
		"campaign", "experiment", "variant", "type")

	Refunds = counter("caddy_checkout_refunds_total",
		"Refunds that webhooks reported, by what had sold them.",
		"campaign", "experiment", "variant")

	Mismatches = counter("caddy_checkout_mismatches_total",
		"Payments that differ from what their link asked for, by kind: price, currency, "+
			"payment_type.",
		"campaign", "kind")

	Revenue = counter("caddy_checkout_revenue_total",
		"Money that webhooks reported, in the currency's major unit, by what sold it.",
		"campaign", "experiment", "variant", "currency")

	Refunded = counter("caddy_checkout_refunded_total",
		"Money that was given back, in the currency's major unit, by what had sold it.",
		"campaign", "experiment", "variant", "currency")

	Discounts = counter("caddy_checkout_discounts_total",
		"First payments whose price a discount code cut.",
		"campaign")

	PartnerCodes = counter("caddy_checkout_partner_codes_total",
		"Codes of partners that requests brought: from says where, result what the table says.",
		"from", "result")

	LedgerErrors = counter("caddy_checkout_ledger_errors_total",
		"Operations of the ledger that failed.",
		"operation")

	Webhooks = counter("caddy_checkout_webhooks_total",
		"Webhooks received, by type and result.",
		"type", "result")

	Events = counter("caddy_checkout_events_total",
		"Events that the site's backend told of subscribers, by name and result.",
		"event", "result")

	JWKSRefreshes = counter("caddy_checkout_jwks_refreshes_total",
		"Fetches of key sets, by result.",
		"result")
)

// Other stands for every value that is not in the configuration, so that nobody can make label
// values up.
const Other = "_other"

// Project is the label of a project, where an empty name would look like a mistake. Log and admin
// answers show it, too.
func Project(name string) string {
	if name == "" {
		return "default"
	}
	return name
}

// Bool is 1 for true.
func Bool(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

var collectors = []prometheus.Collector{
	Requests, Links, WarmLinks, RequestDuration, TokenRefusals, MatcherErrors, OverridesDropped,
	APIRequests, APIDuration, APIInFlight, BreakerOpen, CacheErrors,
	Exposures, VariantShare, Conversions, Refunds, Mismatches, Revenue, Refunded,
	Discounts, PartnerCodes, LedgerErrors, Webhooks, Events, JWKSRefreshes,
}

// Collectors are those of this package.
func Collectors() []prometheus.Collector { return slices.Clone(collectors) }

// Register adds the collectors, and those of the caller, to a configuration's registry. A second
// checkout app in the same registry finds them there.
func Register(registry prometheus.Registerer, more ...prometheus.Collector) error {
	for _, c := range append(more, collectors...) {
		if err := registry.Register(c); err != nil {
			if _, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); !ok {
				return err
			}
		}
	}
	return nil
}
