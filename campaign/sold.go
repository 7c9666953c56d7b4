package campaign

import (
	"errors"
	"fmt"
	"iter"
)

// This file knows what the ways of selling need. A personal link is made of a base link. An embedded
// checkout sells a package, at the package's own price.

// needed is an override without which a campaign cannot be sold in one of the ways.
type needed struct {
	option string
	of     func(*Overrides) string
	write  string // how it is written, for the error
}

var (
	linkID = needed{
		"link_id", func(o *Overrides) string { return o.LinkID },
		`write "link_id 123" with the id of a checkout link from the Zotlo Dashboard`,
	}
	packageID = needed{
		"package", func(o *Overrides) string { return o.Package },
		`write "package pro-monthly" with the id of the package that the Zotlo Dashboard shows;` +
			" an embedded checkout sells a package, not a checkout link",
	}
)

// ForLink returns an error unless everybody gets a link id: without one there is no personal link.
func (c *Campaign) ForLink() error { return c.named(c.lacks(linkID)) }

// ForEmbed returns an error unless an embedded checkout can sell the campaign to everybody: it needs
// a package, and cannot change the price.
func (c *Campaign) ForEmbed() error {
	if err := c.lacks(packageID); err != nil {
		return c.named(err)
	}
	for where, o := range c.overrides() {
		if o.OneTimePrice != nil {
			return c.named(fmt.Errorf("%sone_time_price: an embedded checkout cannot change the"+
				" price of its package: choose a package with that price, or sell the campaign"+
				" by checkout_link", where))
		}
	}
	return nil
}

// EmbeddedPackage is the id of the package that an embedded checkout sells for this offer. The error
// is an *Error: the campaign was named at the request, so no check at load has seen that it cannot
// be sold so; or no placeholder of package had a value.
func (o *Offer) EmbeddedPackage() (id string, err error) {
	if o.Price.Amount != "" {
		return "", &Error{
			Campaign: o.Campaign, Override: "one_time_price",
			Why: "an embedded checkout cannot change the price",
		}
	}
	id, ok := o.Override(packageID.option)
	if !ok {
		return "", &Error{
			Campaign: o.Campaign, Override: packageID.option, Why: "an embedded checkout needs one",
		}
	}
	return id, nil
}

// sellable refuses a campaign that cannot be sold in any way.
func (c *Campaign) sellable() error {
	noLink, noPackage := c.lacks(linkID), c.lacks(packageID)
	switch {
	case noLink == nil || noPackage == nil:
		return nil
	case c.mentions(packageID) && !c.mentions(linkID):
		return noPackage
	case !c.mentions(linkID):
		return fmt.Errorf("%w; one that only checkout_embed sells needs package in its place", noLink)
	}
	return noLink
}

// lacks accepts a campaign that has the override itself, or in which everybody gets a variant that
// has it.
func (c *Campaign) lacks(n needed) error {
	e := c.cfg.Experiment
	switch {
	case n.of(&c.cfg.Overrides) != "":
		return nil
	case e == nil:
		return errors.New(n.option + " missing: " + n.write)
	}
	for i := range e.Variants {
		if n.of(&e.Variants[i].Overrides) == "" {
			return fmt.Errorf("%s missing: write it in the campaign, or in every variant:"+
				" %s has none", n.option, e.Variants[i].Name)
		}
	}
	if !c.split.namespace.whole() {
		return fmt.Errorf("%s missing: outside of namespace %s users get no variant:"+
			" write it in the campaign", n.option, e.Namespace.Name)
	}
	if part, err := e.coverage(); err != nil || part != basisPoints {
		return fmt.Errorf("%s missing: with coverage %s some users get no variant:"+
			" write it in the campaign", n.option, e.Coverage)
	}
	return nil
}

// mentions reports whether the override stands in the campaign or in one of its variants.
func (c *Campaign) mentions(n needed) bool {
	for _, o := range c.overrides() {
		if n.of(o) != "" {
			return true
		}
	}
	return false
}

// overrides goes through those of the campaign and those of its variants, with the prefix of a
// message about them.
func (c *Campaign) overrides() iter.Seq2[string, *Overrides] {
	return func(yield func(string, *Overrides) bool) {
		if !yield("", &c.cfg.Overrides) || c.cfg.Experiment == nil {
			return
		}
		for i := range c.cfg.Experiment.Variants {
			v := &c.cfg.Experiment.Variants[i]
			if !yield("variant "+v.Name+": ", &v.Overrides) {
				return
			}
		}
	}
}

// named puts the campaign's name in front of what is wrong with it.
func (c *Campaign) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("campaign %s: %w", c.cfg.Name, err)
}
