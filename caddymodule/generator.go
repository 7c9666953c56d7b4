package caddymodule

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/tracing"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// Limits bound what the module asks of Zotlo's API and of a shopper's patience. They count per
// Caddy process; with `cache redis`, rate counts for all that share it.
type Limits struct {
	// Timeout is for a whole API call with its one retry. Default 4s.
	Timeout caddy.Duration `json:"timeout,omitempty"`
	// MaxInFlight is the number of API calls at once. Default 64.
	MaxInFlight int `json:"max_in_flight,omitempty"`
	// Wait is how long a shopper waits in line for a free call. Default 5s.
	Wait caddy.Duration `json:"wait,omitempty"`
	// Rate is the number of API calls per project, such as `50/1s`. Default: no limit. With
	// `cache redis` it is the number of all processes together; while Redis does not answer, each
	// counts for itself, so that a fleet may make as many times more.
	Rate string `json:"rate,omitempty"`
	// PerSubscriber is the number of links made for one subscriber. Default `10/1m`.
	PerSubscriber string `json:"per_subscriber,omitempty"`
	// PerIP is the number of guest links made for one address, IPv6 by /64. Default `10/1m`.
	PerIP string `json:"per_ip,omitempty"`
}

// parse reads the limits; a nil receiver means the defaults.
func (l *Limits) parse() (linkgen.Limits, error) {
	if l == nil {
		return linkgen.Limits{}, nil
	}
	out := linkgen.Limits{
		Timeout:     time.Duration(l.Timeout),
		MaxInFlight: l.MaxInFlight,
		Wait:        time.Duration(l.Wait),
	}
	for _, r := range []struct {
		option, text string
		to           *zotlo.Rate
	}{
		{"rate", l.Rate, &out.Rate},
		{"per_subscriber", l.PerSubscriber, &out.PerSubscriber},
		{"per_ip", l.PerIP, &out.PerIP},
	} {
		rate, err := parseRate(r.text)
		if err != nil {
			return out, fmt.Errorf("%s: %w", r.option, err)
		}
		*r.to = rate
	}
	return out, nil
}

// parseRate reads a rate such as 10/1m; an empty text is the zero rate.
func parseRate(text string) (zotlo.Rate, error) {
	if text == "" {
		return zotlo.Rate{}, nil
	}
	events, per, ok := strings.Cut(text, "/")
	n, err := strconv.Atoi(events)
	if !ok || err != nil || n <= 0 {
		return zotlo.Rate{}, fmt.Errorf(
			"%q is not a rate: write events per duration, such as 10/1m", text)
	}
	d, err := caddy.ParseDuration(per)
	if err != nil || d < time.Millisecond {
		return zotlo.Rate{}, fmt.Errorf("%q is not a rate: %q is not a duration; "+
			"write events per duration, such as 10/1m", text, per)
	}
	return zotlo.Rate{Events: n, Per: d}, nil
}

// newGenerator makes the generator on the state that outlives configurations. It is nil without any
// project: no campaign can be defined then, so nobody will ask for a link. Subscribers are known by
// hashes under the first of the keys, and were under the others.
func newGenerator(
	p projects, subscriberKeys [][]byte, limits *Limits, cache *openCache, state *linkgen.State,
	attribute func(linkgen.Order, linkgen.SubscriberHash, string) string, hooks linkgen.Hooks,
) (*linkgen.Generator, error) {
	if len(p.list) == 0 {
		return nil, nil
	}
	parsed, err := limits.parse()
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	transport := zotlo.NewTransport()
	if parsed.MaxInFlight > 0 {
		transport.MaxIdleConnsPerHost = parsed.MaxInFlight
	}
	pacer, _ := cache.Cache.(zotlo.Pacer) // nil where nobody else shares the cache
	generator, err := linkgen.New(linkgen.Config{
		Projects:       p.list,
		Key:            p.key,
		SubscriberKeys: subscriberKeys,
		Cache:          cache.Cache,
		TTL:            cache.ttl,
		Limits:         parsed,
		Pacer:          pacer,
		State:          state,
		Standby:        true, // this configuration may yet be rejected
		Transport:      tracing.New(transport),
		Attribute:      attribute,
		Hooks:          hooks,
	})
	if err != nil {
		return nil, fmt.Errorf("checkout: %w", err)
	}
	return generator, nil
}

// newHooks connect the generator to metrics and log.
func newHooks(log, failures *zap.Logger, cache *openCache) linkgen.Hooks {
	return linkgen.Hooks{
		Hooks:    newAPIHooks(log),
		InFlight: func(delta int) { metrics.APIInFlight.Add(float64(delta)) },
		CacheError: func(err error) {
			metrics.CacheErrors.WithLabelValues(cache.name).Inc()
			failures.Warn("cache failed, going on without it",
				zap.String("cache", cache.name), zap.Error(err))
		},
		Panic: func(value any, stack []byte) {
			log.Error("panic while calling the API",
				zap.String("type", fmt.Sprintf("%T", value)), zap.ByteString("stack", stack))
		},
	}
}

// newAPIHooks connect the API's calls to metrics and log.
func newAPIHooks(log *zap.Logger) zotlo.Hooks {
	return zotlo.Hooks{
		APICall: func(project, result string, d time.Duration) {
			metrics.APIRequests.WithLabelValues(metrics.Project(project), result).Inc()
			metrics.APIDuration.WithLabelValues(metrics.Project(project)).Observe(d.Seconds())
		},
		Breaker: func(project string, open bool) {
			project = metrics.Project(project)
			metrics.BreakerOpen.WithLabelValues(project).Set(metrics.Bool(open))
			if open {
				log.Warn("calls to the API keep failing: pausing them", zap.String("project", project))
			} else {
				log.Info("calls to the API work again", zap.String("project", project))
			}
		},
		Paused: func(project, code string, d time.Duration) {
			log.Error(pausedFor(code), zap.String("project", metrics.Project(project)),
				zap.String("code", code), zap.Duration("pause", d))
		},
	}
}

// pausedFor is the sentence about a project's pause: each cause has another fix.
func pausedFor(code string) string {
	switch code {
	case "401002", "401":
		return "the API refused our keys: compare access_key and access_secret with the Dashboard"
	case "404001", "404":
		return "the API does not know this address: compare api_url with Zotlo's, or leave it out"
	}
	return "the API asked for a pause: too many calls"
}

// everyHash are the hashes by which a subscriber may be known: the one of now, and those under
// secrets that were replaced. Their links under these are in the cache still: a node of the fleet
// that has the old secret gives them out, and so does the old configuration when it comes back.
func everyHash(g *linkgen.Generator, id string) []linkgen.SubscriberHash {
	return append([]linkgen.SubscriberHash{g.SubscriberHash(id)}, g.FormerHashes(id)...)
}

// hashesOf are the same as the ledger writes them.
func hashesOf(g *linkgen.Generator, id string) (hash string, former []string) {
	for _, old := range g.FormerHashes(id) {
		former = append(former, old.String())
	}
	return g.SubscriberHash(id).String(), former
}

// attributeWith says what rides along with a link and comes back with its payment, with a proof that
// it is ours.
func attributeWith(
	secrets *ledger.Secrets,
) func(linkgen.Order, linkgen.SubscriberHash, string) string {
	return func(o linkgen.Order, subscriber linkgen.SubscriberHash, random string) string {
		a := ledger.Attribution{
			Campaign: o.Campaign, Experiment: o.Experiment, Variant: o.Variant,
			Price: o.Price, Currency: o.Currency, Random: random,
			Quote: o.Quote, QuoteCurrency: o.QuoteCurrency, Partner: o.Partner, Offer: o.Offer,
			Minute: ledger.MinuteOf(time.Now()),
		}
		if subscriber != (linkgen.SubscriberHash{}) {
			a.Subscriber = subscriber.String()
		}
		return secrets.Sign(a)
	}
}
