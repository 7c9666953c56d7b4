package caddymodule

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

// App holds what all checkout directives of a configuration share: Zotlo projects, identities, the link cache, limits and campaigns.
// It is written as the global option `checkout`, and made by itself, with the default project, where that option is absent.
//
// The Project fields at this level are those of the default project.
type App struct {
	Project
	// Languages is the closed list of checkout languages, as Zotlo writes them: `en`, `tr`, `pt_br`. The first is the default. Default: `en`.
	Languages []string `json:"languages,omitempty"`
	// Projects are further Zotlo projects by name. A campaign names one with its word `project`.
	Projects map[string]Project `json:"project,omitempty"`
	// JWT are the identities by name. The one named `default` is used by every route that names none.
	JWT map[string]*JWT `json:"jwt,omitempty"`
	// CacheRaw is where links are kept. Default: `memory`.
	CacheRaw json.RawMessage `json:"cache,omitempty" caddy:"namespace=checkout.caches inline_key=module"`
	// Limits bound what is asked of the API.
	Limits *Limits `json:"limits,omitempty"`
	// Campaigns are the campaigns by name.
	Campaigns map[string]*Campaign `json:"campaign,omitempty"`

	ctx       caddy.Context
	log       *zap.Logger
	projects  projects
	languages *campaign.Languages
	ids       identities
	cache     *openCache
	state     *sharedState
	generator *linkgen.Generator
	ledger    *ledger.Ledger
	registry  registry
	failures  *zap.Logger // log, but a failure that repeats is sampled
	routes    [][]string  // what each route lists
	hooked    bool        // some route hears of payments

	recall  *recall        // spares a returning shopper the hashing
	exposed *exposureTable // spares him the question whether he was counted

	ipWarnings  ipWarnings
	pageWarning sync.Once
	loopWarning sync.Once

	errorPages sync.Map // *caddyhttp.Server → whether it has any
}

// Limits bound what the module asks of Zotlo's API and of a shopper's patience. They count per Caddy process.
type Limits struct {
	// Timeout is for a whole API call with its one retry. Default 4s.
	Timeout caddy.Duration `json:"timeout,omitempty"`
	// MaxInFlight is the number of API calls at once. Default 64.
	MaxInFlight int `json:"max_in_flight,omitempty"`
	// Wait is how long a shopper waits in line for a free call. Default 5s.
	Wait caddy.Duration `json:"wait,omitempty"`
	// Rate is the number of API calls per project, such as `50/1s`. Default: no limit.
	Rate string `json:"rate,omitempty"`
	// PerSubscriber is the number of links made for one subscriber. Default `10/1m`.
	PerSubscriber string `json:"per_subscriber,omitempty"`
	// PerIP is the number of guest links made for one address, IPv6 by /64. Default `10/1m`.
	PerIP string `json:"per_ip,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "checkout", New: func() caddy.Module { return new(App) }}
}

// Provision makes everything that a request needs. It makes no network connection.
func (a *App) Provision(ctx caddy.Context) error {
	a.ctx, a.log = ctx, ctx.Logger()
	a.failures = sampled(a.log)
	a.recall, a.exposed = newRecall(), newExposureTable()
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	for _, step := range []func() error{
		a.provisionLanguages, a.provisionProjects, a.provisionCache, a.provisionGenerator, a.provisionIdentities, a.provisionCampaigns,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) provisionLanguages() error {
	list := a.Languages
	if len(list) == 0 {
		list = []string{"en"}
	}
	var err error
	a.languages, err = campaign.NewLanguages(list...)
	return err
}

func (a *App) provisionProjects() error {
	var err error
	a.projects, err = resolveProjects(a.Project, a.Projects, a.log)
	return err
}

// provisionGenerator makes the generator on the state that outlives configurations.
func (a *App) provisionGenerator() error {
	limits, err := a.Limits.parse()
	if err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	if len(a.projects.list) == 0 {
		return nil // no campaign can be defined without a project, so nobody will ask for a link
	}
	if a.state, err = takeState(); err != nil {
		return err
	}
	a.ledger = a.newLedger()
	a.generator, err = linkgen.New(linkgen.Config{
		Projects:  a.projects.list,
		Key:       a.projects.key,
		Cache:     a.cache.Cache,
		TTL:       a.cache.ttl,
		Limits:    limits,
		State:     a.state.State,
		Standby:   true, // this configuration may yet be rejected
		Transport: newTracedTransport(limits),
		Attribute: attribute,
		Hooks:     a.hooks(),
	})
	if err != nil {
		return fmt.Errorf("checkout: %w", err)
	}
	return nil
}

// Start begins the background work, keeping remote keys fresh, and makes this app the one that serves.
func (a *App) Start() error {
	a.ids.run(a.ctx)
	a.warnAboutMoves(liveApps.newest())
	a.warnAboutDeafness()
	liveApps.add(a)
	a.takeOver()
	return nil
}

// warnAboutDeafness tells the operator that after_payment can do nothing. Another Caddy may hear of payments where the cache is shared.
func (a *App) warnAboutDeafness() {
	if _, alone := a.cache.Cache.(*memorycache.Cache); alone && !a.hooked && a.registry.longestAfterPayment("") > 0 {
		a.log.Warn("after_payment does nothing: no checkout_webhook hears of payments; add one, as docs/webhooks.md shows")
	}
}

// Stop ends nothing that requests use: those of this configuration may still be running, and need all that Cleanup gives back.
func (a *App) Stop() error {
	a.retire()
	return nil
}

// takeOver makes this app's settings hold for what configurations share. It waits for Start, because a configuration that is
// rejected must change nothing for the one that runs.
func (a *App) takeOver() {
	if a.generator != nil {
		a.generator.Activate()
	}
	a.cache.activate()
	breakerOpen.Reset()
	for _, p := range a.projects.list {
		breakerOpen.WithLabelValues(projectLabel(p.Name)).Set(gauge(a.generator.BreakerOpen(p.Name)))
	}
	a.showZeros()
}

// retire takes this app off the list of those that run. Where that leaves an older one, because this one was given up, its settings hold again.
func (a *App) retire() {
	if !liveApps.remove(a) {
		return
	}
	if running := liveApps.newest(); running != nil {
		running.takeOver()
	}
}

// Cleanup gives back what Provision took, and only that. A request that is still inside finishes: a closed cache is a miss.
func (a *App) Cleanup() error {
	a.retire() // Stop may never have run
	if a.generator != nil {
		a.generator.Close()
	}
	a.ids.release()
	err := a.cache.release()
	if serr := a.state.release(); err == nil {
		err = serr
	}
	return err
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
		word, text string
		to         *linkgen.Rate
	}{
		{"rate", l.Rate, &out.Rate},
		{"per_subscriber", l.PerSubscriber, &out.PerSubscriber},
		{"per_ip", l.PerIP, &out.PerIP},
	} {
		rate, err := parseRate(r.text)
		if err != nil {
			return out, fmt.Errorf("%s: %w", r.word, err)
		}
		*r.to = rate
	}
	return out, nil
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
