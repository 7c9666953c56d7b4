package campaign

import (
	"fmt"
	"time"
)

// Step is what became of one campaign of a list.
type Step struct {
	Campaign string `json:"campaign"`
	// Result is chosen, or why not: off, scheduled, ended, no partner, no match, not reached, match
	// failed; event or no_event where such a condition does not hold.
	Result string `json:"result"`
	Detail string `json:"detail,omitempty"`
}

// Explain decides as [Decide] does and fills in the reasons: Decision.Steps, Decision.Dropped, and
// the bucket in the offer. A non-empty variant forces that variant; it is then not counted. A
// Step's Detail may hold what Facts.Match said about the request: it is for the operator's eyes,
// not for a log.
func Explain(
	list []*Campaign, user User, facts Facts, now time.Time, variant string,
) (d Decision, err error) {
	d.choose(list, question{facts, now}, true)
	for _, c := range list[len(d.Steps):] {
		d.Steps = append(d.Steps, Step{c.Name(), "not reached", ""})
	}
	if d.Index < 0 {
		return d, ErrNone
	}
	err = d.explain(list[d.Index], user, facts, variant)
	return d, err
}

// Explain is to [Campaign.Decide] what the function is to [Decide]. Its one step says chosen, or what
// the schedule says.
func (c *Campaign) Explain(
	user User, facts Facts, now time.Time, variant string,
) (d Decision, err error) {
	v := verdict{result: c.schedule.bar(now)}
	d.Steps = []Step{v.step(c)}
	if v.result != "" {
		d.Index = -1
		return d, ErrNone
	}
	err = d.explain(c, user, facts, variant)
	return d, err
}

// explain finds what the chosen campaign offers the user, and why.
func (d *Decision) explain(c *Campaign, user User, facts Facts, variant string) error {
	a, bucket := c.assign(user)
	if variant != "" {
		if a, bucket = c.forced(variant), -1; a == nil {
			return fmt.Errorf("campaign %s has no variant %q", c.Name(), variant)
		}
	}
	offer, bad := a.offer(facts, &d.Dropped)
	if bad != nil {
		bad.Index = d.Index
		return bad
	}
	own := *offer // the offer may be shared
	own.Bucket = bucket
	if variant != "" {
		own.Reason, own.Counted = reasonStatic, false
	}
	d.Offer = &own
	return nil
}

// forced is the arm of a variant that somebody asked for, or nil. Nothing is hashed.
func (c *Campaign) forced(variant string) *arm {
	for _, a := range c.arms {
		if a.head.Variant == variant {
			return a
		}
	}
	return nil
}
