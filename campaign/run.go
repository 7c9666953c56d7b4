package campaign

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/internal/duration"
)

// This file is what an experiment's numbers depend on beside its split: how long payments count,
// what decides, and which settings make one run.

// minWindow is the shortest window. Nobody pays faster than that.
const minWindow = time.Minute

// The metrics that there are; a currency follows the second.
const (
	metricRate    = "rate"
	metricRevenue = "revenue "
)

// checkOutcome checks window and metric.
func (e *ExperimentConfig) checkOutcome() error {
	if e.Window != 0 && e.Window < minWindow {
		return fmt.Errorf("window %s is too short: write one of a minute at least, such as 14d",
			e.Window)
	}
	currency, revenue := strings.CutPrefix(e.Metric, metricRevenue)
	if e.Metric == "" || e.Metric == metricRate || revenue && isCurrency(currency) {
		return nil
	}
	if revenue || e.Metric == strings.TrimSpace(metricRevenue) {
		return fmt.Errorf("metric %q: revenue is in one currency: write its ISO 4217 code, as in "+
			"\"metric revenue EUR\"", e.Metric)
	}
	return fmt.Errorf("metric %q is none: write \"metric rate\" or \"metric revenue EUR\"", e.Metric)
}

// UnmarshalJSON reads an experiment. Its window is a number of nanoseconds or a text such as 14d,
// as Caddy's own durations are. Members that are unknown are errors.
func (e *ExperimentConfig) UnmarshalJSON(text []byte) error {
	type plain ExperimentConfig
	read := struct {
		*plain
		Window window `json:"window"`
	}{plain: (*plain)(e)}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	e.Window = time.Duration(read.Window)
	return nil
}

// window is a duration in either of its forms.
type window time.Duration

func (w *window) UnmarshalJSON(text []byte) error {
	d, err := duration.ParseJSON(text)
	if err != nil {
		return fmt.Errorf("window %w", err)
	}
	*w = window(d)
	return nil
}

// Run names the run of the experiment: another text is another run, whose people and payments are
// counted anew. It changes with seed, hash attribute, namespace, coverage, weights and names of the
// variants, and with all overrides and quotes as they are written, the campaign's own included.
// Window and metric do not change it. It is empty without an experiment.
func (c *Campaign) Run() string {
	e := c.cfg.Experiment
	if e == nil {
		return ""
	}
	settings := struct {
		Overrides
		Seed          string
		HashAttribute string
		Namespace     *NamespaceConfig
		Ranges        []Range
		Variants      []VariantConfig
	}{
		Overrides: c.cfg.Overrides, Seed: c.split.seed, HashAttribute: c.split.attribute,
		Namespace: e.Namespace, Ranges: c.split.ranges,
	}
	for _, v := range e.Variants {
		v.Weight = "" // 50% and 50.0% are the same; Ranges has it
		settings.Variants = append(settings.Variants, v)
	}
	text, err := json.Marshal(settings)
	if err != nil {
		panic(err) // strings and numbers always have a JSON form
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Priced reports whether the experiment's variants differ in price, quote, package or link id: in
// what makes the rate of buyers say nothing about which is better.
func (c *Campaign) Priced() bool {
	e := c.cfg.Experiment
	if e == nil {
		return false
	}
	first := e.Variants[0].over(c.cfg.Overrides).sold()
	for i := range e.Variants {
		if e.Variants[i].over(c.cfg.Overrides).sold() != first {
			return true
		}
	}
	return false
}

// sold is what is sold, and at which price.
func (o Overrides) sold() string {
	price := func(p *Price) string {
		if p == nil {
			return ""
		}
		return p.String()
	}
	return strings.Join([]string{
		o.LinkID, o.Package, price(o.OneTimePrice), price(o.Quote),
	}, "\x00")
}
