package caddymodule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/partners"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/internal/eventname"
	"github.com/caddy-checkout/checkout/ledger"
)

// registry holds the campaigns of a configuration: those of the global option and those written
// inside routes.
type registry struct {
	log       *zap.Logger
	projects  projects
	languages *campaign.Languages
	partners  *partners.Program

	byName      map[string]*entry
	experiments map[string]string // key → campaign
	events      map[string]bool   // that campaigns ask for or read
}

// newRegistry holds the campaigns of the global option.
func newRegistry(
	ctx caddy.Context, log *zap.Logger, projects projects, languages *campaign.Languages,
	table *partners.Program, campaigns map[string]*Campaign,
) (*registry, error) {
	r := &registry{
		log: log, projects: projects, languages: languages, partners: table,
		byName: make(map[string]*entry), experiments: make(map[string]string),
		events: make(map[string]bool),
	}
	for _, name := range slices.Sorted(maps.Keys(campaigns)) {
		if err := r.define(ctx, name, campaigns[name]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// define adds a campaign. Defining a name twice is an error unless both definitions are equal: the
// Caddyfile repeats an inline campaign in every route that names it.
func (r *registry) define(ctx caddy.Context, name string, cfg *Campaign) error {
	switch {
	case cfg == nil:
		return fmt.Errorf("campaign %s: is null: write its options, or remove it", name)
	case cfg.Name != "" && cfg.Name != name:
		return fmt.Errorf("campaign %s: its name says %q: remove the name, or make the two the "+
			"same",
			name, cfg.Name)
	}
	cfg.Name = name
	if known, ok := r.byName[name]; ok {
		return known.checkEqual(cfg)
	}
	e, err := compile(ctx, cfg, r.projects, r.languages)
	if err == nil {
		err = r.prepare(e)
	}
	if err != nil {
		return named(name, err)
	}
	if key, _ := e.Ranges(); key != "" {
		if other, taken := r.experiments[key]; taken {
			return errExperimentTaken(name, key, other)
		}
		if err := r.checkNamespace(e); err != nil {
			return err
		}
		r.experiments[key] = name
	}
	for _, event := range e.events() {
		r.events[event] = true
	}
	r.warn(e)
	r.byName[name] = e
	return nil
}

// prepare holds what a campaign says of partners against their table.
func (r *registry) prepare(e *entry) error {
	keys, absent, err := r.partners.Prepare(e.Config().Partner, e.source)
	if err != nil {
		return err
	}
	for _, code := range absent {
		r.log.Warn("a campaign names a partner who is not in the table",
			zap.String("campaign", e.Name()), zap.String("partner", code))
	}
	e.partners = keys
	return nil
}

// checkNamespace holds an experiment against those that share its namespace.
func (r *registry) checkNamespace(e *entry) error {
	for _, name := range slices.Sorted(maps.Values(r.experiments)) {
		warning, err := e.SharesNamespace(r.byName[name].Campaign)
		if err != nil {
			return err
		}
		if warning != "" {
			r.log.Warn(warning, zap.String("campaign", e.Name()))
		}
	}
	return nil
}

// runs are the experiments of the configuration.
func (r *registry) runs() (runs []ledger.Run) {
	for _, name := range slices.Sorted(maps.Values(r.experiments)) {
		runs = append(runs, *r.byName[name].run)
	}
	return runs
}

// checkEqual refuses a second definition that differs.
func (e *entry) checkEqual(cfg *Campaign) error {
	source, err := json.Marshal(cfg)
	if err != nil {
		return named(cfg.Name, err)
	}
	if !bytes.Equal(e.source, source) {
		return fmt.Errorf("campaign %q is defined twice, with different options: "+
			"give one of them another name", cfg.Name)
	}
	return nil
}

// warn tells the operator what is strange about a campaign, and loads all the same.
func (r *registry) warn(e *entry) {
	for _, warning := range e.Warnings() {
		r.log.Warn(warning, zap.String("campaign", e.Name()))
	}
	slices.Sort(e.openBraces)
	for _, text := range slices.Compact(e.openBraces) {
		r.log.Warn(`a { in a campaign opens no placeholder, so shoppers read it as it stands; `+
			`close it, or write \{`, zap.String("campaign", e.Name()), zap.String("text", text))
	}
}

func errExperimentTaken(name, key, other string) error {
	return fmt.Errorf("campaign %s: experiment %q is already run by campaign %s: give it "+
		"another key",
		name, key, other)
}

// named adds the campaign's name to an error that does not begin with it.
func named(name string, err error) error {
	if prefix := "campaign " + name + ": "; !strings.HasPrefix(err.Error(), prefix) {
		return fmt.Errorf("%s%w", prefix, err)
	}
	return err
}

// errUnknownCampaign is the error about a name that no campaign has.
func errUnknownCampaign(name string, known []string) error {
	hint := ""
	if len(known) > 0 {
		hint = " (defined so far: " + strings.Join(known, ", ") + ")"
	}
	return fmt.Errorf("campaign %q is not defined: write `campaign %s {` in the global checkout "+
		"option, or link_id in this block%s", name, name, hint)
}

// names lists the known campaigns.
func (r *registry) names() []string { return slices.Sorted(maps.Keys(r.byName)) }

// campaigns are the campaigns by name, without what this module adds to them.
func (r *registry) campaigns() map[string]*campaign.Campaign {
	all := make(map[string]*campaign.Campaign, len(r.byName))
	for name, e := range r.byName {
		all[name] = e.Campaign
	}
	return all
}

// eventLabel is an event's name where a campaign asks for it: backends may tell of any number.
func (r *registry) eventLabel(name string) string {
	if r.events[name] {
		return name
	}
	return metrics.Other
}

// running is the campaign that runs an experiment, or nil.
func (r *registry) running(experiment string) *entry { return r.byName[r.experiments[experiment]] }

// warnAboutSilence tells of options that know only what webhooks say, where none is heard.
func (r *registry) warnAboutSilence() {
	has := func(option func(*entry) *target.Target) bool {
		for _, e := range r.byName {
			if option(e) != nil {
				return true
			}
		}
		return false
	}
	if has(func(e *entry) *target.Target { return e.afterPayment }) {
		r.log.Warn("after_payment does nothing: no checkout_webhook hears of payments; " +
			"add one, as docs/webhooks.md shows")
	}
	if has(func(e *entry) *target.Target { return e.subscribed }) {
		r.log.Warn("subscribed learns of nobody: no checkout_webhook hears of subscriptions; " +
			"add one, as docs/webhooks.md shows")
	}
}

// warnAboutUntold tells of events that nobody tells: without hooks there are none of Zotlo's, and
// without backend none of the site's.
func (r *registry) warnAboutUntold(hooked, told bool) {
	for _, name := range slices.Sorted(maps.Keys(r.events)) {
		switch isZotlos := eventname.IsZotlo(name); {
		case isZotlos && !hooked:
			r.log.Warn("an event of Zotlo's never happens: no checkout_webhook hears of it; add "+
				"one, as docs/webhooks.md shows", zap.String("event", name))
		case !isZotlos && !told:
			r.log.Warn("an event never happens: no checkout_events lets a backend tell of it; add "+
				"one, as docs/events.md shows", zap.String("event", name))
		}
	}
}

// warnAboutMoves says, when a reload gives users another variant than the running configuration,
// how many percent it moves.
func (r *registry) warnAboutMoves(running *registry) {
	for name, e := range r.byName {
		key, _ := e.Ranges()
		if key == "" {
			continue
		}
		before := running.running(key)
		if before == nil {
			continue
		}
		if moved := before.Moved(e.Campaign); moved > 0 {
			r.log.Warn("this reload moves users between variants of a running experiment: a new "+
				"run begins, in which people are counted anew; going back continues the old one",
				zap.String("campaign", name), zap.String("experiment", key),
				zap.Float64("percent_of_users", float64(moved)/100))
		}
	}
}

// showSeries makes the series of what is rare exist before it happens. Prometheus's increase() sees
// no step from nothing to 1, so an alert would sleep through the first wrong price, and every
// process of a fleet would hide the first payment of each variant. It also tells what share of all
// users each variant should have, so that no weights are copied into a dashboard.
func (r *registry) showSeries(projects projects) {
	for _, p := range projects.list {
		metrics.ShowAPIResults(metrics.Project(p.Name))
	}
	metrics.VariantShare.Reset()
	var all []string
	for name, e := range r.byName {
		known := currencies(e.Config())
		all = append(all, known...)
		metrics.ShowMoney(name, "", "", known...)
		if len(e.matchers) > 0 {
			metrics.MatcherErrors.WithLabelValues(name) // at 0
		}
		metrics.ShowMismatches(name)
		metrics.ShowPayments(name, "", "")
		experiment, ranges := e.Ranges()
		for _, r := range ranges {
			share := float64(r.End-r.Start) / 10_000
			metrics.VariantShare.WithLabelValues(experiment, r.Variant).Set(share)
			metrics.ShowPayments(name, experiment, r.Variant)
			metrics.ShowMoney(name, experiment, r.Variant, known...)
			metrics.ShowExposures(experiment, r.Variant, atOffer, atLink)
		}
	}
	for name := range r.events {
		if !eventname.IsZotlo(name) { // which no backend tells
			metrics.ShowEvents(name)
		}
	}
	metrics.ShowEvents(metrics.Other)
	metrics.ShowMismatches(metrics.Other)
	metrics.ShowPayments(metrics.Other, "", "")
	metrics.ShowPayments(metrics.Other, metrics.Other, metrics.Other)
	metrics.ShowPayments("", "", "") // links that were not ours
	metrics.ShowMoney("", "", "", all...)
}

// currencies are those that a campaign names: of its prices and quotes, and of what its experiment is
// judged by. What else Zotlo charges, nobody knows before it does.
func currencies(c campaign.Config) (codes []string) {
	of := []campaign.Overrides{c.Overrides}
	if c.Experiment != nil {
		for _, v := range c.Experiment.Variants {
			of = append(of, v.Overrides)
		}
		if code, ok := strings.CutPrefix(c.Experiment.Metric, "revenue "); ok {
			codes = append(codes, code)
		}
	}
	for _, o := range of {
		for _, price := range []*campaign.Price{o.OneTimePrice, o.Quote} {
			if price != nil {
				codes = append(codes, price.Currency)
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
