package caddymodule

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxCampaignName is how long package campaign lets a campaign's name be, in bytes.
const maxCampaignName = 64

// inlineCampaign is a campaign that a directive defines.
type inlineCampaign struct {
	written    []byte // as JSON
	experiment string // its key, or empty
}

// settleInline makes a campaign of the campaign words in the block, if there are any.
func (p *routeParser) settleInline() error {
	written, err := json.Marshal(p.inline)
	if err != nil {
		return err
	}
	if bytes.Equal(written, []byte("{}")) {
		return nil
	}
	name, err := p.inlineName()
	if err != nil {
		return err
	}
	if _, taken := p.app.Campaigns[name]; taken {
		return p.at.errorf("%s: campaign %q is already defined in the global checkout option: give this one another name, or remove its words here", p.title, name)
	}
	known := p.inlineCampaigns()
	if earlier, taken := known[name]; taken && !bytes.Equal(earlier.written, written) {
		return p.at.errorf("%s: campaign %q is already defined above, with other words: give one of them another name", p.title, name)
	}
	if err := p.inline.checkProject(p.app); err != nil {
		return err
	}
	if err := p.inline.checkBlock(name, p.app); err != nil {
		return err
	}
	if err := p.checkExperiment(name); err != nil {
		return err
	}
	settled := inlineCampaign{written: written}
	if p.inline.Experiment != nil {
		settled.experiment = p.inline.Experiment.Key
	}
	known[name] = settled
	p.cfg.Campaigns = []string{name}
	p.cfg.define(name, p.inline)
	return nil
}

// inlineName is the name of the campaign that the directive defines: the one listed, else one made of its link.
func (p *routeParser) inlineName() (string, error) {
	switch listed := p.cfg.Campaigns; len(listed) {
	case 0:
	case 1:
		return listed[0], nil
	default:
		return "", p.at.errorf("%s: campaign words in a block define one campaign, but %d names are listed: define them in the global checkout option", p.title, len(listed))
	}
	name := "link-" + p.inline.LinkID
	switch {
	case p.inline.LinkID == "":
		return "", p.at.errorf("%s: link_id is missing: write `link_id 123` with the id of a checkout link from the Zotlo Dashboard, or give the campaign a name before the {", p.title)
	case strings.Contains(name, "{"):
		return "", p.at.errorf("%s: a campaign whose link_id is a placeholder needs a name: write it before the {", p.title)
	case len(name) > maxCampaignName:
		return "", p.at.errorf("%s: the link_id is too long to name the campaign after it: give the campaign a name before the {", p.title)
	}
	return name, nil
}

// checkExperiment refuses the key of an experiment that another campaign runs.
func (p *routeParser) checkExperiment(name string) error {
	if p.inline.Experiment == nil {
		return nil
	}
	key := p.inline.Experiment.Key
	for other, c := range p.app.Campaigns {
		if c.Experiment != nil && c.Experiment.Key == key {
			return p.at.errorf("%w", errExperimentTaken(name, key, other))
		}
	}
	for other, c := range p.inlineCampaigns() {
		if other != name && c.experiment == key {
			return p.at.errorf("%w", errExperimentTaken(name, key, other))
		}
	}
	return nil
}

func (cfg *Route) define(name string, c *Campaign) {
	if cfg.Inline == nil {
		cfg.Inline = make(map[string]*Campaign)
	}
	cfg.Inline[name] = c
}

// inlineCampaigns are the campaigns that directives above this one define, by name.
func (p *routeParser) inlineCampaigns() map[string]inlineCampaign {
	const key = "checkout_campaigns"
	known, ok := p.h.State[key].(map[string]inlineCampaign)
	if !ok {
		known = make(map[string]inlineCampaign)
		p.h.State[key] = known
	}
	return known
}
