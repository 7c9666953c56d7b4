package campaign

import (
	"testing"
	"time"
)

func TestStates(t *testing.T) {
	from := time.Date(2026, 11, 27, 0, 0, 0, 0, time.FixedZone("CET", 3600))
	until := from.Add(time.Hour)
	sale := Config{From: from, Until: until}
	dead := Config{From: from, Until: until, Off: true}
	for _, test := range []struct {
		cfg       Config
		at        time.Time
		want      string
		scheduled bool
	}{
		{Config{}, time.Time{}, "active", false},
		{sale, from.Add(-1), "scheduled", true},
		{sale, from.UTC(), "active", true},
		{sale, until.Add(-1), "active", true},
		{sale, until.UTC(), "ended", true},
		{dead, from, "off", true},
		{Config{Off: true}, from, "off", true},
		{Config{From: from}, until.AddDate(100, 0, 0), "active", true},
		{Config{Until: until}, from.AddDate(-100, 0, 0), "active", true},
	} {
		c := load(t, test.cfg)
		if got := c.State(test.at); got != test.want || c.Scheduled() != test.scheduled {
			t.Errorf("state of %+v at %v = %s, scheduled %v; want %s, %v",
				test.cfg, test.at, got, c.Scheduled(), test.want, test.scheduled)
		}
	}
}
