package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/caddymodule/internal/hashwatch"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/ledger"
)

// Campaign is a named set of overrides, with a schedule, matchers and perhaps an experiment.
type Campaign struct {
	campaign.Config
	// Project names the Zotlo project that the link belongs to. Default: the default project.
	Project string `json:"project,omitempty"`
	// MatchRaw are request matchers; one set that accepts is enough. Default: every request.
	MatchRaw caddyhttp.RawMatcherSets `json:"match,omitempty" caddy:"namespace=http.matchers"`
	// Subscribed is where a subscriber goes instead of to a second checkout: anyone with a running
	// subscription of this campaign's project.
	Subscribed *Subscribed `json:"subscribed,omitempty"`
	// AfterPayment is where a shopper goes instead of to a second checkout. For subscriptions.
	AfterPayment *AfterPayment `json:"after_payment,omitempty"`
	// Fallback is what a shopper gets when there is no link: a URL, `error` or `next`. Default: the
	// route's fallback.
	Fallback string `json:"fallback,omitempty"`
}

// Subscribed is where subscribers go. It is known from webhooks and from `reconcile`, in the ledger;
// a ledger that is away knows of nobody, and the sale goes on.
type Subscribed struct {
	// URL is where: a path of this site, or an address that begins with https://.
	URL string `json:"url"`
	// Packages are the ids of those that count. Default: every package of the project.
	Packages []string `json:"packages,omitempty"`
}

// parse checks the option and reads its URL.
func (s *Subscribed) parse() (*target.Target, error) {
	if !strings.HasPrefix(s.URL, "/") && !strings.HasPrefix(s.URL, "https://") {
		return nil, fmt.Errorf("subscribed: %q is not a path or an https address: write it first, "+
			"as in `subscribed /account`, and packages behind it", s.URL)
	}
	to, err := target.Parse(s.URL)
	if err != nil {
		return nil, fmt.Errorf("subscribed: %w", err)
	}
	for i, id := range s.Packages {
		switch {
		case id == "" || strings.ContainsAny(id, "{} \t"):
			return nil, fmt.Errorf("subscribed: %q is no package: write its id, as Zotlo's "+
				"Dashboard shows it", id)
		case slices.Contains(s.Packages[:i], id):
			return nil, fmt.Errorf("subscribed: package %q is written twice: keep one of them", id)
		}
	}
	return to, nil
}

// AfterPayment is where a shopper who has just paid goes.
type AfterPayment struct {
	// URL is where; it may be relative.
	URL string `json:"url"`
	// For is how long after the payment. Default 24h.
	For caddy.Duration `json:"for,omitempty"`
}

// duration is how long after the payment, the default included.
func (a *AfterPayment) duration() (time.Duration, error) {
	switch d := time.Duration(a.For); {
	case d < 0:
		return 0, errors.New("the duration is negative: write one such as 24h")
	case d > 0:
		return d, nil
	}
	return 24 * time.Hour, nil
}

// checkProject refuses a project that the global option does not define.
func (cfg *Campaign) checkProject(defined map[string]Project) error {
	if _, ok := defined[cfg.Project]; ok || cfg.Project == "" {
		return nil
	}
	return errUnknownProject(cfg.Project)
}

// entry is a campaign that is ready to serve. It is immutable, its watch aside.
type entry struct {
	*campaign.Campaign
	name         string // as Name says it
	project      string
	matchers     caddyhttp.MatcherSets
	fallback     *target.Target // nil: the route's
	subscribed   *target.Target // nil: subscribers buy as anybody does
	packages     []string       // that subscribed asks for; empty is any
	afterPayment *target.Target
	afterFor     time.Duration
	dynamic      bool // it reads placeholders, so every request has an offer of its own
	counters     metrics.LinkCounters
	run          *ledger.Run      // nil: no experiment
	partners     []string         // keys of the codes that it is for, sorted; empty is any
	hashWatch    *hashwatch.Watch // nil: no experiment, or its hash_attribute is the default
	openBraces   []string         // texts with a { that opens no placeholder
	source       []byte           // the configuration as JSON: a second definition must be equal
}

// conditional reports whether the campaign may not answer: by matchers, partners, schedule or
// events.
func (e *entry) conditional() bool {
	cfg := e.Config()
	return len(e.matchers) > 0 || cfg.Partner != nil || e.Scheduled() ||
		len(cfg.Events)+len(cfg.NoEvents) > 0
}

// events are the names of the events that the campaign asks for, or whose values it reads.
func (e *entry) events() []string {
	names := slices.Concat(slices.Collect(maps.Keys(e.Config().Events)),
		slices.Collect(maps.Keys(e.Config().NoEvents)))
	for _, key := range e.Placeholders() {
		if rest, ok := strings.CutPrefix(key, placeholder.Event); ok {
			name, _ := placeholder.CutEvent(rest)
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// hasVariant reports whether the campaign's experiment has a variant of that name.
func (e *entry) hasVariant(name string) bool {
	_, ranges := e.Ranges()
	return slices.ContainsFunc(ranges, func(r campaign.Range) bool { return r.Variant == name })
}

// compile checks a campaign and makes it ready.
func compile(
	ctx caddy.Context, cfg *Campaign, projects projects, languages *campaign.Languages,
) (*entry, error) {
	source, err := json.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	e := &entry{
		name: cfg.Name, project: cfg.Project, source: source,
		counters: metrics.NewLinkCounters(cfg.Name, outcomeLink, answerLink, answerJSON),
	}
	options := campaignOptions(languages)
	options.ParseTemplate = func(text string) ([]campaign.Part, error) {
		if placeholder.HasOpenBrace(text) {
			e.openBraces = append(e.openBraces, text)
		}
		return placeholder.ParseForRequest(text)
	}
	if e.Campaign, err = campaign.New(cfg.Config, options); err != nil {
		return nil, err
	}
	e.dynamic = len(e.Placeholders()) > 0
	e.run = runOf(e.Campaign)
	if cfg.Experiment != nil && cfg.Experiment.HashAttribute != "" {
		e.hashWatch = new(hashwatch.Watch)
	}
	if err := projects.check(cfg.Project); err != nil {
		return nil, err
	}
	if e.fallback, err = target.ParseFallback(cfg.Fallback); err != nil {
		return nil, err
	}
	if cfg.Subscribed != nil {
		if e.subscribed, err = cfg.Subscribed.parse(); err != nil {
			return nil, err
		}
		e.packages = cfg.Subscribed.Packages
	}
	if cfg.AfterPayment != nil {
		if e.afterPayment, err = target.Parse(cfg.AfterPayment.URL); err != nil {
			return nil, fmt.Errorf("after_payment: %w", err)
		}
		if e.afterFor, err = cfg.AfterPayment.duration(); err != nil {
			return nil, fmt.Errorf("after_payment: %w", err)
		}
	}
	if len(cfg.MatchRaw) == 0 {
		return e, nil
	}
	if err := placeholder.CheckMatchers(cfg.MatchRaw); err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	inside := ctx.WithValue(insideCampaign{}, true)
	matchers, err := inside.LoadModule(cfg, "MatchRaw")
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	return e, e.matchers.FromInterface(matchers)
}

// insideCampaign marks the context in which the matchers of a campaign are loaded: they know the
// user of the directive that decides.
type insideCampaign struct{}

// runOf is the campaign's experiment as the ledger counts it, or nil.
func runOf(c *campaign.Campaign) *ledger.Run {
	key, ranges := c.Ranges()
	if key == "" {
		return nil
	}
	cfg := c.Config().Experiment
	run := &ledger.Run{
		Campaign: c.Name(), Experiment: key, Settings: c.Run(),
		Window: cfg.Window, Metric: cfg.Metric, Priced: c.Priced(),
	}
	for _, r := range ranges {
		run.Variants = append(run.Variants, ledger.Share{Variant: r.Variant, Width: r.End - r.Start})
	}
	return run
}

// campaignOptions are what the campaigns of a configuration share.
func campaignOptions(languages *campaign.Languages) campaign.Options {
	return campaign.Options{ParseTemplate: placeholder.ParseForRequest, Languages: languages}
}
