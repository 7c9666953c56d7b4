package caddymodule

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/caddy-checkout/checkout/campaign"
)

// campaignView is one campaign as the operator sees it. The counts are this process's since it started.
type campaignView struct {
	Name        string           `json:"name"`
	State       string           `json:"state"` // active, scheduled, ended or off
	Project     string           `json:"project"`
	From        time.Time        `json:"from,omitzero"`
	Until       time.Time        `json:"until,omitzero"`
	Conditional bool             `json:"conditional"`        // it has a schedule or matchers, so it may not answer
	Fallback    string           `json:"fallback,omitempty"` // empty: the route's
	Links       map[string]int64 `json:"links"`              // by source
	Conversions map[string]int64 `json:"conversions"`        // by type
	Refunds     int64            `json:"refunds"`
	Experiment  *experimentView  `json:"experiment,omitempty"`
}

type experimentView struct {
	Key      string        `json:"key"`
	Variants []variantView `json:"variants"`
}

// variantView is a variant with its buckets [start, end) of 10000, and how many percent of all users that is.
type variantView struct {
	Name        string           `json:"name"`
	Start       int              `json:"start"`
	End         int              `json:"end"`
	Percent     float64          `json:"percent"`
	Exposures   map[string]int64 `json:"exposures"` // by place
	Conversions map[string]int64 `json:"conversions"`
	Refunds     int64            `json:"refunds"`
}

// listCampaigns shows every campaign of the running configuration, by name.
func listCampaigns(app *App, _ []byte, _ *http.Request) (any, error) {
	counted, now := readCounts(), time.Now()
	list := make([]campaignView, 0, len(app.registry.byName))
	for _, name := range slices.Sorted(maps.Keys(app.registry.byName)) {
		list = append(list, counted.view(app.registry.byName[name], now))
	}
	return map[string]any{"campaigns": list}, nil
}

// counts are samples of counters, by campaign; exposures by experiment.
type counts struct{ links, conversions, refunds, exposures map[string][]sample }

func readCounts() counts {
	return counts{
		links:       readBy("campaign", links),
		conversions: readBy("campaign", conversions),
		refunds:     readBy("campaign", refunds),
		exposures:   readBy("experiment", exposures),
	}
}

// sample is the value of one series.
type sample struct {
	labels map[string]string
	value  int64
}

// readBy reads every series of a counter, sorted into the values of one label.
func readBy(label string, vec *prometheus.CounterVec) map[string][]sample {
	series := make(chan prometheus.Metric, 16)
	go func() {
		defer close(series)
		vec.Collect(series)
	}()
	sorted := make(map[string][]sample)
	for metric := range series {
		var m dto.Metric
		if err := metric.Write(&m); err != nil {
			continue // a counter of ours always writes
		}
		s := sample{make(map[string]string, len(m.Label)), int64(m.GetCounter().GetValue())}
		for _, pair := range m.Label {
			s.labels[pair.GetName()] = pair.GetValue()
		}
		sorted[s.labels[label]] = append(sorted[s.labels[label]], s)
	}
	return sorted
}

// sum adds the samples up by the values of one label.
func sum(list []sample, by string) map[string]int64 {
	total := make(map[string]int64)
	for _, s := range list {
		if s.value != 0 {
			total[s.labels[by]] += s.value
		}
	}
	return total
}

// of are the samples of one variant. The experiment matters, too: the campaign may have run another one with variants of the same names.
func of(experiment, variant string, list []sample) (own []sample) {
	for _, s := range list {
		if s.labels["experiment"] == experiment && s.labels["variant"] == variant {
			own = append(own, s)
		}
	}
	return own
}

func (c counts) view(e *entry, now time.Time) campaignView {
	name, cfg := e.Name(), e.Config()
	v := campaignView{
		Name: name, State: e.State(now), Project: projectLabel(e.project), From: cfg.From, Until: cfg.Until, Conditional: e.conditional(),
		Fallback:    e.fallback.String(),
		Links:       sum(c.links[name], "source"),
		Conversions: sum(c.conversions[name], "type"),
		Refunds:     sum(c.refunds[name], "campaign")[name],
	}
	key, ranges := e.Ranges()
	if key == "" {
		return v
	}
	v.Experiment = &experimentView{Key: key}
	for _, r := range ranges {
		v.Experiment.Variants = append(v.Experiment.Variants, c.variant(name, key, r))
	}
	return v
}

func (c counts) variant(campaign, experiment string, r campaign.Range) variantView {
	return variantView{
		Name: r.Variant, Start: r.Start, End: r.End, Percent: float64(r.End-r.Start) / 100,
		Exposures:   sum(of(experiment, r.Variant, c.exposures[experiment]), "at"),
		Conversions: sum(of(experiment, r.Variant, c.conversions[campaign]), "type"),
		Refunds:     sum(of(experiment, r.Variant, c.refunds[campaign]), "variant")[r.Variant],
	}
}
