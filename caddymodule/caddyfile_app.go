package caddymodule

import (
	"encoding/json"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddy-checkout/checkout/linkgen"
)

// parseAppOption reads the global option:
//
//	checkout {
//		access_key <key>
//		access_secret <secret>
//		application_key <key>
//		application_id <id>
//		api_url <url>
//		link_hosts <host>...
//		languages <language>...
//		project <name> { … the words above, languages apart … }
//		jwt [<name>] { … }
//		cache <module> { … }
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

	app := new(App)
	if d.NextArg() {
		return nil, d.Err("checkout takes no value on its own line: open a block with {")
	}
	b := newBlock(d, "checkout")
	grammar := projectWords(b, &app.Project)
	grammar["languages"] = func() error { return app.parseLanguages(b) }
	grammar["project"] = func() error { return app.parseProject(b) }
	grammar["jwt"] = func() error { return app.parseJWT(b) }
	grammar["cache"] = func() error { return app.parseCache(b) }
	grammar["limits"] = func() error { return app.parseLimits(b) }
	// Campaigns are read last, wherever they stand: what they may say depends on the other words.
	var campaigns []caddyfile.Segment
	grammar["campaign"] = func() error {
		campaigns = append(campaigns, b.NextSegment())
		return nil
	}
	if err := b.read(grammar); err != nil {
		return nil, err
	}
	for _, segment := range campaigns {
		if err := app.parseCampaign(segment); err != nil {
			return nil, err
		}
	}
	if err := app.checkCampaigns(); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "checkout", Value: caddyconfig.JSON(app, nil)}, nil
}

// appOption is the global option as the directives' parsers see it; it is never nil.
func appOption(h httpcaddyfile.Helper) *App {
	app := new(App)
	if option, ok := h.Option("checkout").(httpcaddyfile.App); ok {
		_ = json.Unmarshal(option.Value, app) // we marshalled it ourselves
	}
	return app
}

// projectWords is the grammar of a project.
func projectWords(b *block, p *Project) words {
	return words{
		"access_key":      func() error { return b.atLoad(&p.AccessKey) },
		"access_secret":   func() error { return b.atLoad(&p.AccessSecret) },
		"application_key": func() error { return b.atLoad(&p.ApplicationKey) },
		"application_id":  func() error { return b.atLoad(&p.ApplicationID) },
		"link_hosts": func() error {
			if err := b.listAtLoad(&p.LinkHosts); err != nil || hasPlaceholder(p.LinkHosts...) {
				return err
			}
			return b.check("link_hosts", linkgen.CheckLinkHosts(p.LinkHosts))
		},
		"api_url": func() error {
			if err := b.atLoad(&p.APIURL); err != nil || hasPlaceholder(p.APIURL) {
				return err
			}
			return b.check("api_url", linkgen.CheckAPIURL(p.APIURL))
		},
	}
}

// check gives an error of a rule its file and line.
func (b *block) check(word string, err error) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); strings.HasPrefix(text, word) {
		return b.Err(text)
	}
	return b.Errf("%s: %v", word, err)
}

func (app *App) parseProject(b *block) error {
	name, err := b.name()
	if err != nil {
		return err
	}
	if err := checkProjectName(name); err != nil {
		return b.check("project", err)
	}
	if _, given := app.Projects[name]; given {
		return b.Errf("project %q is written twice: give one of them another name", name)
	}
	at := placeOf(b.Dispenser)
	var p Project
	inner := newBlock(b.Dispenser, "project "+name)
	if err := inner.read(projectWords(inner, &p)); err != nil {
		return err
	}
	for _, required := range []struct{ word, value string }{
		{"access_key", p.AccessKey}, {"access_secret", p.AccessSecret}, {"application_key", p.ApplicationKey},
	} {
		if required.value == "" {
			return at.errorf("project %s: %s is missing: write `%s {env.NAME}`", name, required.word, required.word)
		}
	}
	if app.Projects == nil {
		app.Projects = make(map[string]Project)
	}
	app.Projects[name] = p
	return nil
}

// name reads the one name of a block such as `campaign <name> {`.
func (b *block) name() (string, error) {
	word := b.Val()
	args := b.RemainingArgs()
	if len(args) != 1 || args[0] == "" {
		return "", b.Errf("%s takes one name: write `%s <name> {`", word, word)
	}
	return args[0], nil
}

func (app *App) parseLanguages(b *block) error {
	if err := b.list(&app.Languages); err != nil {
		return err
	}
	return b.check("languages", app.provisionLanguages())
}

func (app *App) parseJWT(b *block) error {
	name := defaultJWT
	if args := b.RemainingArgs(); len(args) == 1 {
		name = args[0]
	} else if len(args) > 1 {
		return b.Err("jwt takes at most one name: write `jwt {` or `jwt <name> {`")
	}
	if _, given := app.JWT[name]; given {
		return b.Errf("jwt %s is written twice: give one of them another name", name)
	}
	cfg, err := parseJWTBlock(b.Dispenser)
	if err != nil {
		return err
	}
	if app.JWT == nil {
		app.JWT = make(map[string]*JWT)
	}
	app.JWT[name] = cfg
	return nil
}

func (app *App) parseCampaign(segment caddyfile.Segment) error {
	b := newBlock(caddyfile.NewDispenser(segment), "checkout")
	b.Next()
	name, err := b.name()
	if err != nil {
		return err
	}
	if _, given := app.Campaigns[name]; given {
		return b.Errf("campaign %q is written twice: give one of them another name", name)
	}
	c, err := parseCampaignBlock(b.Dispenser, name, app)
	if err != nil {
		return err
	}
	if app.Campaigns == nil {
		app.Campaigns = make(map[string]*Campaign)
	}
	app.Campaigns[name] = c
	return nil
}
