package campaign

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/caddy-checkout/checkout/internal/duration"
	"github.com/caddy-checkout/checkout/internal/eventname"
)

// This file has the conditions that ask what happened to the user: Config.Events and
// Config.NoEvents.

// events are names of events, each with a time before now; zero is any time.
type events map[string]time.Duration

// UnmarshalJSON reads the events of a configuration. Each time is a number of nanoseconds or a text
// such as 14d, as Caddy's own durations are.
func (e *events) UnmarshalJSON(text []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("events: write an object of names and durations,"+
			" such as {\"cart_left\":\"3d\"}: %w", err)
	}
	if raw == nil { // null
		*e = nil
		return nil
	}
	read := make(events, len(raw))
	for name, text := range raw {
		within, err := duration.ParseJSON(text)
		if err != nil {
			return fmt.Errorf("event %s: its time %w", name, err)
		}
		read[name] = within
	}
	*e = read
	return nil
}

// happened is the condition that an event happened, or with not that it did not. In neither case it
// holds for users of whom that is not known: to be unknown must be no way to an offer.
type happened struct {
	event  string
	within time.Duration // zero is any time
	not    bool
}

// ask asks the caller. It costs a look-up, so it stands behind the matchers.
func (h happened) ask(q question, _ int) verdict {
	did, known := q.facts.Happened(h.event, h.within)
	if known && did != h.not {
		return verdict{}
	}
	return verdict{result: h.option(), detail: h.says(did, known)}
}

// option is the word of the Caddyfile.
func (h happened) option() string {
	if h.not {
		return "no_event"
	}
	return "event"
}

// String is the line of the Caddyfile.
func (h happened) String() string {
	line := h.option() + " " + h.event
	if h.within > 0 {
		line += " " + duration.Text(h.within)
	}
	return line
}

// says is what became of the condition, for people.
func (h happened) says(did, known bool) string {
	switch {
	case !known:
		return h.String() + ": does not hold, for nothing is known of the user"
	case did:
		return h.String() + ": it happened"
	}
	return h.String() + ": it did not happen"
}

// compileEvents checks the events and lists their conditions, in the order of their names.
func (c *Campaign) compileEvents() error {
	for _, not := range []bool{false, true} {
		asked := c.cfg.Events
		if not {
			asked = c.cfg.NoEvents
		}
		for _, name := range slices.Sorted(maps.Keys(asked)) {
			h := happened{event: name, within: asked[name], not: not}
			if err := eventname.Check(name); err != nil {
				return fmt.Errorf("%s: %w", h.option(), err)
			}
			if h.within < 0 {
				return fmt.Errorf("%s: the time is negative: write one such as \"%s %s 3d\"",
					h, h.option(), name)
			}
			c.conditions = append(c.conditions, h)
		}
	}
	return c.neverBoth()
}

// neverBoth refuses a pair of conditions that cannot hold together. To ask for what happened within
// three days and not within one hour is a pair that can.
func (c *Campaign) neverBoth() error {
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Events)) {
		within := c.cfg.Events[name]
		without, both := c.cfg.NoEvents[name]
		if both && (without == 0 || within > 0 && within <= without) {
			return fmt.Errorf("%s and %s can never hold together: give no_event the shorter time",
				happened{name, within, false}, happened{name, without, true})
		}
	}
	return nil
}

// ExplainEvents says of each event that the campaign asks for what became of it, in the order in
// which they are asked.
func (c *Campaign) ExplainEvents(facts Facts) (lines []string) {
	for _, cond := range c.conditions {
		if h, ok := cond.(happened); ok {
			lines = append(lines, h.says(facts.Happened(h.event, h.within)))
		}
	}
	return lines
}
