package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgeradmin"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/ledger"
)

// listCampaigns shows every campaign of the running configuration, by name.
func listCampaigns(app *App, _ []byte, _ *http.Request) (any, error) {
	return cli.Campaigns{Campaigns: offered(app.shared.registry, time.Now())}, nil
}

// offered are the campaigns by name, with this process's counts.
func offered(r *registry, now time.Time) []cli.Campaign {
	counted := readCounts()
	list := make([]cli.Campaign, 0, len(r.byName))
	for _, name := range r.names() {
		list = append(list, counted.campaign(r.byName[name], now))
	}
	return list
}

// showExperiments shows what the experiments that the ledger knows have shown, or the one that is
// asked for.
func showExperiments(app *App, _ []byte, r *http.Request) (any, error) {
	l, err := app.shared.ledger.Get()
	if err != nil {
		return nil, adminError(http.StatusServiceUnavailable, "the ledger cannot be used: %w", err)
	}
	all, err := l.Experiments(r.Context(), time.Now())
	if err != nil {
		return nil, adminError(http.StatusServiceUnavailable, "reading the ledger: %w", err)
	}
	key := r.URL.Query().Get("key")
	var keys []string
	found := []ledger.Experiment{} // JSON has no null for a list
	for _, e := range all {
		keys = append(keys, e.Key)
		if e.Key == key || key == "" {
			found = append(found, e)
		}
	}
	if len(found) == 0 && key != "" {
		return nil, adminError(http.StatusNotFound, "no experiment has the key %q; the ledger "+
			"knows: %s", key, cmp.Or(strings.Join(slices.Compact(keys), ", "), "none"))
	}
	return cli.Experiments{Experiments: found}, nil
}

// partnersSince is how far back partners are shown where nothing is said.
const partnersSince = "30d"

// showPartners shows what partners have sold on the days that are asked for, which are those of UTC.
func showPartners(app *App, _ []byte, r *http.Request) (any, error) {
	asked, now := r.URL.Query(), time.Now()
	since, err := ledgeradmin.ReadSince(cmp.Or(asked.Get("since"), partnersSince), now)
	if err != nil {
		return nil, err
	}
	last := now
	if text := asked.Get("until"); text != "" {
		until, err := time.Parse(time.DateOnly, text)
		if err != nil || !until.After(since) {
			return nil, adminError(http.StatusBadRequest, "until: write the day after the last one "+
				"that is shown, such as 2026-12-01; it must be after since")
		}
		last = until.Add(-1)
	}
	list, err := partnerNumbers(r.Context(), app, since, last)
	if err != nil {
		return nil, err
	}
	return cli.Partners{
		Since: since.UTC().Format(time.DateOnly), Until: last.UTC().Format(time.DateOnly),
		Partners: list,
	}, nil
}

// partnerNumbers are what the partners have sold between two instants, by the codes of the table.
func partnerNumbers(
	ctx context.Context, app *App, since, until time.Time,
) ([]ledger.PartnerNumbers, error) {
	l, err := app.shared.ledger.Get()
	if err != nil {
		return nil, adminError(http.StatusServiceUnavailable, "the ledger cannot be used: %w", err)
	}
	list, err := l.Partners(ctx, since, until, app.shared.partners.Name)
	if err != nil {
		return nil, adminError(http.StatusServiceUnavailable, "reading the ledger: %w", err)
	}
	if list == nil {
		list = []ledger.PartnerNumbers{} // JSON has no null for a list
	}
	return list, nil
}

// servingLedger is what the operator's questions about the ledger are answered from.
func servingLedger() (ledgeradmin.Target, error) {
	app := liveApps.newest()
	if app == nil || app.shared.generator == nil {
		return ledgeradmin.Target{}, errors.New("the running configuration has no checkout")
	}
	return ledgeradmin.Target{
		Ledger: app.shared.ledger.Get,
		Reconciliations: func(project *string) ([]ledger.Reconciliation, error) {
			return reconciliations(app, project)
		},
	}, nil
}

// reconciliations are those of one project, or of all.
func reconciliations(app *App, project *string) (list []ledger.Reconciliation, err error) {
	for _, p := range app.projects.list {
		if project != nil && *project != p.Name {
			continue
		}
		list = append(list, ledger.Reconciliation{
			Project: p.Name, Client: app.shared.generator.Client(p.Name),
			Sandbox: app.shared.testMode[p.Name],
			Hash:    func(id string) (string, []string) { return hashesOf(app.shared.generator, id) },
			Took:    app.shared.count,
		})
	}
	if len(list) == 0 {
		return nil, errUnknownProject(*project)
	}
	return list, nil
}

// counts are samples of counters, by campaign; exposures by experiment.
type counts struct{ links, conversions, refunds, exposures map[string][]metrics.Sample }

func readCounts() counts {
	return counts{
		links:       metrics.Read(metrics.Links, "campaign"),
		conversions: metrics.Read(metrics.Conversions, "campaign"),
		refunds:     metrics.Read(metrics.Refunds, "campaign"),
		exposures:   metrics.Read(metrics.Exposures, "experiment"),
	}
}

// of are the samples of one variant. The experiment matters, too: the campaign may have run another
// one with variants of the same names.
func of(experiment, variant string, list []metrics.Sample) (own []metrics.Sample) {
	for _, s := range list {
		if s.Labels["experiment"] == experiment && s.Labels["variant"] == variant {
			own = append(own, s)
		}
	}
	return own
}

func (c counts) campaign(e *entry, now time.Time) cli.Campaign {
	name, cfg := e.Name(), e.Config()
	v := cli.Campaign{
		Name: name, State: e.State(now), Project: metrics.Project(e.project),
		From: cfg.From, Until: cfg.Until, Conditional: e.conditional(),
		Fallback:    e.fallback.String(),
		Links:       metrics.Sum(c.links[name], "source"),
		Conversions: metrics.Sum(c.conversions[name], "type"),
		Refunds:     metrics.Sum(c.refunds[name], "campaign")[name],
	}
	key, ranges := e.Ranges()
	if key == "" {
		return v
	}
	v.Experiment = &cli.Experiment{Key: key}
	for _, r := range ranges {
		v.Experiment.Variants = append(v.Experiment.Variants, c.variant(name, key, r))
	}
	return v
}

func (c counts) variant(campaign, experiment string, r campaign.Range) cli.Variant {
	refunds := of(experiment, r.Variant, c.refunds[campaign])
	return cli.Variant{
		Name: r.Variant, Start: r.Start, End: r.End, Percent: float64(r.End-r.Start) / 100,
		Exposures:   metrics.Sum(of(experiment, r.Variant, c.exposures[experiment]), "at"),
		Conversions: metrics.Sum(of(experiment, r.Variant, c.conversions[campaign]), "type"),
		Refunds:     metrics.Sum(refunds, "variant")[r.Variant],
	}
}
