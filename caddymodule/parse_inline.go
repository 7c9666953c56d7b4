package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/caddy-checkout/checkout/campaign"
)

// inlineCampaign is a campaign that a directive defines.
type inlineCampaign struct {
	written    []byte // as JSON
	experiment string // its key, or empty
}

// settleInline makes a campaign of the campaign options in the block, if there are any.
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
		return p.errorf("%w", err)
	}
	if err := p.checkInlineName(name, written); err != nil {
		return p.errorf("%w", err)
	}
	if err := p.inline.checkProject(p.app.Projects); err != nil {
		return p.at.Errorf("%w", err)
	}
	if err := checkCampaignBlock(&p.inline, name, p.shared, p.at); err != nil {
		return err
	}
	settled := inlineCampaign{written: written}
	if p.inline.Experiment != nil {
		settled.experiment = p.inline.Experiment.Key
		if err := p.checkExperiment(name, settled.experiment); err != nil {
			return p.at.Errorf("%w", err)
		}
	}
	p.inlineAbove()[name] = settled
	p.cfg.Campaigns = []string{name}
	p.define(name, &p.inline)
	return nil
}

// inlineName is the name of the campaign that the directive defines: the one listed, else one made
// of its link.
func (p *routeParser) inlineName() (string, error) {
	switch listed := p.cfg.Campaigns; len(listed) {
	case 0:
	case 1:
		return listed[0], nil
	default:
		return "", fmt.Errorf("campaign options in a block define one campaign, but %d names are "+
			"listed: define them in the global checkout option", len(listed))
	}
	name := "link-" + p.inline.LinkID
	switch {
	case p.inline.LinkID == "":
		return "", errors.New("link_id is missing: write `link_id 123` with the id of a checkout " +
			"link from the Zotlo Dashboard, or give the campaign a name before the {")
	case strings.Contains(name, "{"):
		return "", errors.New("a campaign whose link_id is a placeholder needs a name: " +
			"write it before the {")
	case !isCampaignName(name):
		return "", errors.New("the link_id is too long to name the campaign after it: " +
			"give the campaign a name before the {")
	}
	return name, nil
}

// isCampaignName asks package campaign, where the rule is.
func isCampaignName(name string) bool {
	cfg := campaign.Config{Name: name, Overrides: campaign.Overrides{LinkID: "1"}}
	_, err := campaign.New(cfg, campaign.Options{})
	return err == nil
}

// checkInlineName refuses a name that another definition has.
func (p *routeParser) checkInlineName(name string, written []byte) error {
	if _, taken := p.app.Campaigns[name]; taken {
		return fmt.Errorf("campaign %q is already defined in the global checkout option: "+
			"give this one another name, or remove its options here", name)
	}
	if above, taken := p.inlineAbove()[name]; taken && !bytes.Equal(above.written, written) {
		return fmt.Errorf("campaign %q is already defined above, with other options: "+
			"give one of them another name", name)
	}
	return nil
}

// checkExperiment refuses the key of an experiment that another campaign runs.
func (p *routeParser) checkExperiment(name, key string) error {
	for other, c := range p.app.Campaigns {
		if c.Experiment != nil && c.Experiment.Key == key {
			return errExperimentTaken(name, key, other)
		}
	}
	for other, c := range p.inlineAbove() {
		if other != name && c.experiment == key {
			return errExperimentTaken(name, key, other)
		}
	}
	return nil
}

func (p *routeParser) define(name string, c *Campaign) {
	if p.cfg.Inline == nil {
		p.cfg.Inline = make(map[string]*Campaign)
	}
	p.cfg.Inline[name] = c
}

// inlineAbove are the campaigns that directives above this one define, by name.
func (p *routeParser) inlineAbove() map[string]inlineCampaign {
	const key = "checkout_campaigns"
	known, ok := p.h.State[key].(map[string]inlineCampaign)
	if !ok {
		known = make(map[string]inlineCampaign)
		p.h.State[key] = known
	}
	return known
}
