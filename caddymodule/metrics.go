package caddymodule

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-checkout/checkout/linkgen"
)

// The collectors are made once and registered with every configuration's registry, so that counts survive reloads.
var (
	requests = counter("caddy_checkout_requests_total",
		"Requests answered by checkout_link: outcome says why, answer says what the shopper got.",
		"campaign", "outcome", "answer")

	links = counter("caddy_checkout_links_total",
		"Personal links handed out, by where they came from.",
		"campaign", "source")

	requestDuration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "caddy_checkout_request_duration_seconds",
		Help:    "Time that checkout_link took to hand out a link.",
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"source"})

	tokenRefusals = counter("caddy_checkout_token_refusals_total",
		"Tokens refused, by the rule that refused them.",
		"rule")

	overridesDropped = counter("caddy_checkout_overrides_dropped_total",
		"Overrides left out because their value was missing or unusable.",
		"campaign", "override")

	apiRequests = counter("caddy_checkout_api_requests_total",
		"Calls to Zotlo's API, retries included, by result.",
		"project", "result")

	apiDuration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "caddy_checkout_api_duration_seconds",
		Help:    "Time of calls to Zotlo's API.",
		Buckets: []float64{.025, .05, .1, .2, .3, .5, .75, 1, 1.5, 2, 3, 4, 5, 10},
	}, []string{"project"})

	apiInFlight = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "caddy_checkout_api_in_flight",
		Help: "Calls to Zotlo's API under way.",
	})

	breakerOpen = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "caddy_checkout_breaker_open",
		Help: "1 while a project's circuit breaker is open.",
	}, []string{"project"})

	cacheErrors = counter("caddy_checkout_cache_errors_total",
		"Cache operations that failed and were treated as a miss.",
		"cache")

	cachedLinks = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "caddy_checkout_cached_links",
		Help: "Links in the memory cache.",
	}, countCachedLinks)

	exposures = counter("caddy_checkout_exposures_total",
		"Users who were shown a variant, once a day each, by where: offer (a page) or link.",
		"experiment", "variant", "at")

	conversions = counter("caddy_checkout_conversions_total",
		"Payments that webhooks reported, by what sold them.",
		"campaign", "experiment", "variant", "type")

	refunds = counter("caddy_checkout_refunds_total",
		"Refunds that webhooks reported, by what had sold them.",
		"campaign", "experiment", "variant")

	mismatches = counter("caddy_checkout_mismatches_total",
		"Payments that differ from what their link asked for, by kind: price, currency, payment_type.",
		"campaign", "kind")

	webhooks = counter("caddy_checkout_webhooks_total",
		"Webhooks received, by type and result.",
		"type", "result")

	jwksRefreshes = counter("caddy_checkout_jwks_refreshes_total",
		"Fetches of key sets, by result.",
		"result")
)

// linkCounters are a campaign's series for links handed out, looked up once instead of on every click.
type linkCounters struct {
	asLink, asJSON prometheus.Counter
	source         map[linkgen.Source]sourceCounters
}

type sourceCounters struct {
	links    prometheus.Counter
	duration prometheus.Observer
}

func newLinkCounters(campaign string) linkCounters {
	c := linkCounters{
		asLink: requests.WithLabelValues(campaign, outcomeLink, answerLink),
		asJSON: requests.WithLabelValues(campaign, outcomeLink, answerJSON),
		source: make(map[linkgen.Source]sourceCounters),
	}
	for _, source := range []linkgen.Source{linkgen.FromCache, linkgen.FromAPI, linkgen.FromShared} {
		c.source[source] = sourceCounters{links.WithLabelValues(campaign, string(source)), requestDuration.WithLabelValues(string(source))}
	}
	return c
}

func (c linkCounters) handedOut(answer string, source linkgen.Source, took time.Duration) {
	if answer == answerJSON {
		c.asJSON.Inc()
	} else {
		c.asLink.Inc()
	}
	if s, ok := c.source[source]; ok {
		s.links.Inc()
		s.duration.Observe(took.Seconds())
	}
}

// otherLabel stands for every value that is not in the configuration, so that nobody can make label values up.
const otherLabel = "_other"

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

var collectors = []prometheus.Collector{
	requests, links, requestDuration, tokenRefusals, overridesDropped,
	apiRequests, apiDuration, apiInFlight, breakerOpen, cacheErrors, cachedLinks,
	exposures, shares, conversions, refunds, mismatches, webhooks, jwksRefreshes,
}

// registerMetrics adds the collectors to a configuration's registry. A second checkout app in the same registry finds them there.
func registerMetrics(reg prometheus.Registerer) error {
	for _, c := range collectors {
		if err := reg.Register(c); err != nil {
			if _, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); !ok {
				return err
			}
		}
	}
	return nil
}

// gauge is 1 for true.
func gauge(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// countCachedLinks reads the process's memory cache.
func countCachedLinks() float64 {
	n := 0
	memoryCaches.Range(func(_, value any) bool {
		n += value.(pooledMemory).Len()
		return true
	})
	return float64(n)
}
