package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/campaign"
)

// Campaign is a named set of overrides, with a schedule, matchers and perhaps an experiment.
type Campaign struct {
	campaign.Config
	// Project names the Zotlo project that the link belongs to. Default: the default project.
	Project string `json:"project,omitempty"`
	// MatchRaw are request matchers; one set that accepts is enough. Default: every request.
	MatchRaw caddyhttp.RawMatcherSets `json:"match,omitempty" caddy:"namespace=http.matchers"`
	// AfterPayment is where a shopper goes instead of to a second checkout. For subscriptions.
	AfterPayment *AfterPayment `json:"after_payment,omitempty"`
	// Fallback is what a shopper gets when there is no link: a URL, `error` or `next`. Default: the route's fallback.
	Fallback string `json:"fallback,omitempty"`

	at place // of the block, while a Caddyfile is read
}

// AfterPayment is where a shopper who has just paid goes.
type AfterPayment struct {
	// URL is where; it may be relative.
	URL string `json:"url"`
	// For is how long after the payment. Default 24h.
	For caddy.Duration `json:"for,omitempty"`
}

// entry is a campaign that is ready to serve.
type entry struct {
	*campaign.Campaign
	project      string
	matchers     caddyhttp.MatcherSets
	fallback     *target // nil: the route's
	afterPayment *target
	afterFor     time.Duration
	dynamic      bool // it reads placeholders, so every request has an offer of its own
	counters     linkCounters
	slips        map[string]bool // texts with a { that opens no placeholder
	source       []byte          // the configuration as JSON: two definitions of one name must be equal
}

// conditional reports whether the campaign may not answer: by matchers or by schedule.
func (e *entry) conditional() bool { return len(e.matchers) > 0 || e.Scheduled() }

// registry holds the campaigns of a configuration: those of the global option and those written inside routes.
type registry struct {
	byName      map[string]*entry
	experiments map[string]string // key → campaign
}

func (a *App) provisionCampaigns() error {
	a.registry = registry{byName: make(map[string]*entry), experiments: make(map[string]string)}
	for _, name := range slices.Sorted(maps.Keys(a.Campaigns)) {
		if _, err := a.define(a.ctx, name, a.Campaigns[name]); err != nil {
			return err
		}
	}
	return nil
}

// define makes a campaign of this configuration. Defining a name twice is an error unless both definitions are equal:
// the Caddyfile repeats an inline campaign in every route that names it.
func (a *App) define(ctx caddy.Context, name string, cfg *Campaign) (*entry, error) {
	switch {
	case cfg == nil:
		return nil, fmt.Errorf("campaign %s: is null: write its words, or remove it", name)
	case cfg.Name != "" && cfg.Name != name:
		return nil, fmt.Errorf("campaign %s: its name says %q: remove the name, or make the two the same", name, cfg.Name)
	}
	cfg.Name = name
	source, err := json.Marshal(cfg)
	if err != nil {
		return nil, fmt.Errorf("campaign %s: %w", name, err)
	}
	if known, ok := a.registry.byName[name]; ok {
		if !bytes.Equal(known.source, source) {
			return nil, fmt.Errorf("campaign %q is defined twice, with different words: give one of them another name", name)
		}
		return known, nil
	}
	e, err := a.compile(ctx, cfg)
	if err != nil {
		return nil, named(name, err)
	}
	if key, _ := e.Ranges(); key != "" {
		if other, taken := a.registry.experiments[key]; taken {
			return nil, errExperimentTaken(name, key, other)
		}
		a.registry.experiments[key] = name
	}
	for _, warning := range e.Warnings() {
		a.log.Warn(warning, zap.String("campaign", name))
	}
	for _, text := range slices.Sorted(maps.Keys(e.slips)) {
		a.log.Warn(`a { in a campaign opens no placeholder, so shoppers read it as it stands; close it, or write \{`, zap.String("campaign", name), zap.String("text", text))
	}
	e.source, e.counters = source, newLinkCounters(name)
	a.registry.byName[name] = e
	return e, nil
}

func errExperimentTaken(name, key, other string) error {
	return fmt.Errorf("campaign %s: experiment %q is already run by campaign %s: give it another key", name, key, other)
}

// named adds the campaign's name to an error that does not begin with it.
func named(name string, err error) error {
	if prefix := "campaign " + name + ": "; !strings.HasPrefix(err.Error(), prefix) {
		return fmt.Errorf("%s%w", prefix, err)
	}
	return err
}

func (a *App) compile(ctx caddy.Context, cfg *Campaign) (*entry, error) {
	e := &entry{project: cfg.Project, slips: make(map[string]bool)}
	parse := func(text string) ([]campaign.Part, error) {
		if hasOpenBrace(text) {
			e.slips[text] = true
		}
		return parseWord(text)
	}
	var err error
	if e.Campaign, err = campaign.New(cfg.Config, campaign.Options{ParseTemplate: parse, Languages: a.languages}); err != nil {
		return nil, err
	}
	e.dynamic = len(e.Placeholders()) > 0
	if err := a.projects.check(cfg.Project); err != nil {
		return nil, err
	}
	if e.fallback, err = parseFallback(cfg.Fallback); err != nil {
		return nil, err
	}
	if cfg.AfterPayment != nil {
		if e.afterPayment, err = parseTarget(cfg.AfterPayment.URL); err != nil {
			return nil, fmt.Errorf("after_payment: %w", err)
		}
		if e.afterFor = time.Duration(cfg.AfterPayment.For); e.afterFor == 0 {
			e.afterFor = 24 * time.Hour
		}
		if e.afterFor < 0 {
			return nil, errors.New("after_payment: the duration is negative: write one such as 24h")
		}
	}
	if len(cfg.MatchRaw) == 0 {
		return e, nil
	}
	if err := checkMatchers(cfg.MatchRaw); err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	matchers, err := ctx.LoadModule(cfg, "MatchRaw")
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	return e, e.matchers.FromInterface(matchers)
}

// names lists the known campaigns, for error messages.
func (r registry) names() string {
	return strings.Join(slices.Sorted(maps.Keys(r.byName)), ", ")
}
