package caddymodule

import (
	"fmt"
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/campaign"
)

// parseCampaignBlock reads a campaign; the dispenser stands before its opening brace:
//
//	campaign <name> {
//		project <name>
//		match { <matcher>... }        (may be repeated: one that accepts is enough)
//		from <instant>
//		until <instant>
//		off
//		… override words (see parseOverrides) …
//		experiment <key> { … }
//		after_payment <url> [<duration>]
//		fallback <url>|error|next
//	}
func parseCampaignBlock(d *caddyfile.Dispenser, name string, app *App) (*Campaign, error) {
	c := &Campaign{at: placeOf(d)}
	b := newBlock(d, "campaign "+name)
	if err := b.read(campaignWords(b, c, app)); err != nil {
		return nil, err
	}
	return c, c.checkBlock(name, app)
}

// checkBlock compiles the campaign as a whole, so that mistakes between its words are found with a line.
func (c *Campaign) checkBlock(name string, app *App) error {
	cfg := c.Config
	cfg.Name = name
	if _, err := campaign.New(cfg, app.campaignOptions()); err != nil {
		return c.at.errorf("%w", err)
	}
	return nil
}

// checkProject refuses a project that the global option does not define. It is asked when all of that option is read.
func (c *Campaign) checkProject(app *App) error {
	if _, ok := app.Projects[c.Project]; ok || c.Project == "" {
		return nil
	}
	return c.at.errorf("project %q is not defined: write `project %s {` in the global checkout option", c.Project, c.Project)
}

// checkCampaigns finds mistakes between the campaigns of the global option.
func (app *App) checkCampaigns() error {
	experiments := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(app.Campaigns)) {
		c := app.Campaigns[name]
		if err := c.checkProject(app); err != nil {
			return err
		}
		if c.Experiment == nil {
			continue
		}
		if other, taken := experiments[c.Experiment.Key]; taken {
			return c.at.errorf("%w", errExperimentTaken(name, c.Experiment.Key, other))
		}
		experiments[c.Experiment.Key] = name
	}
	return nil
}

// campaignOptions are what campaigns share, as far as the Caddyfile's parsers know it.
func (app *App) campaignOptions() campaign.Options {
	if app.languages == nil {
		_ = app.provisionLanguages() // a mistake there was reported on its own line
	}
	return campaign.Options{ParseTemplate: parseWord, Languages: app.languages}
}

// campaignWords is the grammar of a campaign, in its own block or inside a directive.
func campaignWords(b *block, c *Campaign, app *App) words {
	grammar := overrideWords(b, &c.Overrides, app)
	grammar["project"] = func() error { return b.text(&c.Project) }
	grammar["match"] = func() error { return parseMatch(b, c) }
	grammar["from"] = func() error { return b.instant(&c.From) }
	grammar["until"] = func() error { return b.instant(&c.Until) }
	grammar["off"] = func() error { return b.flag(&c.Off) }
	grammar["experiment"] = func() error { return parseExperiment(b, c, app) }
	grammar["after_payment"] = func() error { return parseAfterPayment(b, c) }
	grammar["fallback"] = func() error {
		if err := b.text(&c.Fallback); err != nil {
			return err
		}
		_, err := parseFallback(c.Fallback)
		return b.check("fallback", err)
	}
	return grammar
}

func parseMatch(b *block, c *Campaign) error {
	set, err := caddyhttp.ParseCaddyfileNestedMatcherSet(b.Dispenser)
	if err != nil {
		return err
	}
	if len(set) == 0 {
		return b.Err("match is empty: write matchers in its block, such as `expression {http.checkout.claim.plan} == \"free\"`")
	}
	c.MatchRaw = append(c.MatchRaw, set)
	return b.check("match", checkMatchers(caddyhttp.RawMatcherSets{set}))
}

func parseAfterPayment(b *block, c *Campaign) error {
	if err := b.once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return b.Err("after_payment takes a URL and perhaps a duration: write `after_payment /account 24h`")
	}
	if _, err := parseTarget(args[0]); err != nil {
		return b.check("after_payment", err)
	}
	c.AfterPayment = &AfterPayment{URL: args[0]}
	if len(args) == 1 {
		return nil
	}
	d, err := caddy.ParseDuration(args[1])
	if err != nil || d <= 0 {
		return b.Errf("after_payment: %q is not a duration: write one such as 24h", args[1])
	}
	c.AfterPayment.For = caddy.Duration(d)
	return nil
}

func parseExperiment(b *block, c *Campaign, app *App) error {
	if err := b.once(); err != nil {
		return err
	}
	key, err := b.name()
	if err != nil {
		return err
	}
	e := &campaign.ExperimentConfig{Key: key}
	inner := newBlock(b.Dispenser, "experiment "+key)
	err = inner.read(words{
		"coverage":       func() error { return inner.text(&e.Coverage) },
		"seed":           func() error { return inner.text(&e.Seed) },
		"hash_attribute": func() error { return inner.text(&e.HashAttribute) },
		"variant":        func() error { return parseVariant(inner, e, app) },
	})
	c.Experiment = e
	return err
}

func parseVariant(b *block, e *campaign.ExperimentConfig, app *App) error {
	args := b.RemainingArgs()
	if len(args) != 2 {
		return b.Err("variant takes a name and a weight: write `variant control 50%`")
	}
	v := campaign.VariantConfig{Name: args[0], Weight: args[1]}
	for _, other := range e.Variants {
		if other.Name == v.Name {
			return b.Errf("variant %q is written twice: give one of them another name", v.Name)
		}
	}
	inner := newBlock(b.Dispenser, fmt.Sprintf("variant %s", v.Name))
	if err := inner.read(overrideWords(inner, &v.Overrides, app)); err != nil {
		return err
	}
	e.Variants = append(e.Variants, v)
	return nil
}
