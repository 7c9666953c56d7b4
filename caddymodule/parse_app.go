package caddymodule

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// appParser reads the global option. It keeps where each campaign stands, for mistakes that are
// only found between campaigns.
type appParser struct {
	*block.Block
	app    *App
	places map[string]block.Place
}

// parseAppOption reads:
//
//	checkout {
//		access_key <key>
//		access_secret <secret>
//		application_key <key>
//		application_id <id>
//		api_url <url>
//		link_hosts <host>...
//		languages <language>...
//		project <name> { … the options above, languages apart … }
//		jwt [<name>] { … }
//		offers { … }
//		cache <module> { … }
//		ledger <module> { … }
//		partners <file> { … }
//		limits { … }
//		campaign <name> { … }
//	}
func parseAppOption(d *caddyfile.Dispenser, earlier any) (any, error) {
	d.Next()
	if earlier != nil {
		return nil, d.Err("the global option checkout is written twice: merge the two blocks")
	}
	// Placeholder shorthands work here as they do in a site.
	segment := d.NextSegment()
	httpcaddyfile.NewShorthandReplacer().ApplyToSegment(&segment)
	d = caddyfile.NewDispenser(segment)
	d.Next()
	if d.NextArg() {
		return nil, d.Err("checkout takes no value on its own line: open a block with {")
	}
	p := &appParser{
		Block: block.New(d, "checkout"), app: new(App), places: make(map[string]block.Place),
	}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "checkout", Value: caddyconfig.JSON(p.app, nil)}, nil
}

func (p *appParser) parse() error {
	app := p.app
	grammar := projectOptions(p.Block, &app.Project)
	grammar["languages"] = p.parseLanguages
	grammar["project"] = p.parseProject
	grammar["jwt"] = p.parseJWT
	grammar["offers"] = func() error { return parseOffers(p.Block, &app.Offers) }
	grammar["cache"] = func() error { return parseCache(p.Block, &app.CacheRaw) }
	grammar["ledger"] = func() error { return parseLedger(p.Block, &app.LedgerRaw) }
	grammar["partners"] = func() error { return parsePartners(p.Block, &app.Partners) }
	grammar["limits"] = func() error { return parseLimits(p.Block, &app.Limits) }
	// Campaigns are read last, wherever they stand: what they may say depends on the other options.
	var campaigns []caddyfile.Segment
	grammar["campaign"] = func() error {
		campaigns = append(campaigns, p.NextSegment())
		return nil
	}
	if err := p.Read(grammar); err != nil {
		return err
	}
	for _, segment := range campaigns {
		if err := p.parseCampaign(segment); err != nil {
			return err
		}
	}
	return p.checkCampaigns()
}

// appOption is the global option as the directives' parsers see it; it is never nil.
func appOption(h httpcaddyfile.Helper) *App {
	app := new(App)
	if option, ok := h.Option("checkout").(httpcaddyfile.App); ok {
		_ = json.Unmarshal(option.Value, app) // we marshalled it ourselves
	}
	return app
}

// projectOptions is the grammar of a project.
func projectOptions(b *block.Block, p *Project) block.Options {
	return block.Options{
		"access_key":      func() error { return b.TextAtLoad(&p.AccessKey) },
		"access_secret":   func() error { return b.TextAtLoad(&p.AccessSecret) },
		"application_key": func() error { return b.TextAtLoad(&p.ApplicationKey) },
		"application_id":  func() error { return b.TextAtLoad(&p.ApplicationID) },
		"test_mode":       func() error { return b.Flag(&p.TestMode) },
		"link_hosts": func() error {
			if err := b.ListAtLoad(&p.LinkHosts); err != nil || placeholder.In(p.LinkHosts...) {
				return err
			}
			return b.Check("link_hosts", linkgen.Project{LinkHosts: p.LinkHosts}.CheckLinkHosts())
		},
		"api_url": func() error {
			if err := b.TextAtLoad(&p.APIURL); err != nil || placeholder.In(p.APIURL) {
				return err
			}
			return b.Check("api_url", zotlo.Project{APIURL: p.APIURL}.CheckAPIURL())
		},
	}
}

func (p *appParser) parseProject() error {
	name, err := p.Name()
	if err != nil {
		return err
	}
	if err := checkProjectName(name); err != nil {
		return p.Check("project", err)
	}
	if _, given := p.app.Projects[name]; given {
		return p.Errf("project %q is written twice: give one of them another name", name)
	}
	at := block.PlaceOf(p.Dispenser)
	var project Project
	inner := p.Inner("project " + name)
	if err := inner.Read(projectOptions(inner, &project)); err != nil {
		return err
	}
	if err := project.checkKeys(); err != nil {
		return at.Errorf("project %s: %w", name, err)
	}
	if p.app.Projects == nil {
		p.app.Projects = make(map[string]Project)
	}
	p.app.Projects[name] = project
	return nil
}

func (p *appParser) parseLanguages() error {
	if err := p.List(&p.app.Languages); err != nil {
		return err
	}
	_, err := newLanguages(p.app.Languages)
	return p.Check("languages", err)
}

func (p *appParser) parseJWT() error {
	name := defaultJWT
	if args := p.RemainingArgs(); len(args) == 1 {
		name = args[0]
	} else if len(args) > 1 {
		return p.Err("jwt takes at most one name: write `jwt {` or `jwt <name> {`")
	}
	if _, given := p.app.JWT[name]; given {
		return p.Errf("jwt %s is written twice: give one of them another name", name)
	}
	cfg, err := parseJWTBlock(p.Dispenser)
	if err != nil {
		return err
	}
	if p.app.JWT == nil {
		p.app.JWT = make(map[string]*JWT)
	}
	p.app.JWT[name] = cfg
	return nil
}

func (p *appParser) parseCampaign(segment caddyfile.Segment) error {
	b := block.New(caddyfile.NewDispenser(segment), "checkout")
	b.Next()
	name, err := b.Name()
	if err != nil {
		return err
	}
	if _, given := p.app.Campaigns[name]; given {
		return b.Errf("campaign %q is written twice: give one of them another name", name)
	}
	p.places[name] = block.PlaceOf(b.Dispenser)
	c, err := parseCampaignBlock(b.Dispenser, name, p.app.campaignOptions())
	if err != nil {
		return err
	}
	if p.app.Campaigns == nil {
		p.app.Campaigns = make(map[string]*Campaign)
	}
	p.app.Campaigns[name] = c
	return nil
}

// checkCampaigns finds mistakes between the campaigns of the global option.
func (p *appParser) checkCampaigns() error {
	experiments := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(p.app.Campaigns)) {
		c := p.app.Campaigns[name]
		if err := c.checkProject(p.app.Projects); err != nil {
			return p.places[name].Errorf("%w", err)
		}
		if c.Experiment == nil {
			continue
		}
		if other, taken := experiments[c.Experiment.Key]; taken {
			return p.places[name].Errorf("%w", errExperimentTaken(name, c.Experiment.Key, other))
		}
		experiments[c.Experiment.Key] = name
	}
	return nil
}

// campaignOptions are what campaigns share, as far as the Caddyfile's parsers know it.
func (a *App) campaignOptions() campaign.Options {
	languages, _ := newLanguages(a.Languages) // a mistake there was reported on its own line
	return campaignOptions(languages)
}
