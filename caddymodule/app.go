package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-checkout/checkout/caddymodule/internal/changes"
	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgerlife"
	"github.com/caddy-checkout/checkout/caddymodule/internal/memo"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/partners"
	"github.com/caddy-checkout/checkout/campaign"
)

// App holds what all checkout directives of a configuration share: Zotlo projects, identities, the
// link cache, limits and campaigns. It is written as the global option `checkout`, and made by
// itself, with the default project, where that option is absent.
//
// The Project fields at this level are those of the default project.
type App struct {
	Project
	// Languages is the closed list of checkout languages, as Zotlo writes them: `en`, `tr`,
	// `pt_br`. The first is the default. Default: `en`.
	Languages []string `json:"languages,omitempty"`
	// Projects are further Zotlo projects by name. A campaign names one with its option `project`.
	Projects map[string]Project `json:"project,omitempty"`
	// JWT are the identities by name. The one named `default` is used by every route that names
	// none.
	JWT map[string]*JWT `json:"jwt,omitempty"`
	// Offers are the keys of signed offers. Default: none are taken.
	Offers *Offers `json:"offers,omitempty"`
	// CacheRaw is where links are kept. Default: `memory`.
	CacheRaw json.RawMessage `json:"cache,omitempty" caddy:"namespace=checkout.caches inline_key=module"`
	// LedgerRaw is where it is kept what came of the links: payments, subscriptions, events,
	// exposures. Default: `file`, and `redis` where the cache is in Redis.
	LedgerRaw json.RawMessage `json:"ledger,omitempty" caddy:"namespace=checkout.ledgers inline_key=module"`
	// Partners are people who send visitors and may be paid for it. Default: there are none.
	Partners *partners.Config `json:"partners,omitempty"`
	// Limits bound what is asked of the API.
	Limits *Limits `json:"limits,omitempty"`
	// Campaigns are the campaigns by name.
	Campaigns map[string]*Campaign `json:"campaign,omitempty"`

	shared   *services
	ctx      caddy.Context
	projects projects
	ids      identities
	cache    *openCache
	state    *sharedState
	routes   [][]string // what each route lists
	hooked   bool       // some route hears of payments
	told     bool       // some route hears of the backend's events
	started  bool

	needsDirective bool // a checkout_claim has nobody to ask before a directive ran
}

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "checkout", New: func() caddy.Module { return new(App) }}
}

// Provision makes everything that a request needs. It makes no network connection.
func (a *App) Provision(ctx caddy.Context) (err error) {
	log := ctx.Logger()
	a.ctx = ctx
	a.shared = &services{log: log, failures: sampled(log)}
	if err := metrics.Register(ctx.GetMetricsRegistry(), cachedLinks, ledgerBytes, ledgerUp); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	if a.shared.languages, err = newLanguages(a.Languages); err != nil {
		return err
	}
	a.shared.severalLanguages = a.shared.languages.Several()
	if a.projects, err = resolveProjects(a.Project, a.Projects, log); err != nil {
		return err
	}
	a.shared.testMode = a.projects.testMode
	cache, err := a.guest(ctx, "CacheRaw", a.CacheRaw)
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	if a.cache, err = openConfiguredCache(cache, a.projects.key); err != nil {
		return err
	}
	if a.state, err = takeState(); err != nil {
		return err
	}
	if a.shared.partners, err = a.Partners.Open(); err != nil {
		return err
	}
	hooks := newHooks(log, a.shared.failures, a.cache)
	ledger, err := a.guest(ctx, "LedgerRaw", a.LedgerRaw)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	keys, err := newLedger(ctx, a.shared, ledger, a.cache.guest, a.projects.key)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	a.shared.generator, err = newGenerator(a.projects, keys, a.Limits, a.cache, a.state.State,
		attributeWith(a.shared.secrets), hooks)
	if err != nil {
		return err
	}
	if a.shared.signed, err = a.ids.openOffers(a.Offers, log); err != nil {
		return fmt.Errorf("offers: %w", err)
	}
	if err := a.ids.openNamed(a.JWT, log); err != nil {
		return err
	}
	a.shared.exposed = memo.NewSet[exposure]()
	a.shared.registry, err = newRegistry(ctx, log, a.projects, a.shared.languages,
		a.shared.partners, a.Campaigns)
	return err
}

// guest loads the module that stands in a field. It is nil where nothing is written.
func (a *App) guest(ctx caddy.Context, field string, raw json.RawMessage) (any, error) {
	if raw == nil {
		return nil, nil
	}
	return ctx.LoadModule(a, field)
}

// newLanguages is the closed list; English where nothing is said.
func newLanguages(list []string) (*campaign.Languages, error) {
	if len(list) == 0 {
		list = []string{"en"}
	}
	return campaign.NewLanguages(list...)
}

// Start begins the background work, keeping remote keys fresh, and makes this app the one that
// serves.
func (a *App) Start() error {
	if a.needsDirective && len(a.routes) == 0 {
		return errNobodyToAsk // only now are all directives of the configuration known
	}
	running := liveApps.newest()
	if len(a.projects.list) > 0 { // else nothing can be sold
		var before *ledgerlife.Handle
		if running != nil {
			before = running.shared.ledger
		}
		if err := openLedger(a.shared.ledger, before); err != nil {
			return err
		}
	}
	a.ids.run(a.ctx)
	if running != nil {
		a.shared.registry.warnAboutMoves(running.shared.registry)
		a.projects.warnAboutKey(running.projects, a.shared.log)
	}
	a.started = true
	a.warnWithoutWebhook()
	liveApps.add(a)
	a.activate()
	return nil
}

// errNobodyToAsk is the error about a checkout_claim that could never match.
var errNobodyToAsk = errors.New("checkout_claim: who the user is, is not configured: write a " +
	"`jwt` block in the global checkout option")

// warnWithoutWebhook says that nobody hears of payments that a campaign asks for. Only now are all
// directives of the configuration known.
func (a *App) warnWithoutWebhook() {
	// Where the ledger is shared, another Caddy may hear of payments.
	if !a.shared.ledger.Alone() {
		return
	}
	if !a.hooked {
		a.shared.registry.warnAboutSilence()
	}
	a.shared.registry.warnAboutUntold(a.hooked, a.told)
}

// onlyValidated reports whether the configuration was provisioned whole and never run, as `caddy
// validate` does: where a load fails, the cause of the end wraps an error.
func (a *App) onlyValidated() bool {
	return !a.started && a.shared != nil && a.shared.registry != nil &&
		errors.Unwrap(context.Cause(a.ctx)) == nil
}

// Stop ends nothing that requests use: those of this configuration may still be running, and need
// all that Cleanup gives back.
func (a *App) Stop() error {
	// Only now is it sure that the newer configuration runs: at its Start another app could fail.
	if next := liveApps.newest(); next != nil && next != a {
		changes.Tell(next.ctx, next.shared.log,
			a.shared.registry.campaigns(), next.shared.registry.campaigns())
	}
	a.retire()
	return nil
}

// activate makes this app's settings hold for what configurations share. It waits for Start,
// because a configuration that is rejected must change nothing for the one that runs.
func (a *App) activate() {
	if a.shared.generator != nil {
		a.shared.generator.Activate()
	}
	a.cache.activate()
	keysLog.Store(a.shared.failures)
	metrics.BreakerOpen.Reset()
	for _, p := range a.projects.list {
		open := metrics.Bool(a.shared.generator.BreakerOpen(p.Name))
		metrics.BreakerOpen.WithLabelValues(metrics.Project(p.Name)).Set(open)
	}
	metrics.ShowLedgerErrors()
	a.shared.registry.showSeries(a.projects)
	a.shared.partners.Watch(a.shared.log)
	beginRuns(a.shared.ledger, a.shared.registry.runs())
}

// retire takes this app off the list of those that run. Where that leaves an older one, because
// this one was given up, its settings hold again.
func (a *App) retire() {
	if !liveApps.remove(a) {
		return
	}
	if running := liveApps.newest(); running != nil {
		running.activate()
	}
}

// Cleanup gives back what Provision took, and only that. A request that is still inside finishes: a
// closed cache is a miss.
func (a *App) Cleanup() error {
	a.retire() // Stop may never have run
	if a.onlyValidated() {
		a.warnWithoutWebhook()
	}
	if a.shared != nil && a.shared.generator != nil {
		a.shared.generator.Close()
	}
	a.ids.release()
	err := a.cache.release()
	if a.shared != nil && a.shared.ledger != nil {
		err = errors.Join(err, a.shared.ledger.Close())
	}
	if a.shared != nil {
		err = errors.Join(err, a.shared.partners.Close())
	}
	if serr := a.state.release(); err == nil {
		err = serr
	}
	return err
}

// checkoutApp finds the app, which Caddy makes by itself where no global option configures it.
func checkoutApp(ctx caddy.Context) (*App, error) {
	v, err := ctx.App("checkout")
	if err != nil {
		return nil, err
	}
	return v.(*App), nil
}

// liveApps are the apps that run, the newest last. The admin API and a reload read it: a pointer
// kept from Provision would still be the rejected app's after a reload that failed.
var liveApps appList

type appList struct {
	mu   sync.Mutex
	list []*App
}

func (l *appList) add(a *App) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, a)
}

// remove forgets an app, and reports whether it was in the list: one that never ran is not.
func (l *appList) remove(a *App) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.list)
	l.list = slices.DeleteFunc(l.list, func(other *App) bool { return other == a })
	return len(l.list) < before
}

// newest is the app that serves, or nil.
func (l *appList) newest() *App {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == 0 {
		return nil
	}
	return l.list[len(l.list)-1]
}

// ledgerUp asks the app that serves: what a reload that was refused has seen does not count.
var ledgerUp = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
	Name: "caddy_checkout_ledger_up",
	Help: "1 while the ledger is open, or where nothing is sold.",
}, func() float64 {
	app := liveApps.newest()
	return metrics.Bool(app != nil && (len(app.projects.list) == 0 || app.shared.ledger.IsOpen()))
})

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
