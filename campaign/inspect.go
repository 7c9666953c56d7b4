package campaign

import (
	"fmt"
	"maps"
	"slices"
)

// Placeholders lists every placeholder key that the campaign reads, sorted, each once.
func (c *Campaign) Placeholders() []string {
	seen := make(map[string]bool)
	for _, l := range c.levels {
		for i := range l.slots {
			for _, key := range l.slots[i].parts.keys() {
				seen[key] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// trustHelp ends the error of Untrusted.
const trustHelp = "allowed are {env.*}, {file.*}, {time.*}, {system.*}, {http.auth.user.*}," +
	" {http.reverse_proxy.header.*}, {http.checkout.event.*}, {http.checkout.partner.*}" +
	" and {http.checkout.claim.*} of a claim listed in" +
	" trusted_claims; a claim that only your backend writes belongs there"

// Untrusted returns an error naming the first trusted override that holds a placeholder which trust
// refuses.
func (c *Campaign) Untrusted(trust func(key string) bool) error {
	for _, l := range c.levels {
		if err := untrusted(l.slots, trust); err != nil {
			return fmt.Errorf("campaign %s: %s%w", c.cfg.Name, l.where, err)
		}
	}
	return nil
}

// Untrusted is Campaign.Untrusted for overrides that are not in a campaign yet. They must have
// passed Check.
func (o Overrides) Untrusted(opt Options, trust func(key string) bool) error {
	slots, err := o.compile(opt.withDefaults())
	if err != nil {
		return err
	}
	return untrusted(slots, trust)
}

// untrusted is the rule of both methods called Untrusted: only overrides that take no visitor's
// values are looked at. The error names the option and the placeholder, and what would be allowed.
func untrusted(slots []slot, trust func(key string) bool) error {
	for i := range slots {
		s := &slots[i]
		if s.override.trust != trusted {
			continue
		}
		for _, key := range s.parts.keys() {
			if !trust(key) {
				return fmt.Errorf("%s: a visitor could write {%s}: %s", s.label(), key, trustHelp)
			}
		}
	}
	return nil
}

// Warnings are what the operator should know about this campaign at load. None of them keeps the
// campaign from working. Each names the campaign, and the variant if it is about one. A package is
// nothing to warn of in a campaign without a link id: it is what Zotlo's Checkout SDK is started
// with.
func (c *Campaign) Warnings() []string {
	var list []string
	for _, l := range c.levels {
		warn := func(format string, args ...any) {
			list = append(list, "campaign "+c.cfg.Name+": "+l.where+fmt.Sprintf(format, args...))
		}
		for i := range l.slots {
			s := &l.slots[i]
			if s.override.guessed && (s.override.name != packageID.option || c.mentions(linkID)) {
				warn("%s is not in Zotlo's published reference and may have no effect;"+
					" the sure way is a second base link, with its link_id in a variant", s.label())
			}
			if s.shortened {
				warn("%s is longer than %d characters and is cut there",
					s.label(), s.override.limit)
			}
		}
	}
	return append(list, c.misquoted()...)
}

// misquoted warns of variants that sell another package at the campaign's quote.
func (c *Campaign) misquoted() (list []string) {
	e := c.cfg.Experiment
	if e == nil || c.cfg.Quote == nil {
		return nil
	}
	for i := range e.Variants {
		v := &e.Variants[i]
		// A variant without a link id of its own sells the campaign's package, and its quote is
		// right.
		if v.LinkID != "" && v.LinkID != c.cfg.LinkID && v.Quote == nil {
			list = append(list, fmt.Sprintf("campaign %s: variant %s: quote %s is the campaign's,"+
				" but link_id %s is another: write the quote of its package in the variant",
				c.cfg.Name, v.Name, c.cfg.Quote, v.LinkID))
		}
		if v.Package != "" && v.Package != c.cfg.Package && v.Quote == nil {
			list = append(list, fmt.Sprintf("campaign %s: variant %s: quote %s is the campaign's,"+
				" but package %s is another: write the quote of that package in the variant",
				c.cfg.Name, v.Name, c.cfg.Quote, v.Package))
		}
	}
	return list
}
