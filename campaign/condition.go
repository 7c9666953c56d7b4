package campaign

import (
	"fmt"
	"time"
)

// question is what a condition may look at: the facts of a request, and when it came. It is handed
// on by value: behind an interface a pointer to it would cost every request an allocation.
type question struct {
	facts Facts
	now   time.Time
}

// condition is one of the things that must hold for a campaign to be chosen, beside its schedule.
// index is the campaign's place in the list. A new condition is a type of this interface that New
// lists and, if nothing answers it yet, a method of [Facts].
type condition interface {
	ask(q question, index int) verdict
}

// ask says whether the campaign is to be chosen: it is active, and its conditions hold. They are
// asked in their order, up to the first that does not.
func (c *Campaign) ask(q question, index int) verdict {
	if !c.schedule.always { // most are, and every request asks
		if bar := c.schedule.bar(q.now); bar != "" {
			return verdict{result: bar}
		}
	}
	for _, cond := range c.conditions {
		if v := cond.ask(q, index); v.result != "" {
			return v
		}
	}
	return verdict{}
}

// verdict is what a condition answers. The zero verdict says that it holds.
type verdict struct {
	result string // why it does not hold, as Step.Result says it
	detail string // more about it, for people
	failed error  // the condition could not be asked
}

// step is the verdict for people.
func (v verdict) step(c *Campaign) Step {
	switch {
	case v.result == "":
		return Step{c.Name(), "chosen", ""}
	case v.failed != nil:
		return Step{c.Name(), v.result, v.failed.Error()}
	case v.detail != "":
		return Step{c.Name(), v.result, v.detail}
	}
	return Step{c.Name(), v.result, c.schedule.detail(v.result)}
}

// matchers is the condition that the request matchers of the caller accept.
type matchers struct{}

// ask asks the caller. Matchers that fail are told apart from those that do not match: the shopper
// sees no difference, and the operator must.
func (matchers) ask(q question, index int) verdict {
	ok, err := q.facts.Match(index)
	switch {
	case err != nil:
		return verdict{result: "match failed", failed: err}
	case !ok:
		return verdict{result: "no match"}
	}
	return verdict{}
}

// partners is the condition that a partner has sent the visitor: any, or one of those that are
// listed.
type partners struct{}

// ask asks the caller, who has the table of partners.
func (partners) ask(q question, index int) verdict {
	if !q.facts.Partner(index) {
		return verdict{result: "no partner"}
	}
	return verdict{}
}

// matchError is the report of matchers that failed. Of the failure only its type is quoted: its
// text may hold what a token says.
func matchError(index int, c *Campaign, cause error) *Error {
	why := fmt.Sprintf("a matcher failed (%T)", cause)
	return &Error{Index: index, Campaign: c, Why: why, cause: cause}
}
