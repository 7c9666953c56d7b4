package campaign

import (
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

// State is "active", "scheduled", "ended" or "off" at now. From is inclusive, Until exclusive.
func (c *Campaign) State(now time.Time) string {
	switch {
	case c.cfg.Off:
		return off
	case !c.cfg.From.IsZero() && now.Before(c.cfg.From):
		return scheduled
	case !c.cfg.Until.IsZero() && !now.Before(c.cfg.Until):
		return ended
	}
	return active
}

// Scheduled reports whether the campaign has a From or Until, or is off: whether time alone can make it inactive.
func (c *Campaign) Scheduled() bool {
	return c.cfg.Off || !c.cfg.From.IsZero() || !c.cfg.Until.IsZero()
}

func checkSchedule(from, until time.Time) error {
	if from.IsZero() || until.IsZero() || from.Before(until) {
		return nil
	}
	return fmt.Errorf("until %s is not after from %s: write the later instant as until",
		until.Format(time.RFC3339), from.Format(time.RFC3339))
}
