package campaign

import (
	"cmp"
	"fmt"
	"time"
)

// The states of a campaign.
const (
	active    = "active"
	scheduled = "scheduled"
	ended     = "ended"
	off       = "off"
)

// schedule says when a campaign is active. It is no condition: it holds also for a campaign that
// was chosen in another way than by its conditions.
type schedule struct {
	from, until time.Time
	off         bool
	always      bool // it says nothing: no instant, and not off
}

// newSchedule checks the instants of a campaign. One that ends before it begins could never be
// active, so it is an error.
func newSchedule(cfg *Config) (schedule, error) {
	s := schedule{from: cfg.From, until: cfg.Until, off: cfg.Off}
	s.always = s.from.IsZero() && s.until.IsZero() && !s.off
	if !s.from.IsZero() && !s.until.IsZero() && !s.from.Before(s.until) {
		return s, fmt.Errorf("%s is not after %s: write the later instant as until",
			s.detail(ended), s.detail(scheduled))
	}
	return s, nil
}

// bar is what keeps the campaign from being active at now, or empty.
func (s *schedule) bar(now time.Time) string {
	switch {
	case s.off:
		return off
	case !s.from.IsZero() && now.Before(s.from):
		return scheduled
	case !s.until.IsZero() && !now.Before(s.until):
		return ended
	}
	return ""
}

// detail is the instant that a state depends on.
func (s *schedule) detail(state string) string {
	switch state {
	case scheduled:
		return "from " + s.from.Format(time.RFC3339)
	case ended:
		return "until " + s.until.Format(time.RFC3339)
	}
	return ""
}

// State is "active", "scheduled", "ended" or "off" at now. From is inclusive, Until exclusive.
func (c *Campaign) State(now time.Time) string {
	return cmp.Or(c.schedule.bar(now), active)
}

// Scheduled reports whether the campaign has a From or Until, or is off: whether time alone can
// make it inactive.
func (c *Campaign) Scheduled() bool {
	s := &c.schedule
	return s.off || !s.from.IsZero() || !s.until.IsZero()
}
