package campaign

import (
	"fmt"
	"time"
)

// Trace is a decision with its reasons, for people.
type Trace struct {
	// Steps are all campaigns in the order in which they were tried.
	Steps []Step
	// Dropped says of each value that is left out why, such as "package_name: placeholder {x} has no usable value".
	// It holds no values.
	Dropped []string
	// Offer and Err are what Decide returns, with the bucket filled in.
	Offer *Offer
	Err   error
}

// Step is one campaign tried.
type Step struct {
	Campaign string `json:"campaign"`
	Result   string `json:"result"` // chosen, or why not: off, scheduled, ended, no match, not reached, match failed
	Detail   string `json:"detail,omitempty"`
}

// Explain decides as Decide does and says why. A non-empty variant forces that variant; it is then not counted.
// A Step's Detail may hold what Match said about the request: it is for the operator, not for a log.
func Explain(list []*Campaign, f Facts, variant string) Trace {
	var t Trace
	c, err := choose(list, f, &t)
	if err != nil {
		t.Err = err
		return t
	}
	a, bucket := c.assign(f)
	if variant != "" {
		a, bucket, err = c.forced(variant)
	}
	var offer *Offer
	if err == nil {
		offer, err = a.offer(f, &t)
	}
	if err != nil {
		t.Err = err
		return t
	}
	own := *offer // the offer may be shared
	own.Bucket = bucket
	if variant != "" {
		own.Reason, own.Counted = reasonStatic, false
	}
	t.Offer = &own
	return t
}

// note adds a step; a nil Trace takes no notes.
func (t *Trace) note(c *Campaign, result, detail string) {
	if t != nil {
		t.Steps = append(t.Steps, Step{c.cfg.Name, result, detail})
	}
}

// notReached adds the steps of the campaigns behind the chosen one.
func (t *Trace) notReached(list []*Campaign) {
	for _, c := range list {
		t.note(c, "not reached", "")
	}
}

// noteInactive adds the step of a campaign that is not active.
func (t *Trace) noteInactive(c *Campaign, state string) {
	if t == nil {
		return
	}
	detail := ""
	switch state {
	case scheduled:
		detail = "from " + c.cfg.From.Format(time.RFC3339)
	case ended:
		detail = "until " + c.cfg.Until.Format(time.RFC3339)
	}
	t.note(c, state, detail)
}

// noteDropped notes a value that is left out.
func (t *Trace) noteDropped(s *slot, why string) {
	if t != nil {
		t.Dropped = append(t.Dropped, s.label()+": "+why)
	}
}

// forced is the arm of a variant that somebody asked for. Nothing is hashed.
func (c *Campaign) forced(variant string) (*arm, int, error) {
	for _, a := range c.arms {
		if a.head.Variant == variant {
			return a, -1, nil
		}
	}
	return nil, -1, fmt.Errorf("campaign %s has no variant %q", c.cfg.Name, variant)
}
